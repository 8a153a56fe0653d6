#include "conn.h"

#include <endian.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "encode.h"
#include "log.h"

#define PG_EPOCH_US (946684800LL * US_PER_S)

struct db_result {
    const struct db_stmt *stmt;
    PGresult *pg;
    struct arena *arena;
    int rows, cols;
};

static void clear(void *arg)
{
    PQclear(arg);
}

struct db_result *result_new(struct arena *a, const struct db_stmt *s, PGresult *r)
{
    struct db_result *out = ARENA_NEW(a, struct db_result);
    *out = (struct db_result){s, r, a, PQntuples(r), (int)strlen(s->cols)};
    arena_defer(a, clear, r);
    return out;
}

static bool in_class(const char *state, const char *prefix)
{
    return strncmp(state, prefix, strlen(prefix)) == 0;
}

enum err result_error(const PGresult *r)
{
    static const struct {
        const char *prefix;
        enum err err;
    } STATES[] = {
        {"23505", ERR_CONFLICT},
        {"23503", ERR_NOT_FOUND},
        {"23514", ERR_VALIDATION_ERROR},
        {"23502", ERR_VALIDATION_ERROR},
        {"22", ERR_VALIDATION_ERROR},
        {"40001", ERR_SERIALIZATION},
        {"40P01", ERR_SERIALIZATION},
        {"57014", ERR_TIMEOUT},
        {"55P03", ERR_TIMEOUT},
        {"57P", ERR_SERVICE_UNAVAILABLE},
        {"08", ERR_SERVICE_UNAVAILABLE},
        {"53", ERR_SERVICE_UNAVAILABLE},
        {"25006", ERR_SERVICE_UNAVAILABLE},
    };
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    if (!state)
        return ERR_SERVICE_UNAVAILABLE;
    for (size_t i = 0; i < sizeof STATES / sizeof STATES[0]; i++)
        if (in_class(state, STATES[i].prefix))
            return STATES[i].err;
    return ERR_DATABASE_ERROR;
}

size_t db_rows(const struct db_result *r)
{
    return (size_t)r->rows;
}

int64_t db_affected(const struct db_result *r)
{
    int64_t n = 0;
    return str_to_i64(str_from(PQcmdTuples(r->pg)), &n) ? n : 0;
}

/* Inlined, for every call names a few letters. */
static inline bool is_among(char c, const char *letters)
{
    while (*letters && *letters != c)
        letters++;
    return *letters;
}

static inline const char *cell(const struct db_result *r, size_t row, int col, const char *letters,
                               size_t *len)
{
    if (row >= (size_t)r->rows || col < 0 || col >= r->cols ||
        !is_among(r->stmt->cols[col], letters)) {
        log_error("result read as another row, column or type", LOG_CSTR("stmt", r->stmt->name),
                  LOG_I("row", (int64_t)row), LOG_I("column", col));
        abort();
    }
    if (PQgetisnull(r->pg, (int)row, col))
        return NULL;
    *len = (size_t)PQgetlength(r->pg, (int)row, col);
    return PQgetvalue(r->pg, (int)row, col);
}

static int64_t read_be64(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return (int64_t)be64toh(v);
}

static int32_t read_be32(const char *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return (int32_t)be32toh(v);
}

bool db_is_null(const struct db_result *r, size_t row, int col)
{
    size_t len;
    return cell(r, row, col, "intbzjudyIT", &len) == NULL;
}

int64_t db_get_int(const struct db_result *r, size_t row, int col)
{
    size_t len;
    const char *p = cell(r, row, col, "in", &len);
    if (!p)
        return INT64_MIN;
    return len == 8 ? read_be64(p) : read_be32(p);
}

bool db_get_bool(const struct db_result *r, size_t row, int col)
{
    size_t len;
    const char *p = cell(r, row, col, "b", &len);
    return p && *p;
}

double db_get_double(const struct db_result *r, size_t row, int col)
{
    size_t len;
    const char *p = cell(r, row, col, "d", &len);
    if (!p)
        return NAN;
    int64_t bits = read_be64(p);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

int64_t db_get_time(const struct db_result *r, size_t row, int col)
{
    size_t len;
    const char *p = cell(r, row, col, "z", &len);
    return p ? read_be64(p) + PG_EPOCH_US : INT64_MIN;
}

static struct str uuid_text(struct arena *a, const char *raw)
{
    char hex[33], *out = arena_alloc(a, 37), *o = out;
    hex_encode(raw, 16, hex);
    for (int i = 0; i < 32; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            *o++ = '-';
        *o++ = hex[i];
    }
    *o = '\0';
    return (struct str){out, 36};
}

struct str db_get_str(const struct db_result *r, size_t row, int col)
{
    size_t len;
    const char *p = cell(r, row, col, "tjuy", &len);
    if (!p)
        return STR_NULL;
    char letter = r->stmt->cols[col];
    if (letter == 'u')
        return uuid_text(r->arena, p);
    if (letter == 'j') /* a version byte leads jsonb */
        return (struct str){p + 1, len - 1};
    return (struct str){p, len};
}

/* Elements of a one-dimensional array without NULLs; NULL elements read as zero length. */
static size_t array_head(const char *p, size_t len, const char **items)
{
    if (!p || len < 12 || read_be32(p) != 1)
        return 0;
    *items = p + 20;
    return (size_t)read_be32(p + 12);
}

size_t db_get_int_array(const struct db_result *r, size_t row, int col, const int64_t **out)
{
    size_t len = 0;
    const char *p = cell(r, row, col, "I", &len), *at = NULL;
    size_t n = array_head(p, len, &at);
    int64_t *items = ARENA_ARRAY(r->arena, int64_t, n ? n : 1);
    for (size_t i = 0; i < n; i++) {
        int32_t size = read_be32(at);
        at += 4;
        if (size > 0) {
            items[i] = read_be64(at);
            at += size;
        }
    }
    *out = items;
    return n;
}

size_t db_get_str_array(const struct db_result *r, size_t row, int col, const struct str **out)
{
    size_t len = 0;
    const char *p = cell(r, row, col, "T", &len), *at = NULL;
    size_t n = array_head(p, len, &at);
    struct str *items = ARENA_ARRAY(r->arena, struct str, n ? n : 1);
    for (size_t i = 0; i < n; i++) {
        int32_t size = read_be32(at);
        at += 4;
        items[i] = (struct str){at, size > 0 ? (size_t)size : 0};
        if (size > 0)
            at += size;
    }
    *out = items;
    return n;
}

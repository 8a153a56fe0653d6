#include "conn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "mem.h"
#include "metrics.h"
#include "trace.h"

extern const struct db_stmt *const __start_db_stmts[];
extern const struct db_stmt *const __stop_db_stmts[];

static struct metric duration = {
    .name = "db_query_duration_seconds",
    .help = "Time from sending a statement to its answer.",
    .kind = METRIC_HISTOGRAM,
    .labels = "stmt",
};
static struct metric_series **series;

const struct db_stmt *const *db_statements(size_t *count)
{
    *count = (size_t)(__stop_db_stmts - __start_db_stmts);
    return __start_db_stmts;
}

struct slot {
    const struct db_stmt *stmt;
    int index;
};
static struct slot *by_address;

static int compare_slots(const void *a, const void *b)
{
    const struct slot *x = a, *y = b;
    return (x->stmt > y->stmt) - (x->stmt < y->stmt);
}

static int stmt_index(const struct db_stmt *s)
{
    size_t n;
    const struct db_stmt *const *all = db_statements(&n);
    if (!by_address) {
        by_address = mem_zalloc(n * sizeof *by_address);
        series = mem_zalloc(n * sizeof *series);
        for (size_t i = 0; i < n; i++)
            by_address[i] = (struct slot){all[i], (int)i};
        qsort(by_address, n, sizeof *by_address, compare_slots);
    }
    struct slot key = {s, 0};
    struct slot *hit = bsearch(&key, by_address, n, sizeof key, compare_slots);
    if (!hit)
        abort();
    return hit->index;
}

const char *stmt_name(const struct db_stmt *s, char out[16])
{
    snprintf(out, 16, "s%d", stmt_index(s));
    return out;
}

void stmt_observe(const struct db_stmt *s, int64_t duration_us)
{
    int i = stmt_index(s);
    if (!series[i]) {
        struct str name = str_from(s->name);
        series[i] = metric_series(&duration, &name);
    }
    metric_observe(series[i], (double)duration_us / (double)US_PER_S);
}

void stmt_record(const struct db_stmt *s, const struct trace_child *span, enum err rc)
{
    const struct log_field fields[] = {
        LOG_CSTR("db.system.name", "postgresql"),
        LOG_CSTR("db.query.summary", s->name),
        LOG_CSTR("error.type", rc ? err_code(rc) : ""),
    };
    trace_child_end(span, SPAN_CLIENT, str_from(s->name), rc ? err_code(rc) : NULL, fields,
                    sizeof fields / sizeof fields[0]);
}

static const struct {
    char letter;
    Oid param;
    Oid columns[3]; /* accepted result types */
} TYPES[] = {
    {'i', 20, {20}},     {'n', 23, {23}},     {'t', 25, {25, 1043, 19}}, {'b', 16, {16}},
    {'z', 1184, {1184}}, {'j', 3802, {3802}}, {'u', 2950, {2950}},       {'d', 701, {701}},
    {'y', 17, {17}},     {'I', 1016, {1016}}, {'T', 1009, {1009}},
};

Oid stmt_param_type(char letter)
{
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++)
        if (TYPES[i].letter == letter)
            return TYPES[i].param;
    abort();
}

static bool column_fits(char letter, Oid type)
{
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++)
        if (TYPES[i].letter == letter)
            for (int k = 0; k < 3; k++)
                if (TYPES[i].columns[k] == type)
                    return true;
    return false;
}

void stmt_check_columns(const struct db_stmt *s, const PGresult *r)
{
    int n = PQnfields(r);
    if (n != (int)strlen(s->cols)) {
        log_error("statement returns another number of columns than declared",
                  LOG_CSTR("stmt", s->name), LOG_I("columns", n));
        abort();
    }
    for (int i = 0; i < n; i++) {
        if (column_fits(s->cols[i], PQftype(r, i)))
            continue;
        log_error("statement returns another column type than declared", LOG_CSTR("stmt", s->name),
                  LOG_I("column", i), LOG_I("type_oid", PQftype(r, i)));
        abort();
    }
}

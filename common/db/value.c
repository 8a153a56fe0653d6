#include "conn.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "clock.h"
#include "log.h"

/* PostgreSQL counts microseconds from 2000-01-01. */
#define PG_EPOCH_US (946684800LL * US_PER_S)

static void put_be32(struct buf *b, int32_t v)
{
    uint32_t be = htobe32((uint32_t)v);
    buf_add(b, &be, sizeof be);
}

static void put_be64(struct buf *b, int64_t v)
{
    uint64_t be = htobe64((uint64_t)v);
    buf_add(b, &be, sizeof be);
}

static void put_array_head(struct buf *b, size_t count, Oid element)
{
    put_be32(b, count ? 1 : 0);
    put_be32(b, 0);
    put_be32(b, (int32_t)element);
    if (count) {
        put_be32(b, (int32_t)count);
        put_be32(b, 1);
    }
}

static void put_value(struct buf *b, char letter, const struct db_value *v)
{
    uint64_t bits;
    switch (letter) {
    case 'i':
        put_be64(b, v->i);
        break;
    case 'n':
        put_be32(b, (int32_t)v->i);
        break;
    case 'z':
        put_be64(b, v->i - PG_EPOCH_US);
        break;
    case 'b':
        buf_add_char(b, v->i != 0);
        break;
    case 'd':
        memcpy(&bits, &v->d, sizeof bits);
        put_be64(b, (int64_t)bits);
        break;
    case 'j':
        buf_add_char(b, 1);
        buf_add_str(b, v->s);
        break;
    case 'I': {
        const int64_t *items = v->array.items;
        put_array_head(b, v->array.count, 20);
        for (size_t i = 0; i < v->array.count; i++) {
            put_be32(b, 8);
            put_be64(b, items[i]);
        }
        break;
    }
    case 'T': {
        const struct str *items = v->array.items;
        put_array_head(b, v->array.count, 25);
        for (size_t i = 0; i < v->array.count; i++) {
            put_be32(b, (int32_t)items[i].len);
            buf_add_str(b, items[i]);
        }
        break;
    }
    default: /* t, u, y */
        buf_add_str(b, v->s);
    }
}

static bool is_null(const struct db_value *v)
{
    if (v->kind == 0)
        return true;
    if (v->kind == 't')
        return v->s.p == NULL;
    return (v->kind == 'i' || v->kind == 'z') && v->i == INT64_MIN;
}

static bool fits(char letter, char kind)
{
    if (strchr("tjuy", letter))
        return kind == 't';
    if (letter == 'n')
        return kind == 'i';
    return letter == kind;
}

void value_encode(struct arena *a, const struct db_stmt *s, const struct db_value *values, size_t n,
                  struct encoded *out)
{
    if (strlen(s->params) != n) {
        log_error("wrong number of parameters", LOG_CSTR("stmt", s->name),
                  LOG_I("given", (int64_t)n));
        abort();
    }
    out->values = arena_alloc(a, (n + 1) * sizeof *out->values);
    out->lengths = arena_alloc(a, (n + 1) * sizeof *out->lengths);
    out->formats = arena_alloc(a, (n + 1) * sizeof *out->formats);
    for (size_t i = 0; i < n; i++) {
        char letter = s->params[i];
        const struct db_value *v = &values[i];
        out->values[i] = NULL;
        out->lengths[i] = 0;
        out->formats[i] = letter == 'u' ? 0 : 1; /* the server parses the text of a uuid */
        if (is_null(v))
            continue;
        if (!fits(letter, v->kind)) {
            log_error("parameter of the wrong type", LOG_CSTR("stmt", s->name),
                      LOG_I("parameter", (int64_t)i + 1));
            abort();
        }
        struct buf b;
        buf_init(&b, a);
        put_value(&b, letter, v);
        out->lengths[i] = (int)b.len;
        out->values[i] = buf_cstr(&b);
    }
}

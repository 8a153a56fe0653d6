/* Between AMQP's properties and tables, and the strings of struct mq_message. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "thread.h"

#define SHORT_STRING_MAX 255    /* AMQP 0-9-1 §4.2.5.3 */
#define HEADERS_MAX (64 * 1024) /* far below the frame size, which the properties must fit into */
#define MOVED_HEADERS_MAX (AMQP_DEFAULT_FRAME_SIZE - 4096)
#define DELIVERY_PERSISTENT 2

struct str str_from_bytes(amqp_bytes_t b)
{
    return str_n(b.bytes ? b.bytes : "", b.len);
}

amqp_bytes_t bytes_from_str(struct str s)
{
    amqp_bytes_t b = {.len = s.len};
    memcpy(&b.bytes, &s.p, sizeof b.bytes); /* librabbitmq never writes through it */
    return b;
}

/* ---- sending ------------------------------------------------------------------------------- */

static amqp_field_value_t field_value(const struct mq_header *h)
{
    amqp_field_value_t v = {.kind = AMQP_FIELD_KIND_VOID};
    switch (h->kind) {
    case MQ_HEADER_STR:
        v.kind = AMQP_FIELD_KIND_UTF8;
        v.value.bytes = bytes_from_str(h->value);
        break;
    case MQ_HEADER_INT:
        v.kind = AMQP_FIELD_KIND_I64;
        (void)!str_to_i64(h->value, &v.value.i64);
        break;
    case MQ_HEADER_BOOL:
        v.kind = AMQP_FIELD_KIND_BOOLEAN;
        v.value.boolean = str_eq(h->value, STR("true"));
        break;
    case MQ_HEADER_NULL:
        break;
    }
    return v;
}

static void set_property(amqp_basic_properties_t *p, amqp_flags_t flag, amqp_bytes_t *field,
                         struct str value)
{
    if (!value.p)
        return;
    p->_flags |= flag;
    *field = bytes_from_str(value);
}

void properties_of_message(struct arena *a, const struct mq_message *m,
                           amqp_basic_properties_t *out)
{
    *out = (amqp_basic_properties_t){._flags = AMQP_BASIC_DELIVERY_MODE_FLAG,
                                     .delivery_mode = DELIVERY_PERSISTENT};
    set_property(out, AMQP_BASIC_MESSAGE_ID_FLAG, &out->message_id, m->message_id);
    set_property(out, AMQP_BASIC_CORRELATION_ID_FLAG, &out->correlation_id, m->correlation_id);
    set_property(out, AMQP_BASIC_TYPE_FLAG, &out->type, m->type);
    set_property(out, AMQP_BASIC_CONTENT_TYPE_FLAG, &out->content_type, m->content_type);
    set_property(out, AMQP_BASIC_CONTENT_ENCODING_FLAG, &out->content_encoding,
                 m->content_encoding);
    set_property(out, AMQP_BASIC_REPLY_TO_FLAG, &out->reply_to, m->reply_to);
    if (m->timestamp_s) {
        out->_flags |= AMQP_BASIC_TIMESTAMP_FLAG;
        out->timestamp = (uint64_t)m->timestamp_s;
    }
    if (m->header_count == 0)
        return;
    amqp_table_entry_t *entries = ARENA_ARRAY(a, amqp_table_entry_t, m->header_count);
    for (size_t i = 0; i < m->header_count; i++) {
        entries[i].key = bytes_from_str(m->headers[i].name);
        entries[i].value = field_value(&m->headers[i]);
    }
    out->_flags |= AMQP_BASIC_HEADERS_FLAG;
    out->headers = (amqp_table_t){(int)m->header_count, entries};
}

bool message_is_encodable(const struct mq_message *m)
{
    const struct str shorts[] = {m->exchange,         m->routing_key, m->message_id,
                                 m->correlation_id,   m->type,        m->content_type,
                                 m->content_encoding, m->reply_to};
    for (size_t i = 0; i < sizeof shorts / sizeof shorts[0]; i++)
        if (shorts[i].len > SHORT_STRING_MAX)
            return false;
    size_t total = 0;
    for (size_t i = 0; i < m->header_count; i++) {
        const struct mq_header *h = &m->headers[i];
        int64_t number;
        if (h->name.len == 0 || h->name.len > SHORT_STRING_MAX)
            return false;
        if (h->kind == MQ_HEADER_INT && !str_to_i64(h->value, &number))
            return false;
        total += h->name.len + h->value.len + 16;
    }
    return total <= HEADERS_MAX;
}

/* ---- receiving ----------------------------------------------------------------------------- */

static struct str pool_printf(amqp_pool_t *pool, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static struct str pool_printf(amqp_pool_t *pool, const char *fmt, ...)
{
    char text[64];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    char *copy = amqp_pool_alloc(pool, (size_t)n + 1);
    if (!copy)
        abort();
    memcpy(copy, text, (size_t)n + 1);
    return str_n(copy, (size_t)n);
}

static bool integer_of_field(const amqp_field_value_t *v, int64_t *out)
{
    switch (v->kind) {
    case AMQP_FIELD_KIND_I8:
        *out = (int)v->value.i8;
        return true;
    case AMQP_FIELD_KIND_U8:
        *out = v->value.u8;
        return true;
    case AMQP_FIELD_KIND_I16:
        *out = v->value.i16;
        return true;
    case AMQP_FIELD_KIND_U16:
        *out = v->value.u16;
        return true;
    case AMQP_FIELD_KIND_I32:
        *out = v->value.i32;
        return true;
    case AMQP_FIELD_KIND_U32:
        *out = v->value.u32;
        return true;
    case AMQP_FIELD_KIND_I64:
        *out = v->value.i64;
        return true;
    case AMQP_FIELD_KIND_U64:
    case AMQP_FIELD_KIND_TIMESTAMP:
        *out = v->value.u64 > INT64_MAX ? INT64_MAX : (int64_t)v->value.u64;
        return true;
    default: /* librabbitmq keeps the kind in a byte that holds whatever came over the wire */
        return false;
    }
}

/* False for fields that have no plain text: tables, arrays, decimals. */
static bool header_of_field(const amqp_field_value_t *v, amqp_pool_t *pool, struct mq_header *out)
{
    int64_t number;
    if (integer_of_field(v, &number)) {
        out->kind = MQ_HEADER_INT;
        out->value = pool_printf(pool, "%" PRId64, number);
        return true;
    }
    if (v->kind == AMQP_FIELD_KIND_UTF8 || v->kind == AMQP_FIELD_KIND_BYTES) {
        out->kind = MQ_HEADER_STR;
        out->value = str_from_bytes(v->value.bytes);
        return true;
    }
    if (v->kind == AMQP_FIELD_KIND_BOOLEAN) {
        out->kind = MQ_HEADER_BOOL;
        out->value = v->value.boolean ? STR("true") : STR("false");
        return true;
    }
    if (v->kind == AMQP_FIELD_KIND_VOID) {
        out->kind = MQ_HEADER_NULL;
        out->value = STR("null");
        return true;
    }
    if (v->kind == AMQP_FIELD_KIND_F32 || v->kind == AMQP_FIELD_KIND_F64) {
        out->kind = MQ_HEADER_STR;
        out->value = pool_printf(
            pool, "%.17g", v->kind == AMQP_FIELD_KIND_F32 ? (double)v->value.f32 : v->value.f64);
        return true;
    }
    return false;
}

const struct mq_header *headers_of_table(const amqp_table_t *t, amqp_pool_t *pool, size_t *count)
{
    *count = 0;
    if (t->num_entries <= 0)
        return NULL;
    struct mq_header *out = amqp_pool_alloc(pool, (size_t)t->num_entries * sizeof *out);
    if (!out)
        abort();
    for (int i = 0; i < t->num_entries; i++) {
        struct mq_header *h = &out[*count];
        h->name = str_from_bytes(t->entries[i].key);
        if (header_of_field(&t->entries[i].value, pool, h))
            ++*count;
    }
    return out;
}

/* ---- moving -------------------------------------------------------------------------------- */

/*
 * Headers that must not travel with a copy: the marks set anew, the broker's own records, and those
 * that would make the broker deliver the copy elsewhere as well.
 */
static bool is_dropped(amqp_bytes_t key)
{
    static const char *const NAMES[] = {"x-tts-attempt", "x-tts-reason",    "x-tts-queue",
                                        "x-tts-dead",    "x-death",         "CC",
                                        "BCC",           "x-delivery-count"};
    struct str name = str_from_bytes(key);
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++)
        if (str_eq(name, str_from(NAMES[i])))
            return true;
    return str_has_prefix(name, STR("x-first-death-")) ||
           str_has_prefix(name, STR("x-last-death-"));
}

static void add_str(amqp_table_t *t, const char *key, const char *value)
{
    amqp_table_entry_t *e = &t->entries[t->num_entries++];
    e->key = amqp_cstring_bytes(key);
    e->value.kind = AMQP_FIELD_KIND_UTF8;
    e->value.value.bytes = amqp_cstring_bytes(value);
}

void properties_of_move(struct content *c, const char *queue, amqp_basic_properties_t *out)
{
    enum { OWN_HEADERS = 4 };
    *out = c->properties;
    /* An expiry would end the wait in the retry queue early; another user's id would be refused. */
    out->_flags &= ~(amqp_flags_t)(AMQP_BASIC_EXPIRATION_FLAG | AMQP_BASIC_USER_ID_FLAG |
                                   AMQP_BASIC_CLUSTER_ID_FLAG);
    out->_flags |= AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_HEADERS_FLAG;
    out->delivery_mode = DELIVERY_PERSISTENT;
    const amqp_table_t *old = &c->properties.headers;
    int old_count =
        (c->properties._flags & AMQP_BASIC_HEADERS_FLAG) && c->properties_size < MOVED_HEADERS_MAX
            ? old->num_entries
            : 0;
    amqp_table_t *t = &out->headers;
    t->num_entries = 0;
    t->entries = amqp_pool_alloc(&c->pool, (size_t)(old_count + OWN_HEADERS) * sizeof *t->entries);
    if (!t->entries)
        abort();
    for (int i = 0; i < old_count; i++)
        if (!is_dropped(old->entries[i].key))
            t->entries[t->num_entries++] = old->entries[i];
    amqp_table_entry_t *attempt = &t->entries[t->num_entries++];
    attempt->key = amqp_cstring_bytes("x-tts-attempt");
    attempt->value.kind = AMQP_FIELD_KIND_I32;
    attempt->value.value.i32 = c->incoming.failures + 1;
    add_str(t, "x-tts-queue", queue);
    if (c->incoming.reason)
        add_str(t, "x-tts-reason", c->incoming.reason);
    if (c->incoming.settle == SETTLE_DEAD) {
        if (!c->stamp[0]) /* a copy whose confirm was lost is the same dead letter */
            rand_uuid(c->stamp);
        add_str(t, "x-tts-dead", c->stamp);
    }
}

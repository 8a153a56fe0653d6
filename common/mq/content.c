/* Messages that arrive in pieces: method, header and body frames of one channel. */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "thread.h"

#define POOL_PAGE 2048

static amqp_bytes_t copy_bytes(amqp_pool_t *pool, amqp_bytes_t b)
{
    amqp_bytes_t copy = amqp_empty_bytes;
    if (b.len == 0)
        return copy;
    amqp_pool_alloc_bytes(pool, b.len, &copy);
    if (!copy.bytes)
        abort();
    memcpy(copy.bytes, b.bytes, b.len);
    return copy;
}

struct content *content_new(const amqp_method_t *m)
{
    struct content *c = MEM_NEW(struct content);
    list_init(&c->unacked);
    list_init(&c->moving);
    list_init(&c->incoming.waiting);
    init_amqp_pool(&c->pool, POOL_PAGE);
    c->method = m->id;
    if (m->id == AMQP_BASIC_DELIVER_METHOD) {
        const amqp_basic_deliver_t *d = m->decoded;
        c->delivery_tag = d->delivery_tag;
        c->redelivered = d->redelivered;
        c->exchange = copy_bytes(&c->pool, d->exchange);
        c->routing_key = copy_bytes(&c->pool, d->routing_key);
    } else {
        const amqp_basic_return_t *r = m->decoded;
        c->exchange = copy_bytes(&c->pool, r->exchange);
        c->routing_key = copy_bytes(&c->pool, r->routing_key);
    }
    return c;
}

void content_free(struct content *c)
{
    if (!c)
        return;
    list_remove(&c->unacked);
    list_remove(&c->moving);
    empty_amqp_pool(&c->pool);
    free(c->incoming.reason);
    free(c);
}

void incoming_free(struct incoming *in)
{
    content_free(LIST_ENTRY(in, struct content, incoming));
}

void content_set_header(struct content *c, const amqp_frame_t *f)
{
    const amqp_basic_properties_t *p = f->payload.properties.decoded;
    c->properties = *p;
    c->properties_size = f->payload.properties.raw.len;
    amqp_bytes_t *fields[] = {&c->properties.content_type,   &c->properties.content_encoding,
                              &c->properties.correlation_id, &c->properties.reply_to,
                              &c->properties.expiration,     &c->properties.message_id,
                              &c->properties.type,           &c->properties.user_id,
                              &c->properties.app_id,         &c->properties.cluster_id};
    static const amqp_flags_t FLAGS[] = {
        AMQP_BASIC_CONTENT_TYPE_FLAG,   AMQP_BASIC_CONTENT_ENCODING_FLAG,
        AMQP_BASIC_CORRELATION_ID_FLAG, AMQP_BASIC_REPLY_TO_FLAG,
        AMQP_BASIC_EXPIRATION_FLAG,     AMQP_BASIC_MESSAGE_ID_FLAG,
        AMQP_BASIC_TYPE_FLAG,           AMQP_BASIC_USER_ID_FLAG,
        AMQP_BASIC_APP_ID_FLAG,         AMQP_BASIC_CLUSTER_ID_FLAG};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        *fields[i] = p->_flags & FLAGS[i] ? copy_bytes(&c->pool, *fields[i]) : amqp_empty_bytes;
    c->properties.headers = amqp_empty_table;
    if (p->_flags & AMQP_BASIC_HEADERS_FLAG &&
        amqp_table_clone(&p->headers, &c->properties.headers, &c->pool) != AMQP_STATUS_OK) {
        c->properties.headers = amqp_empty_table;
        c->properties._flags &= ~(amqp_flags_t)AMQP_BASIC_HEADERS_FLAG;
    }
    c->body.len = f->payload.properties.body_size;
    c->body.bytes = NULL;
    if (c->body.len) {
        amqp_pool_alloc_bytes(&c->pool, c->body.len, &c->body);
        if (!c->body.bytes)
            abort();
    }
}

void content_add_body(struct content *c, amqp_bytes_t fragment)
{
    size_t room = c->body.len - c->body_received;
    size_t n = fragment.len < room ? fragment.len : room;
    if (n)
        memcpy((char *)c->body.bytes + c->body_received, fragment.bytes, n);
    c->body_received += n;
}

bool content_is_complete(const struct content *c)
{
    return c->body_received == c->body.len;
}

static struct str property(const struct content *c, amqp_flags_t flag, amqp_bytes_t value)
{
    return c->properties._flags & flag ? str_from_bytes(value) : STR_NULL;
}

static int failures_before(const struct mq_message *m)
{
    int64_t n;
    if (!str_to_i64(mq_header_get(m, "x-tts-attempt"), &n) || n < 0)
        return 0;
    return n > MQ_RETRY_COUNT ? MQ_RETRY_COUNT : (int)n;
}

void content_describe(struct content *c)
{
    const amqp_basic_properties_t *p = &c->properties;
    struct mq_message *m = &c->incoming.message;
    m->exchange = str_from_bytes(c->exchange);
    m->routing_key = str_from_bytes(c->routing_key);
    m->message_id = property(c, AMQP_BASIC_MESSAGE_ID_FLAG, p->message_id);
    m->correlation_id = property(c, AMQP_BASIC_CORRELATION_ID_FLAG, p->correlation_id);
    m->type = property(c, AMQP_BASIC_TYPE_FLAG, p->type);
    m->content_type = property(c, AMQP_BASIC_CONTENT_TYPE_FLAG, p->content_type);
    m->content_encoding = property(c, AMQP_BASIC_CONTENT_ENCODING_FLAG, p->content_encoding);
    m->reply_to = property(c, AMQP_BASIC_REPLY_TO_FLAG, p->reply_to);
    if (p->_flags & AMQP_BASIC_TIMESTAMP_FLAG && p->timestamp <= INT64_MAX)
        m->timestamp_s = (int64_t)p->timestamp;
    m->headers = headers_of_table(&p->headers, &c->pool, &m->header_count);
    m->body = str_from_bytes(c->body);
    c->incoming.redelivered = c->redelivered;
    c->incoming.failures = failures_before(m);
}

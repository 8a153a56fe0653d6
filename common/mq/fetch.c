#include "fetch.h"

#include <stdio.h>
#include <stdlib.h>

#include "mem.h"
#include "socket.h"
#include "thread.h"
#include "url.h"

#define CONNECT_TIMEOUT_S 5

struct mq_fetch {
    amqp_connection_state_t conn;
    amqp_channel_t channel;
    uint64_t tag; /* of the last message taken, 0: none since the last acknowledgement */
};

static bool connect_to(struct mq_fetch *f, const struct mq_url *url, const char *ca_file,
                       const char *name, char *why, size_t size)
{
    const struct timeval rpc_timeout = {.tv_sec = RPC_TIMEOUT_S};
    amqp_set_handshake_timeout(f->conn, &rpc_timeout);
    amqp_set_rpc_timeout(f->conn, &rpc_timeout);
    if (!mq_socket_open(f->conn, url, ca_file, CONNECT_TIMEOUT_S, why, size))
        return false;
    amqp_table_entry_t entry = {.key = amqp_cstring_bytes("connection_name")};
    entry.value.kind = AMQP_FIELD_KIND_UTF8;
    entry.value.value.bytes = amqp_cstring_bytes(name);
    const amqp_table_t client_properties = {1, &entry};
    amqp_rpc_reply_t reply = amqp_login_with_properties(
        f->conn, url->vhost, 0, AMQP_DEFAULT_FRAME_SIZE, 0, &client_properties,
        AMQP_SASL_METHOD_PLAIN, url->user, url->password);
    if (reply.reply_type == AMQP_RESPONSE_NORMAL) {
        amqp_channel_open(f->conn, f->channel);
        reply = amqp_get_rpc_reply(f->conn);
    }
    if (reply.reply_type == AMQP_RESPONSE_NORMAL)
        return true;
    link_reply_text(reply, why, size);
    return false;
}

struct mq_fetch *mq_fetch_open(struct str url, struct str ca_file, const char *name, char *why,
                               size_t size)
{
    struct arena *a = arena_new();
    struct mq_fetch *f = MEM_NEW(struct mq_fetch);
    struct mq_url parsed;
    const char *problem;
    f->channel = 1;
    f->conn = amqp_new_connection();
    if (!f->conn)
        abort();
    bool is_open = false;
    if (mq_url_parse(a, url, &parsed, &problem) != ERR_OK)
        snprintf(why, size, "%s", problem);
    else
        is_open =
            connect_to(f, &parsed, ca_file.len ? str_cstr(a, ca_file) : NULL, name, why, size);
    arena_free(a);
    if (is_open)
        return f;
    mq_fetch_close(f);
    return NULL;
}

void mq_fetch_close(struct mq_fetch *f)
{
    if (!f)
        return;
    (void)amqp_connection_close(f->conn, AMQP_REPLY_SUCCESS);
    amqp_destroy_connection(f->conn);
    free(f);
}

/* A queue that is not there costs the channel. */
static enum err new_channel(struct mq_fetch *f)
{
    amqp_channel_close_ok_t ok = {0};
    if (amqp_send_method(f->conn, f->channel, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok) != AMQP_STATUS_OK)
        return ERR_QUEUE_CONNECTION_FAILED;
    f->channel++;
    f->tag = 0;
    amqp_channel_open(f->conn, f->channel);
    return amqp_get_rpc_reply(f->conn).reply_type == AMQP_RESPONSE_NORMAL
               ? ERR_NOT_FOUND
               : ERR_QUEUE_CONNECTION_FAILED;
}

static struct str copy(struct arena *a, amqp_bytes_t b)
{
    return str_dup(a, str_from_bytes(b));
}

static void describe(struct arena *a, const amqp_message_t *m, struct mq_message *out)
{
    const amqp_basic_properties_t *p = &m->properties;
#define PROPERTY(flag, member) (p->_flags & (flag) ? copy(a, p->member) : STR_NULL)
    out->message_id = PROPERTY(AMQP_BASIC_MESSAGE_ID_FLAG, message_id);
    out->correlation_id = PROPERTY(AMQP_BASIC_CORRELATION_ID_FLAG, correlation_id);
    out->type = PROPERTY(AMQP_BASIC_TYPE_FLAG, type);
    out->content_type = PROPERTY(AMQP_BASIC_CONTENT_TYPE_FLAG, content_type);
    out->content_encoding = PROPERTY(AMQP_BASIC_CONTENT_ENCODING_FLAG, content_encoding);
#undef PROPERTY
    out->body = copy(a, m->body);
    if (!(p->_flags & AMQP_BASIC_HEADERS_FLAG))
        return;
    amqp_pool_t pool;
    init_amqp_pool(&pool, 1024);
    const struct mq_header *headers = headers_of_table(&p->headers, &pool, &out->header_count);
    struct mq_header *copies = ARENA_ARRAY(a, struct mq_header, out->header_count + 1);
    for (size_t i = 0; i < out->header_count; i++) {
        copies[i] = headers[i];
        copies[i].name = str_dup(a, headers[i].name);
        copies[i].value = str_dup(a, headers[i].value);
    }
    out->headers = copies;
    empty_amqp_pool(&pool);
}

enum err mq_fetch_next(struct mq_fetch *f, struct arena *a, const char *queue,
                       struct mq_message *out)
{
    amqp_message_t message = {0};
    amqp_maybe_release_buffers(f->conn);
    amqp_rpc_reply_t reply =
        amqp_basic_get(f->conn, f->channel, amqp_cstring_bytes(queue), 0 /* acknowledged later */);
    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION &&
        reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD)
        return new_channel(f);
    if (reply.reply_type != AMQP_RESPONSE_NORMAL)
        return ERR_QUEUE_CONNECTION_FAILED;
    if (reply.reply.id != AMQP_BASIC_GET_OK_METHOD)
        return ERR_NOT_FOUND;
    const amqp_basic_get_ok_t *got = reply.reply.decoded;
    uint64_t tag = got->delivery_tag;
    *out = (struct mq_message){.exchange = copy(a, got->exchange),
                               .routing_key = copy(a, got->routing_key)};
    amqp_rpc_reply_t read = amqp_read_message(f->conn, f->channel, &message, 0);
    if (read.reply_type != AMQP_RESPONSE_NORMAL)
        return ERR_QUEUE_CONNECTION_FAILED;
    describe(a, &message, out);
    amqp_destroy_message(&message);
    f->tag = tag;
    return ERR_OK;
}

enum err mq_fetch_ack(struct mq_fetch *f)
{
    uint64_t tag = f->tag;
    f->tag = 0;
    if (tag && amqp_basic_ack(f->conn, f->channel, tag, 1) != AMQP_STATUS_OK)
        return ERR_QUEUE_CONNECTION_FAILED;
    return ERR_OK;
}

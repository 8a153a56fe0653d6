/* One connection to the broker: opening, reading frames, failing, trying again. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "clock.h"
#include "log.h"
#include "mem.h"
#include "rand.h"
#include "socket.h"
#include "thread.h"

#define CONNECT_TIMEOUT_S 3
#define FRAMES_PER_TURN 512
#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 3000
#define STABLE_US (10 * US_PER_S) /* a connection that lived this long was a good one */

void link_init(struct link *l, struct broker *b, bool is_consuming)
{
    l->broker = b;
    l->is_consuming = is_consuming;
    l->purpose = is_consuming ? "consume" : "publish";
    atomic_init(&l->fd, -1);
    l->channel_count = FIRST_CONSUMER_CHANNEL + (is_consuming ? b->setup->consumer_count : 0);
    l->channels = mem_zalloc((size_t)l->channel_count * sizeof *l->channels);
    for (int i = 0; i < l->channel_count; i++)
        list_init(&l->channels[i].unacked);
}

void link_release(struct link *l)
{
    free(l->channels);
}

const char *link_reply_text(amqp_rpc_reply_t reply, char *out, size_t size)
{
    if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION) {
        snprintf(out, size, "%s", amqp_error_string2(reply.library_error));
        return out;
    }
    amqp_bytes_t text = amqp_cstring_bytes("unexpected answer");
    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION &&
        reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD)
        text = ((const amqp_connection_close_t *)reply.reply.decoded)->reply_text;
    else if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION &&
             reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD)
        text = ((const amqp_channel_close_t *)reply.reply.decoded)->reply_text;
    snprintf(out, size, "%.*s", (int)text.len, (const char *)text.bytes);
    return out;
}

static void tell_loop(struct link *l, bool is_up)
{
    struct link_news *news = MEM_NEW(struct link_news);
    news->mail.kind = MAIL_LINK;
    news->is_consuming = l->is_consuming;
    news->is_up = is_up;
    news->epoch = l->epoch;
    l->broker->post(l->broker->post_arg, &news->mail);
}

/* ---- opening ------------------------------------------------------------------------------- */

/* A peer that has vanished without a word must not hold a write for the kernel's quarter hour. */
static void limit_silence(int fd, int heartbeat_s)
{
    unsigned ms = (unsigned)heartbeat_s * 2000;
    (void)!setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
}

static bool log_in(struct link *l, char *why, size_t size)
{
    const struct broker_setup *setup = l->broker->setup;
    const struct mq_url *url = &l->broker->url;
    char name[128];
    snprintf(name, sizeof name, "%s %s", setup->name, l->purpose);
    amqp_table_entry_t entry = {.key = amqp_cstring_bytes("connection_name")};
    entry.value.kind = AMQP_FIELD_KIND_UTF8;
    entry.value.value.bytes = amqp_cstring_bytes(name);
    const amqp_table_t client_properties = {1, &entry};
    amqp_rpc_reply_t reply = amqp_login_with_properties(
        l->conn, url->vhost, 0, AMQP_DEFAULT_FRAME_SIZE, setup->heartbeat_s, &client_properties,
        AMQP_SASL_METHOD_PLAIN, url->user, url->password);
    if (reply.reply_type == AMQP_RESPONSE_NORMAL)
        return true;
    link_reply_text(reply, why, size);
    return false;
}

static bool connect_to_broker(struct link *l, char *why, size_t size)
{
    const struct mq_url *url = &l->broker->url;
    if (l->broker->url_problem) {
        snprintf(why, size, "%s", l->broker->url_problem);
        return false;
    }
    l->conn = amqp_new_connection();
    if (!l->conn)
        abort();
    const struct timeval rpc_timeout = {.tv_sec = RPC_TIMEOUT_S};
    amqp_set_handshake_timeout(l->conn, &rpc_timeout);
    amqp_set_rpc_timeout(l->conn, &rpc_timeout);
    if (!mq_socket_open(l->conn, url, l->broker->setup->ca_file, CONNECT_TIMEOUT_S, why, size))
        return false;
    int fd = amqp_get_sockfd(l->conn);
    atomic_store(&l->fd, fd);
    limit_silence(fd, l->broker->setup->heartbeat_s);
    return log_in(l, why, size);
}

static void discard_connection(struct link *l)
{
    atomic_store(&l->fd, -1);
    if (l->conn)
        amqp_destroy_connection(l->conn);
    l->conn = NULL;
    l->is_blocked = false;
    for (int i = 0; i < l->channel_count; i++) {
        content_free(l->channels[i].partial);
        l->channels[i].partial = NULL;
    }
}

static void schedule_retry(struct link *l)
{
    int64_t now = clock_mono_us();
    if (l->up_since && now - l->up_since > STABLE_US)
        l->backoff_ms = 0;
    l->up_since = 0;
    l->backoff_ms = l->backoff_ms ? l->backoff_ms * 2 : BACKOFF_MIN_MS;
    if (l->backoff_ms > BACKOFF_MAX_MS)
        l->backoff_ms = BACKOFF_MAX_MS;
    int64_t jitter = (int64_t)(rand_u64() % (uint64_t)(l->backoff_ms / 2 + 1));
    l->retry_at = now + (l->backoff_ms - jitter) * US_PER_MS;
}

static void log_problem(struct link *l, const char *why)
{
    if (strcmp(l->error, why) == 0)
        return;
    snprintf(l->error, sizeof l->error, "%s", why);
    log_warn("broker connection failed", LOG_CSTR("code", err_code(ERR_QUEUE_CONNECTION_FAILED)),
             LOG_CSTR("purpose", l->purpose), LOG_CSTR("host", l->broker->url.host),
             LOG_I("port", l->broker->url.port), LOG_CSTR("reason", why));
}

void link_open(struct link *l)
{
    char why[256] = "";
    l->epoch++;
    if (!connect_to_broker(l, why, sizeof why) || !topology_declare(l, why, sizeof why)) {
        log_problem(l, why);
        discard_connection(l);
        schedule_retry(l);
        return;
    }
    l->up_since = clock_mono_us();
    l->error[0] = '\0';
    log_info("broker connected", LOG_CSTR("purpose", l->purpose),
             LOG_CSTR("host", l->broker->url.host), LOG_I("port", l->broker->url.port));
    tell_loop(l, true);
}

void link_fail(struct link *l, const char *fmt, ...)
{
    if (!l->conn)
        return;
    char why[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    log_problem(l, why);
    discard_connection(l);
    schedule_retry(l);
    tell_loop(l, false);
    if (l->is_consuming)
        receive_forget(l->broker);
    else
        publish_fail_all(l->broker);
}

void link_close(struct link *l)
{
    if (!l->conn)
        return;
    const struct timeval timeout = {.tv_sec = 2};
    amqp_set_rpc_timeout(l->conn, &timeout);
    amqp_connection_close(l->conn, AMQP_REPLY_SUCCESS);
    discard_connection(l);
}

/* ---- reading ------------------------------------------------------------------------------- */

static void on_channel_close(struct link *l, int channel, const amqp_channel_close_t *m)
{
    link_fail(l, "the broker closed channel %d: %.*s", channel, (int)m->reply_text.len,
              (const char *)m->reply_text.bytes);
}

static void on_connection_close(struct link *l, const amqp_connection_close_t *m)
{
    char why[256];
    snprintf(why, sizeof why, "the broker closed the connection: %.*s", (int)m->reply_text.len,
             (const char *)m->reply_text.bytes);
    amqp_connection_close_ok_t ok = {0};
    (void)amqp_send_method(l->conn, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &ok);
    link_fail(l, "%s", why);
}

static void on_method(struct link *l, int channel, const amqp_method_t *m)
{
    switch (m->id) {
    case AMQP_BASIC_DELIVER_METHOD:
    case AMQP_BASIC_RETURN_METHOD:
        content_free(l->channels[channel].partial);
        l->channels[channel].partial = content_new(m);
        break;
    case AMQP_BASIC_ACK_METHOD: {
        const amqp_basic_ack_t *ack = m->decoded;
        publish_on_confirm(l->broker, ack->delivery_tag, ack->multiple, PUBLISH_CONFIRMED);
        break;
    }
    case AMQP_BASIC_NACK_METHOD: {
        const amqp_basic_nack_t *nack = m->decoded;
        publish_on_confirm(l->broker, nack->delivery_tag, nack->multiple, PUBLISH_REFUSED);
        break;
    }
    case AMQP_BASIC_CANCEL_METHOD:
        link_fail(l, "the broker cancelled a consumer: its queue is gone");
        break;
    case AMQP_CHANNEL_CLOSE_METHOD:
        on_channel_close(l, channel, m->decoded);
        break;
    case AMQP_CONNECTION_CLOSE_METHOD:
        on_connection_close(l, m->decoded);
        break;
    case AMQP_CONNECTION_BLOCKED_METHOD:
        l->is_blocked = true;
        log_warn("broker short of resources, publishing waits", LOG_CSTR("purpose", l->purpose));
        break;
    case AMQP_CONNECTION_UNBLOCKED_METHOD:
        l->is_blocked = false;
        log_info("broker takes messages again", LOG_CSTR("purpose", l->purpose));
        break;
    default:
        break;
    }
}

static void finish_content(struct link *l, int channel)
{
    struct content *c = l->channels[channel].partial;
    if (!content_is_complete(c))
        return;
    l->channels[channel].partial = NULL;
    if (c->method == AMQP_BASIC_DELIVER_METHOD) {
        receive_delivery(l, channel, c);
    } else {
        publish_on_return(l->broker, c);
        content_free(c);
    }
}

static void on_frame(struct link *l, const amqp_frame_t *f)
{
    int channel = f->channel;
    if (channel >= l->channel_count) {
        link_fail(l, "a frame came on channel %d, which was never opened", channel);
        return;
    }
    struct content *partial = l->channels[channel].partial;
    if (f->frame_type == AMQP_FRAME_METHOD) {
        on_method(l, channel, &f->payload.method);
    } else if (f->frame_type == AMQP_FRAME_HEADER && partial) {
        content_set_header(partial, f);
        finish_content(l, channel);
    } else if (f->frame_type == AMQP_FRAME_BODY && partial) {
        content_add_body(partial, f->payload.body_fragment);
        finish_content(l, channel);
    }
    if (l->conn)
        amqp_maybe_release_buffers_on_channel(l->conn, f->channel);
}

bool link_read(struct link *l)
{
    static const struct timeval NO_WAIT = {0};
    for (int i = 0; i < FRAMES_PER_TURN; i++) {
        if (!l->conn)
            return false;
        amqp_frame_t frame;
        struct timeval timeout = NO_WAIT;
        int rc = amqp_simple_wait_frame_noblock(l->conn, &frame, &timeout);
        if (rc == AMQP_STATUS_TIMEOUT)
            return false;
        if (rc != AMQP_STATUS_OK) {
            link_fail(l, "%s", amqp_error_string2(rc));
            return false;
        }
        on_frame(l, &frame);
    }
    return true;
}

#include "sync/watch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "list.h"
#include "loop.h"
#include "mem.h"

/* What the kernel keeps for a stream that does not read. */
#define SEND_BUFFER (64 * 1024)
#define RECONNECT_MS 1000

/* One revision as an event; shared by all streams that are sending it. */
struct frame {
    int refs;
    struct buf text;
    size_t json_at, json_len;
};

struct watch_set {
    struct loop *loop;
    struct watch_config config;
    struct list streams; /* struct stream */
    struct list polls;   /* struct poll */
    size_t stream_count, poll_count;
    int64_t revision;
    struct frame *frame; /* of the revision; NULL until somebody wants it */
    struct timer heartbeat;
    bool has_ended;
};

struct stream {
    struct list node;
    struct watch_set *set;
    struct bufferevent *bev;
    int64_t seen;    /* revision sent last */
    bool is_stalled; /* the output has not been empty since the last heartbeat */
};

struct poll {
    struct list node;
    struct co_wait wait;
    int64_t seen;
};

/* ---- frames ------------------------------------------------------------------------------- */

static void frame_unref(struct frame *f)
{
    if (!f || --f->refs)
        return;
    buf_release(&f->text);
    free(f);
}

static void on_frame_sent(const void *data, size_t len, void *arg)
{
    (void)data, (void)len;
    frame_unref(arg);
}

static struct frame *current_frame(struct watch_set *w)
{
    struct frame *f;

    if (w->frame)
        return w->frame;
    f = MEM_NEW(struct frame);
    f->refs = 1;
    buf_init(&f->text, NULL);
    buf_printf(&f->text, "id: %" PRId64 "\nevent: directory\ndata: ", w->revision);
    f->json_at = f->text.len;
    w->config.render(w->config.arg, &f->text);
    f->json_len = f->text.len - f->json_at;
    BUF_LIT(&f->text, "\n\n");
    w->frame = f;
    return f;
}

struct str watch_set_text(struct watch_set *w)
{
    const struct frame *f = current_frame(w);

    return str_n(buf_str(&f->text).p + f->json_at, f->json_len);
}

/* ---- streams ------------------------------------------------------------------------------ */

static void stream_close(struct stream *s)
{
    list_remove(&s->node);
    s->set->stream_count--;
    bufferevent_free(s->bev);
    free(s);
}

static size_t unsent(const struct stream *s)
{
    return evbuffer_get_length(bufferevent_get_output(s->bev));
}

/* One that has not taken the last event yet gets the newest when it has. */
static void send_newest(struct stream *s)
{
    struct frame *f;

    if (s->seen >= s->set->revision || unsent(s) > 0)
        return;
    f = current_frame(s->set);
    f->refs++;
    s->seen = s->set->revision;
    evbuffer_add_reference(bufferevent_get_output(s->bev), buf_str(&f->text).p, f->text.len,
                           on_frame_sent, f);
}

static void on_read(struct bufferevent *bev, void *arg)
{
    struct evbuffer *in = bufferevent_get_input(bev);

    (void)arg;
    evbuffer_drain(in, evbuffer_get_length(in));
}

static void on_write(struct bufferevent *bev, void *arg)
{
    struct stream *s = arg;

    (void)bev;
    s->is_stalled = false;
    send_newest(s);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    (void)bev, (void)what;
    stream_close(arg);
}

static void beat(struct stream *s)
{
    if (unsent(s) > 0) {
        if (s->is_stalled)
            stream_close(s);
        else
            s->is_stalled = true;
        return;
    }
    /* It has seen the revision of a table that has been replaced by an older one. */
    if (s->seen > s->set->revision)
        s->seen = -1;
    if (s->seen < s->set->revision)
        send_newest(s);
    else
        bufferevent_write(s->bev, ":\n\n", 3);
}

static void on_heartbeat(void *arg)
{
    struct watch_set *w = arg;

    LIST_EACH(node, &w->streams)
    beat(LIST_ENTRY(node, struct stream, node));
    timer_start(&w->heartbeat, w->config.heartbeat_ms);
}

void watch_set_stream(struct watch_set *w, struct bufferevent *bev, int64_t seen)
{
    struct stream *s = MEM_NEW(struct stream);
    int size = SEND_BUFFER;

    s->set = w;
    s->bev = bev;
    s->seen = seen;
    list_append(&w->streams, &s->node);
    w->stream_count++;
    setsockopt(bufferevent_getfd(bev), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    bufferevent_setcb(bev, on_read, on_write, on_event, s);
    bufferevent_enable(bev, EV_READ | EV_WRITE);
    evbuffer_add_printf(bufferevent_get_output(bev), "retry: %d\n\n", RECONNECT_MS);
}

/* ---- polls -------------------------------------------------------------------------------- */

enum err CO_FN watch_set_wait(struct watch_set *w, int64_t seen, int64_t timeout_ms)
{
    struct poll p = {.seen = seen};
    enum err rc;

    if (seen < w->revision || timeout_ms == 0 || w->has_ended)
        return ERR_OK;
    co_wait_init(&p.wait);
    list_append(&w->polls, &p.node);
    w->poll_count++;
    rc = co_wait(&p.wait, timeout_ms);
    list_remove(&p.node);
    w->poll_count--;
    return rc == ERR_TIMEOUT ? ERR_OK : rc;
}

/* ---- the set ------------------------------------------------------------------------------ */

struct watch_set *watch_set_new(struct loop *l, const struct watch_config *cfg)
{
    struct watch_set *w = MEM_NEW(struct watch_set);

    w->loop = l;
    w->config = *cfg;
    list_init(&w->streams);
    list_init(&w->polls);
    timer_init(&w->heartbeat, l, on_heartbeat, w);
    timer_start(&w->heartbeat, cfg->heartbeat_ms);
    return w;
}

void watch_set_move(struct watch_set *w, int64_t revision)
{
    frame_unref(w->frame);
    w->frame = NULL;
    w->revision = revision;
    LIST_EACH(node, &w->streams)
    send_newest(LIST_ENTRY(node, struct stream, node));
    LIST_EACH(node, &w->polls)
    {
        struct poll *p = LIST_ENTRY(node, struct poll, node);
        if (p->seen < revision)
            co_wake(&p->wait, ERR_OK);
    }
}

void watch_set_end(struct watch_set *w)
{
    w->has_ended = true;
    LIST_EACH(node, &w->streams)
    stream_close(LIST_ENTRY(node, struct stream, node));
    LIST_EACH(node, &w->polls)
    co_wake(&LIST_ENTRY(node, struct poll, node)->wait, ERR_OK);
}

bool watch_set_is_full(const struct watch_set *w)
{
    return w->stream_count + w->poll_count >= w->config.max;
}

size_t watch_set_streams(const struct watch_set *w)
{
    return w->stream_count;
}

size_t watch_set_polls(const struct watch_set *w)
{
    return w->poll_count;
}

void watch_set_free(struct watch_set *w)
{
    if (!w)
        return;
    watch_set_end(w);
    frame_unref(w->frame);
    timer_release(&w->heartbeat);
    free(w);
}

#include "loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <event2/event.h>

#include "internal.h"
#include "mem.h"

struct call {
    struct list node;
    loop_fn fn;
    void *arg;
};

struct loop {
    struct event_base *base;
    struct event *soon;   /* drains ready and deferred */
    struct list ready;    /* struct co */
    struct list deferred; /* struct call */
    struct list signals;  /* struct signal_watch */
    struct event *posted_event;
    int posted_fd;
    pthread_mutex_t posted_lock;
    struct list posted; /* struct call, guarded by posted_lock */
};

struct signal_watch {
    struct list node;
    struct event *ev;
    loop_signal_fn fn;
    void *arg;
};

static void run_calls(struct list *calls)
{
    for (struct list *n; (n = list_pop(calls));) {
        struct call c = *LIST_ENTRY(n, struct call, node);
        free(LIST_ENTRY(n, struct call, node));
        c.fn(c.arg);
    }
}

static void on_soon(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct loop *l = arg;
    struct list now;
    list_init(&now);
    co_run_ready(&l->ready);
    while (!list_is_empty(&l->deferred))
        list_append(&now, list_pop(&l->deferred));
    run_calls(&now);
    if (!list_is_empty(&l->ready) || !list_is_empty(&l->deferred))
        loop_wake_ready(l);
}

static void on_posted(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct loop *l = arg;
    uint64_t count;
    if (read(fd, &count, sizeof count) < 0 && errno != EAGAIN && errno != EINTR)
        abort();
    struct list now;
    list_init(&now);
    pthread_mutex_lock(&l->posted_lock);
    while (!list_is_empty(&l->posted))
        list_append(&now, list_pop(&l->posted));
    pthread_mutex_unlock(&l->posted_lock);
    run_calls(&now);
}

struct loop *loop_new(void)
{
    struct loop *l = MEM_NEW(struct loop);
    struct event_config *cfg = event_config_new();
    event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK);
    l->base = event_base_new_with_config(cfg);
    event_config_free(cfg);
    list_init(&l->ready);
    list_init(&l->deferred);
    list_init(&l->posted);
    list_init(&l->signals);
    pthread_mutex_init(&l->posted_lock, NULL);
    l->posted_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (!l->base || l->posted_fd < 0)
        abort();
    l->soon = event_new(l->base, -1, 0, on_soon, l);
    l->posted_event = event_new(l->base, l->posted_fd, EV_READ | EV_PERSIST, on_posted, l);
    event_add(l->posted_event, NULL);
    return l;
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    on_posted(l->posted_fd, 0, l);
    for (struct list *n; (n = list_pop(&l->deferred));)
        free(LIST_ENTRY(n, struct call, node));
    for (struct list *n; (n = list_pop(&l->signals));) {
        struct signal_watch *w = LIST_ENTRY(n, struct signal_watch, node);
        event_free(w->ev);
        free(w);
    }
    event_free(l->soon);
    event_free(l->posted_event);
    close(l->posted_fd);
    event_base_free(l->base);
    pthread_mutex_destroy(&l->posted_lock);
    free(l);
}

struct event_base *loop_base(struct loop *l)
{
    return l->base;
}

void loop_run(struct loop *l)
{
    event_base_loop(l->base, EVLOOP_NO_EXIT_ON_EMPTY);
}

void loop_stop(struct loop *l)
{
    event_base_loopbreak(l->base);
}

void loop_turn(struct loop *l, int timeout_ms)
{
    struct timeval tv = {timeout_ms / 1000, (timeout_ms % 1000) * 1000};
    event_base_loopexit(l->base, &tv);
    event_base_loop(l->base, EVLOOP_ONCE);
}

struct list *loop_ready_queue(struct loop *l)
{
    return &l->ready;
}

void loop_wake_ready(struct loop *l)
{
    event_active(l->soon, EV_TIMEOUT, 0);
}

static struct call *call_new(loop_fn fn, void *arg)
{
    struct call *c = MEM_NEW(struct call);
    c->fn = fn;
    c->arg = arg;
    return c;
}

void loop_defer(struct loop *l, loop_fn fn, void *arg)
{
    list_append(&l->deferred, &call_new(fn, arg)->node);
    loop_wake_ready(l);
}

void loop_post(struct loop *l, loop_fn fn, void *arg)
{
    struct call *c = call_new(fn, arg);
    pthread_mutex_lock(&l->posted_lock);
    bool was_empty = list_is_empty(&l->posted);
    list_append(&l->posted, &c->node);
    pthread_mutex_unlock(&l->posted_lock);
    uint64_t one = 1;
    if (was_empty && write(l->posted_fd, &one, sizeof one) < 0 && errno != EAGAIN)
        abort();
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct timer *t = arg;
    t->fn(t->arg);
}

void timer_init(struct timer *t, struct loop *l, loop_fn fn, void *arg)
{
    *t = (struct timer){.fn = fn, .arg = arg};
    t->ev = event_new(l->base, -1, 0, on_timer, t);
    if (!t->ev)
        abort();
}

void timer_start(struct timer *t, int64_t delay_ms)
{
    if (delay_ms < 0)
        delay_ms = 0;
    struct timeval tv = {delay_ms / 1000, (delay_ms % 1000) * 1000};
    event_add(t->ev, &tv);
}

void timer_stop(struct timer *t)
{
    if (t->ev)
        event_del(t->ev);
}

bool timer_is_active(const struct timer *t)
{
    return t->ev && event_pending(t->ev, EV_TIMEOUT, NULL);
}

void timer_release(struct timer *t)
{
    if (t->ev)
        event_free(t->ev);
    t->ev = NULL;
}

static void on_signal(evutil_socket_t signo, short what, void *arg)
{
    (void)what;
    struct signal_watch *w = arg;
    w->fn((int)signo, w->arg);
}

void loop_on_signal(struct loop *l, int signo, loop_signal_fn fn, void *arg)
{
    struct signal_watch *w = MEM_NEW(struct signal_watch);
    w->fn = fn;
    w->arg = arg;
    w->ev = evsignal_new(l->base, signo, on_signal, w);
    if (!w->ev || event_add(w->ev, NULL) < 0)
        abort();
    list_append(&l->signals, &w->node);
}

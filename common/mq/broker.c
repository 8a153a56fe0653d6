/* The thread: waits for the sockets and for mails, and serves both connections. */
#include "broker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "mem.h"
#include "thread.h"

#define DRAIN_LIMIT_US (2 * US_PER_S) /* how long a shutdown waits for confirms */
#define STOPPING_TURN_US (100 * US_PER_MS)

/* ---- mails --------------------------------------------------------------------------------- */

static void on_mail(struct broker *b, struct mail *m)
{
    switch (m->kind) {
    case MAIL_PUBLISH:
        list_append(&b->batches, &m->node);
        return;
    case MAIL_SETTLE:
        receive_settled(b, LIST_ENTRY(m, struct incoming, mail));
        return;
    case MAIL_CANCEL:
        receive_cancel(b);
        free(m);
        return;
    case MAIL_SHUTDOWN:
        b->is_stopping = true;
        free(m);
        return;
    case MAIL_LINK:
    case MAIL_DELIVERY:
    case MAIL_PUBLISHED:
    case MAIL_STOPPED:
        abort();
    }
}

static void read_mails(struct broker *b)
{
    uint64_t count;
    if (read(b->wake_fd, &count, sizeof count) < 0 && errno != EAGAIN && errno != EINTR)
        abort();
    struct list mails;
    list_init(&mails);
    mailbox_take(&b->inbox, &mails);
    for (struct list *n; (n = list_pop(&mails));)
        on_mail(b, LIST_ENTRY(n, struct mail, node));
}

/* ---- the loop ------------------------------------------------------------------------------ */

static bool is_needed(const struct broker *b, const struct link *l)
{
    return !b->is_stopping && (!l->is_consuming || b->setup->consumer_count > 0);
}

static void open_when_due(struct broker *b, struct link *l)
{
    if (!l->conn && is_needed(b, l) && clock_mono_us() >= l->retry_at)
        link_open(l);
}

static void sooner(int64_t *at, int64_t candidate)
{
    if (candidate && candidate < *at)
        *at = candidate;
}

static int poll_timeout_ms(const struct broker *b)
{
    int64_t now = clock_mono_us();
    /* librabbitmq sends and checks heartbeats only when it is called. */
    int64_t at = now + b->setup->heartbeat_s * US_PER_S / 4;
    const struct link *links[] = {&b->publisher, &b->consumer};
    for (int i = 0; i < 2; i++)
        if (!links[i]->conn && is_needed(b, links[i]))
            sooner(&at, links[i]->retry_at ? links[i]->retry_at : now);
    int64_t due = publish_next_due(b);
    if (due > now) /* what is due already waits for the socket or the window, not for the time */
        sooner(&at, due);
    if (b->is_stopping)
        sooner(&at, now + STOPPING_TURN_US);
    return at <= now ? 0 : (int)((at - now) / US_PER_MS + 1);
}

/* Returns when there is something to do. */
static void wait_for_work(struct broker *b, bool has_more)
{
    int64_t due = publish_next_due(b);
    bool has_something = !list_is_empty(&b->batches) || (due && due <= clock_mono_us());
    bool wants_to_send = has_something && !b->publisher.is_blocked && !window_is_full(&b->window);
    struct pollfd fds[] = {
        {.fd = b->wake_fd, .events = POLLIN},
        {.fd = atomic_load(&b->publisher.fd),
         .events = (short)(POLLIN | (wants_to_send ? POLLOUT : 0))},
        {.fd = atomic_load(&b->consumer.fd), .events = POLLIN},
    };
    if (poll(fds, 3, has_more ? 0 : poll_timeout_ms(b)) < 0 && errno != EINTR)
        abort();
}

static void turn(struct broker *b)
{
    open_when_due(b, &b->publisher);
    open_when_due(b, &b->consumer);
    read_mails(b);
    bool has_more = link_read(&b->publisher);
    has_more |= link_read(&b->consumer);
    if (!b->publisher.conn)
        publish_fail_all(b);
    publish_pump(b);
    receive_flush(b);
    wait_for_work(b, has_more);
}

static bool is_drained(const struct broker *b)
{
    return !b->publisher.conn || b->publisher.is_blocked ||
           (window_is_empty(&b->window) && list_is_empty(&b->batches));
}

/* Gives what is already on its way a moment to be confirmed, so that it need not be sent again. */
static void shut_down(struct broker *b)
{
    int64_t limit = clock_mono_us() + DRAIN_LIMIT_US;
    while (!is_drained(b) && clock_mono_us() < limit)
        turn(b);
    receive_flush(b);
    link_close(&b->consumer);
    link_close(&b->publisher);
    publish_fail_all(b);
    receive_forget(b);
    struct mail *stopped = MEM_NEW(struct mail);
    stopped->kind = MAIL_STOPPED;
    b->post(b->post_arg, stopped);
}

static void *run(void *arg)
{
    struct broker *b = arg;
    while (!b->is_stopping)
        turn(b);
    shut_down(b);
    return NULL;
}

/* ---- life cycle ---------------------------------------------------------------------------- */

struct broker *broker_new(const struct broker_setup *setup, broker_post_fn post, void *post_arg)
{
    struct broker *b = MEM_NEW(struct broker);
    b->setup = setup;
    b->post = post;
    b->post_arg = post_arg;
    b->arena = arena_new();
    if (mq_url_parse(b->arena, setup->url, &b->url, &b->url_problem) != ERR_OK)
        b->url.host = "";
    mailbox_init(&b->inbox);
    list_init(&b->batches);
    list_init(&b->moves);
    window_init(&b->window, setup->confirm_window);
    link_init(&b->publisher, b, false);
    link_init(&b->consumer, b, true);
    b->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (b->wake_fd < 0)
        abort();
    return b;
}

void broker_start(struct broker *b)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &old); /* signals belong to the loop's thread */
    if (pthread_create(&b->thread, NULL, run, b) != 0)
        abort();
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_setname_np(b->thread, "mq");
    b->is_started = true;
}

void broker_put(struct broker *b, struct mail *m)
{
    uint64_t one = 1;
    if (mailbox_put(&b->inbox, m) && write(b->wake_fd, &one, sizeof one) < 0 && errno != EAGAIN)
        abort();
}

void broker_interrupt(struct broker *b)
{
    int fds[] = {atomic_load(&b->publisher.fd), atomic_load(&b->consumer.fd)};
    for (int i = 0; i < 2; i++)
        if (fds[i] >= 0)
            (void)shutdown(fds[i], SHUT_RDWR);
}

static void discard_mails(struct broker *b)
{
    struct list mails;
    list_init(&mails);
    mailbox_take(&b->inbox, &mails);
    for (struct list *n; (n = list_pop(&mails));) {
        struct mail *m = LIST_ENTRY(n, struct mail, node);
        if (m->kind == MAIL_PUBLISH)
            batch_free(LIST_ENTRY(m, struct batch, mail));
        else if (m->kind == MAIL_SETTLE)
            incoming_free(LIST_ENTRY(m, struct incoming, mail));
        else
            free(m);
    }
}

void broker_free(struct broker *b)
{
    if (!b)
        return;
    if (b->is_started)
        pthread_join(b->thread, NULL);
    discard_mails(b);
    window_release(&b->window);
    link_release(&b->publisher);
    link_release(&b->consumer);
    mailbox_release(&b->inbox);
    close(b->wake_fd);
    arena_free(b->arena);
    free(b);
}

void batch_free(struct batch *b)
{
    struct arena *a = b->arena;
    arena_free(a);
}

#include "offload.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "co.h"
#include "list.h"
#include "loop.h"
#include "mem.h"

struct job {
    struct list node;
    void (*fn)(void *arg), (*done)(void *arg);
    void *arg;
};

struct offload {
    struct loop *loop;
    pthread_t *threads;
    int thread_count, queue_max;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    /* guarded by lock */
    struct list queue;
    int queued;
    bool is_stopping;
};

static void complete(void *arg)
{
    struct job j = *(struct job *)arg;
    free(arg);
    j.done(j.arg);
}

static void *work(void *arg)
{
    struct offload *o = arg;
    pthread_mutex_lock(&o->lock);
    for (;;) {
        while (list_is_empty(&o->queue) && !o->is_stopping)
            pthread_cond_wait(&o->wake, &o->lock);
        struct list *n = list_pop(&o->queue);
        if (!n)
            break;
        o->queued--;
        pthread_mutex_unlock(&o->lock);
        struct job *j = LIST_ENTRY(n, struct job, node);
        j->fn(j->arg);
        loop_post(o->loop, complete, j);
        pthread_mutex_lock(&o->lock);
    }
    pthread_mutex_unlock(&o->lock);
    return NULL;
}

struct offload *offload_new(struct loop *l, int threads, int queue_max)
{
    struct offload *o = MEM_NEW(struct offload);
    o->loop = l;
    o->queue_max = queue_max;
    o->thread_count = threads;
    o->threads = mem_zalloc((size_t)threads * sizeof *o->threads);
    list_init(&o->queue);
    pthread_mutex_init(&o->lock, NULL);
    pthread_cond_init(&o->wake, NULL);
    /* Signals are the loop's business. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    for (int i = 0; i < threads; i++)
        if (pthread_create(&o->threads[i], NULL, work, o) != 0)
            abort();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return o;
}

void offload_free(struct offload *o)
{
    if (!o)
        return;
    pthread_mutex_lock(&o->lock);
    o->is_stopping = true;
    pthread_cond_broadcast(&o->wake);
    pthread_mutex_unlock(&o->lock);
    for (int i = 0; i < o->thread_count; i++)
        pthread_join(o->threads[i], NULL);
    pthread_cond_destroy(&o->wake);
    pthread_mutex_destroy(&o->lock);
    free(o->threads);
    free(o);
}

bool offload_start(struct offload *o, void (*fn)(void *arg), void (*done)(void *arg), void *arg)
{
    struct job *j = MEM_NEW(struct job);
    *j = (struct job){.fn = fn, .done = done, .arg = arg};
    list_init(&j->node);
    pthread_mutex_lock(&o->lock);
    bool has_room = o->queued < o->queue_max;
    if (has_room) {
        list_append(&o->queue, &j->node);
        o->queued++;
        pthread_cond_signal(&o->wake);
    }
    pthread_mutex_unlock(&o->lock);
    if (!has_room)
        free(j);
    return has_room;
}

/* On the stack of a coroutine. */
struct run {
    void (*fn)(void *arg);
    void *arg;
    struct co_wait wait;
};

static void run_it(void *arg)
{
    struct run *r = arg;
    r->fn(r->arg);
}

static void wake_it(void *arg)
{
    struct run *r = arg;
    co_wake(&r->wait, ERR_OK);
}

enum err CO_FN offload_run(struct offload *o, void (*fn)(void *arg), void *arg)
{
    struct run r = {.fn = fn, .arg = arg};
    co_wait_init(&r.wait);
    if (!offload_start(o, run_it, wake_it, &r))
        return ERR_SERVICE_UNAVAILABLE;
    return co_wait_uncancellable(&r.wait);
}

int offload_queued(const struct offload *o)
{
    struct offload *mutable = (struct offload *)(uintptr_t)o;
    pthread_mutex_lock(&mutable->lock);
    int n = mutable->queued;
    pthread_mutex_unlock(&mutable->lock);
    return n;
}

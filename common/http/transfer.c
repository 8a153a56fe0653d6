/* libcurl's multi interface on the loop: its sockets become events, its timeout a timer. */
#include "transfer.h"

#include <stdlib.h>

#include <event2/event.h>

#include "clock.h"
#include "loop.h"
#include "mem.h"
#include "offload.h"
#include "plain.h"

#define DEFAULT_TIMEOUT_MS 10000
#define DEFAULT_CONNECT_TIMEOUT_MS 2000
/* Easy handles kept for reuse, and idle connections. */
#define MAX_SPARE 8
#define MAX_IDLE_CONNECTIONS 32L
#define BLOCKING_THREADS 16 /* as many exchanges may hang without holding others up */
#define BLOCKING_QUEUE 64

struct http_client {
    struct loop *loop;
    struct plain *plain;
    CURLM *multi;             /* made at the first exchange: many programs never have one */
    struct offload *blocking; /* likewise */
    struct timer timer;
    CURL *spare[MAX_SPARE];
    int spare_count;
};

struct watch {
    struct http_client *client;
    struct event *ev;
};

static void collect_results(struct http_client *c)
{
    CURLMsg *m;
    int left;
    while ((m = curl_multi_info_read(c->multi, &left))) {
        struct transfer *t = NULL;
        if (m->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
        t->result = m->data.result;
        co_wake(&t->wait, ERR_OK);
    }
}

static void on_timer(void *arg)
{
    struct http_client *c = arg;
    int running;
    curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    collect_results(c);
}

static int on_curl_timeout(CURLM *multi, long timeout_ms, void *arg)
{
    struct http_client *c = arg;
    if (timeout_ms < 0)
        timer_stop(&c->timer);
    else
        timer_start(&c->timer, timeout_ms);
    return 0;
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
    struct http_client *c = ((struct watch *)arg)->client;
    int running;
    int flags = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
    curl_multi_socket_action(c->multi, fd, flags, &running);
    collect_results(c);
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    struct http_client *c = arg;
    struct watch *w = socket_arg;
    if (w)
        event_free(w->ev);
    if (what == CURL_POLL_REMOVE) {
        free(w);
        curl_multi_assign(c->multi, fd, NULL);
        return 0;
    }
    if (!w) {
        w = MEM_NEW(struct watch);
        w->client = c;
        curl_multi_assign(c->multi, fd, w);
    }
    short events = EV_PERSIST;
    if (what & CURL_POLL_IN)
        events |= EV_READ;
    if (what & CURL_POLL_OUT)
        events |= EV_WRITE;
    w->ev = event_new(loop_base(c->loop), fd, events, on_socket, w);
    if (!w->ev || event_add(w->ev, NULL) < 0)
        abort();
    return 0;
}

struct http_client *http_client_new(struct loop *l)
{
    struct http_client *c = MEM_NEW(struct http_client);
    c->loop = l;
    c->plain = plain_new(l);
    timer_init(&c->timer, l, on_timer, c);
    return c;
}

struct plain *http_client_plain(struct http_client *c)
{
    return c->plain;
}

enum err transfer_open(struct http_client *c)
{
    if (c->multi)
        return ERR_OK;
    if (!curl_load())
        return ERR_SERVICE_UNAVAILABLE;
    /* OpenSSL initialises itself with the first https URL; most processes never see one. */
    if (curl_global_init(CURL_GLOBAL_NOTHING) != CURLE_OK || !(c->multi = curl_multi_init()))
        abort();
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_curl_timeout);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, MAX_IDLE_CONNECTIONS);
    return ERR_OK;
}

void http_client_free(struct http_client *c)
{
    if (!c)
        return;
    offload_free(c->blocking);
    while (c->spare_count)
        curl_easy_cleanup(c->spare[--c->spare_count]);
    if (c->multi) {
        curl_multi_cleanup(c->multi);
        curl_global_cleanup();
    }
    plain_free(c->plain);
    timer_release(&c->timer);
    free(c);
}

void transfer_init(struct transfer *t, struct http_client *c, int timeout_ms,
                   int connect_timeout_ms)
{
    t->client = c;
    t->error[0] = '\0';
    co_wait_init(&t->wait);
    t->easy = c->spare_count ? c->spare[--c->spare_count] : curl_easy_init();
    if (!t->easy)
        abort();
    int64_t timeout = timeout_ms ? timeout_ms : DEFAULT_TIMEOUT_MS;
    int64_t connect = connect_timeout_ms ? connect_timeout_ms : DEFAULT_CONNECT_TIMEOUT_MS;
    curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
    curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->error);
    curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, (long)timeout);
    curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)connect);
    curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(t->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(t->easy, CURLOPT_FOLLOWLOCATION, 0L);
    /* An exchange that is given up while a name is looked up must not wait for the look-up. */
    curl_easy_setopt(t->easy, CURLOPT_QUICK_EXIT, 1L);
}

enum err CO_FN transfer_run(struct transfer *t)
{
    if (curl_multi_add_handle(t->client->multi, t->easy) != CURLM_OK)
        abort();
    enum err rc = co_wait(&t->wait, -1);
    curl_multi_remove_handle(t->client->multi, t->easy);
    return rc;
}

static void perform(void *arg)
{
    struct transfer *t = arg;
    t->result = curl_easy_perform(t->easy);
}

enum err CO_FN transfer_run_blocking(struct transfer *t)
{
    struct http_client *c = t->client;
    if (!c->blocking)
        c->blocking = offload_new(c->loop, BLOCKING_THREADS, BLOCKING_QUEUE);
    return offload_run(c->blocking, perform, t);
}

void transfer_release(struct transfer *t)
{
    struct http_client *c = t->client;
    curl_easy_reset(t->easy);
    if (c->spare_count < MAX_SPARE)
        c->spare[c->spare_count++] = t->easy;
    else
        curl_easy_cleanup(t->easy);
}

struct curl_slist *transfer_append(struct curl_slist *list, struct arena *a, const char *prefix,
                                   struct str text, const char *suffix)
{
    char *line = arena_printf(a, "%s%.*s%s", prefix, STR_ARG(text), suffix);
    list = curl_slist_append(list, line);
    if (!list)
        abort();
    return list;
}

#pragma once
/* One exchange of libcurl, driven by the loop, waited for by a coroutine. Private to this library.
 */
#include "client.h"
#include "curl.h"

struct transfer {
    struct http_client *client;
    CURL *easy;
    struct co_wait wait;
    CURLcode result;
    char error[CURL_ERROR_SIZE];
};

/* Before anything of curl is used. ERR_SERVICE_UNAVAILABLE when there is none. */
MUST_CHECK enum err transfer_open(struct http_client *c);
/* Sets what every exchange has: its time, no signals, no proxy, no redirects. */
void transfer_init(struct transfer *t, struct http_client *c, int timeout_ms,
                   int connect_timeout_ms);
/* Runs it on the loop; ERR_OK when curl came to a result, good or bad. Else ERR_CANCELLED or
 * ERR_TIMEOUT. */
MUST_CHECK enum err CO_FN transfer_run(struct transfer *t);
/* Runs it in a worker thread, for protocols that curl speaks with blocking steps; its own timeout
 * is all that ends it. ERR_SERVICE_UNAVAILABLE when too many are waiting. */
MUST_CHECK enum err CO_FN transfer_run_blocking(struct transfer *t);
void transfer_release(struct transfer *t);
/* A list that grows by "%s%.*s"; aborts when memory runs out. */
struct curl_slist *transfer_append(struct curl_slist *list, struct arena *a, const char *prefix,
                                   struct str text, const char *suffix);

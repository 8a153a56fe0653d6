#pragma once
/* HTTP client with keep-alive and deadlines: http by this library itself, https and guarded calls
 * by curl multi on the loop. No other schemes, no redirects, no proxy environment. */
#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "co.h"
#include "err.h"
#include "str.h"

struct http_client;
struct loop;

struct http_client *http_client_new(struct loop *l);
void http_client_free(struct http_client *c);

struct http_call_header {
    const char *name;
    struct str value;
};

struct sockaddr;
/* Whether a call may connect to the address. */
typedef bool (*http_guard_fn)(void *arg, const struct sockaddr *address);

struct http_call {
    const char *method;
    struct str url;
    const struct http_call_header *headers;
    size_t header_count;
    struct str body;         /* absent: none */
    int timeout_ms;          /* whole exchange; 0: 10 s; the coroutine's deadline shortens it */
    int connect_timeout_ms;  /* 0: 2 s */
    int64_t max_reply_bytes; /* 0: 8 MiB */
    bool cut_reply;          /* the body ends there, instead of being an error */
    /* For URLs that others choose: asked before each address is connected to, so after the name was
     * looked up; the connection is shared with no other call. NULL: any address. */
    http_guard_fn may_connect;
    void *guard_arg;
};

struct http_answer {
    int status;
    struct str body, content_type;
    int64_t retry_after_s; /* of a guarded call: what Retry-After says, 0: nothing */
    struct str problem;    /* of a guarded call that failed: why, in words; or absent */
};

/* The peer's work becomes part of the running coroutine's trace. ERR_SERVICE_UNAVAILABLE when the
 * peer cannot be reached or hangs up, ERR_TIMEOUT, ERR_BAD_GATEWAY when it talks nonsense or too
 * much, ERR_CANCELLED; ERR_INVALID_INPUT for an URL that is not http(s) or a header of several
 * lines; ERR_FORBIDDEN when the guard let no connection through. Any HTTP status is ERR_OK. A body
 * without Content-Type is JSON. */
MUST_CHECK enum err CO_FN http_client_call(struct http_client *c, struct arena *a,
                                           const struct http_call *call, struct http_answer *out);

/* Sends a mail through an SMTP server: curl's own client, in a worker thread. */
enum mail_tls {
    MAIL_TLS_AUTO,     /* STARTTLS where it is offered, required to send a password */
    MAIL_TLS_REQUIRED, /* no mail without */
    MAIL_TLS_OFF,      /* not even where it is offered */
};
struct mail_call {
    struct str url;  /* smtp://host:1025 or smtps://…; user and password inside are used */
    struct str from; /* envelope */
    const struct str *to;
    size_t to_count;
    struct str message; /* RFC 5322, CRLF lines */
    enum mail_tls tls;  /* of smtp:// */
    struct str ca_file; /* PEM: whom to trust instead of the system's; absent: that */
    int timeout_ms;     /* 0: 30 s; the coroutine's deadline shortens it, cancelling does not */
};
/* ERR_SERVICE_UNAVAILABLE and ERR_TIMEOUT are worth another try; ERR_INVALID_INPUT (5xx) is not.
 * *why is text in the arena. */
MUST_CHECK enum err CO_FN mail_send(struct http_client *c, struct arena *a,
                                    const struct mail_call *call, const char **why);

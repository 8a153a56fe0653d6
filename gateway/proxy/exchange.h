#pragma once
/*
 * One request and its response on their way through the gateway: an explicit state machine driven
 * by the events of two connections. exchange_on is the only transition function. Bodies are moved
 * between evbuffers, never copied; a direction whose receiver is slow leaves its source unread.
 */
#include "body.h"
#include "config/kong.h"
#include "gateway.h"
#include "head.h"
#include "proxy/forwarded.h"
#include "proxy/headers.h"
#include "proxy/traceid.h"
#include "proxy/upstream.h"
#include "ws/frame.h"

struct client;
struct plugin_chain;

enum exchange_state {
    EXCHANGE_HEAD,    /* the request's head is awaited; idle between requests */
    EXCHANGE_POLICY,  /* a plugin awaits an answer of its own */
    EXCHANGE_CONNECT, /* a connection to a target is awaited */
    EXCHANGE_FORWARD, /* request and response flow, each at its own pace */
    EXCHANGE_TUNNEL,  /* after 101: bytes both ways until both ends are done */
    EXCHANGE_DISCARD, /* answered early: the rest of the request's body is read and dropped */
    EXCHANGE_CLOSE,   /* what is queued goes out, then the connection ends */
};

enum exchange_event {
    EXCHANGE_CLIENT_READABLE,
    EXCHANGE_CLIENT_DRAINED, /* output fell below the low water mark */
    EXCHANGE_CLIENT_EOF,
    EXCHANGE_CLIENT_ERROR,
    EXCHANGE_RESUMED,     /* what a plugin waited for has come */
    EXCHANGE_UP_RESOLVED, /* the endpoint's address is known, or cannot be found */
    EXCHANGE_UP_CONNECTED,
    EXCHANGE_UP_READABLE,
    EXCHANGE_UP_DRAINED,
    EXCHANGE_UP_EOF,
    EXCHANGE_UP_ERROR,
    EXCHANGE_STOP, /* the gateway stops */
    EXCHANGE_TIMEOUT,
};

/* Who a verified token belongs to. */
struct identity {
    bool is_verified, is_cookie;
    int64_t user_id;
    struct str subject, credential; /* the key of the credential that signed it */
};

#define MAX_TRIED 8

struct exchange {
    struct gateway *gw;
    struct client *client;
    enum exchange_state state;
    struct arena *arena;       /* of this exchange; NULL before it begins */
    struct snapshot *snapshot; /* referenced from routing to the end */

    /* the request */
    size_t head_scanned;
    bool has_begun, is_client_eof;
    bool must_close;  /* the connection, after the response */
    bool must_linger; /* the client may still be sending */
    bool is_shut;     /* our sending side is */
    bool is_fresh;    /* reset; input of a next request may be there */
    /* one deadline for the whole state */
    bool is_head_timed, is_policy_timed, is_connect_timed, is_end_timed;
    bool is_websocket;
    struct http_head head;
    struct header_list request;   /* as it will be forwarded */
    unsigned method;              /* enum kong_method */
    struct str host, path, query; /* path in normal form; query absent without '?' */
    struct str client_ip;         /* the peer, or what a trusted proxy says */
    bool is_trusted_peer;
    bool is_https;          /* with us, or with a trusted proxy in front */
    struct forwarded *hops; /* before a trusted peer, as far as they are well-formed; else NULL */
    struct trace trace;
    struct http_body in;  /* its body */
    int64_t max_body;     /* 0: no limit */
    bool is_request_sent; /* all of it is in the upstream's output */
    bool has_sent_body;   /* some of the body has been */
    struct buf kept;      /* what has been, of an idempotent request with a small body */
    int64_t slow_due_us;  /* mono; a body slower than the minimum rate is given up then */
    int64_t paced;        /* bytes of the body that have moved slow_due_us */

    /* policy */
    struct kong_route *route;
    size_t prefix_len;
    const struct plugin_chain *chain;
    const struct kong_consumer *consumer;
    bool is_anonymous; /* consumer is whom requests without a token count as */
    struct identity identity;
    int access_priority;         /* plugins above it have run, 0: none has */
    struct token_lookup *lookup; /* awaited by the jwt plugin; linked by wait_link */

    /* the target */
    struct endpoint *tried[MAX_TRIED]; /* referenced */
    size_t tried_count;
    struct endpoint *waiting_for; /* its address; linked by wait_link */
    struct list wait_link;
    struct upstream_conn *up;
    bool is_up_eof, is_up_broken;

    /* a tunnel */
    struct ws_position ws;         /* in what the target sends */
    bool is_up_shut;               /* our sending side towards the target is */
    bool is_ending, is_going_away; /* the gateway stops; the client has been told */

    /* the response */
    size_t response_scanned;
    struct http_head response_head;
    struct header_list response;
    int status;
    struct http_body out;
    bool is_response_begun, is_response_chunked, is_local;
    const char *failure; /* why there is no proper response, for the log; static */
    bool is_fault;       /* of the fleet, not of the client */
    int64_t begun_us, sent_us, answered_us; /* mono */
    int64_t request_bytes, response_bytes;
};

/* The one transition function. The caller settles the client afterwards (client_settle). */
void exchange_on(struct exchange *x, enum exchange_event event);

/* ---- for plugins and the parts of the proxy ------------------------------------------------- */

/*
 * Answers with the error envelope and forwards nothing. text NULL takes the catalogue's. Headers
 * added to x->response before are kept; the plugins' response phase runs.
 */
void exchange_fail(struct exchange *x, enum err e, const char *text);
/* Answers with a body of the gateway's own. */
void exchange_reply(struct exchange *x, int status, struct str content_type, struct str body);
/* A header of the response, whoever makes it; replaces the upstream's when it has answered. */
void exchange_set_response_header(struct exchange *x, struct str name, struct str value);

/* ---- between the parts of the proxy --------------------------------------------------------- */

/* exchange_request.c: reads a head, routes it and runs the policy. */
void exchange_read_head(struct exchange *x);
/* Goes on after PLUGIN_WAIT, with the plugin that waited. */
void exchange_resume_access(struct exchange *x);
/* exchange_connect.c: finds a target; again after a failure that may be tried again. */
void exchange_connect(struct exchange *x);
void exchange_on_connect(struct exchange *x, enum exchange_event event);
bool exchange_is_idempotent(const struct exchange *x);
/* The request can be sent once more without doing anything twice, and is still here to be sent. */
bool exchange_may_resend(const struct exchange *x);
bool exchange_has_other_target(const struct exchange *x);
void exchange_drop_upstream(struct exchange *x);
/* exchange_pump.c: moves what can be moved. */
void exchange_begin_forward(struct exchange *x);
void exchange_on_forward(struct exchange *x, enum exchange_event event);
/* exchange_end.c */
void exchange_finish(struct exchange *x);
void exchange_abort(struct exchange *x, const char *why);
/* Ends the connection once what is queued has been written. */
void exchange_close(struct exchange *x);
/* The deadline that the present state asks for. */
void exchange_arm(struct exchange *x);

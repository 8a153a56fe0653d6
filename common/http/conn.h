#pragma once
/*
 * What the server's source files share: connections, the private half of a request, and who may
 * call whom. server.c accepts and sweeps, conn.c moves bytes, serve.c runs a request, reply.c
 * answers it. Private to this library.
 */
#include <netinet/in.h>

#include "body.h"
#include "head.h"
#include "list.h"
#include "loop.h"
#include "server.h"

/* Input is not read beyond this while a request is being handled. */
#define CONN_INPUT_HIGH (64 * 1024)
/* A streaming reply waits above the first until the output has fallen to the second; a pipelined
 * request is not begun above it. */
#define CONN_OUTPUT_HIGH (256 * 1024)
#define CONN_OUTPUT_LOW (64 * 1024)
/* The rest of a request body that is dropped to keep a connection. */
#define CONN_DISCARD_MAX (64 * 1024)

enum conn_state {
    CONN_HEAD,    /* between requests, or in a head */
    CONN_BUSY,    /* a coroutine runs the request */
    CONN_DISCARD, /* answered; the rest of its body is dropped */
    CONN_FLUSH,   /* the last reply is on its way */
    CONN_LINGER,  /* sent and half-closed: a reset would destroy what the client has not read yet */
};

struct http_conn {
    struct list node; /* in server->conns while open */
    struct http_server *server;
    struct bufferevent *bev; /* owned; NULL once closed or handed over */
    enum conn_state state;
    int refs;       /* the open connection, its coroutine, a scheduled or running turn */
    size_t scanned; /* of the head in the input */
    struct http_body body;
    struct co *co;          /* runs the request */
    struct co_wait *reader; /* the coroutine waits for input */
    struct co_wait *writer; /* the coroutine waits for the output to fall */
    int64_t since_us; /* when the state, or the head in the input, began; last byte of a body */
    int64_t queued, written_seen, write_since_us; /* progress of the output */
    bool is_eof;                                  /* the client sends no more */
    bool must_close;                              /* after the reply in progress */
    bool must_linger;                             /* input may still arrive */
    bool is_turning;                              /* conn_turn is on the stack */
    bool is_scheduled;                            /* a deferred conn_turn is pending */
    bool is_trusted;                              /* the peer is a trusted proxy */
    bool has_served;                              /* at least one request */
    char peer[INET6_ADDRSTRLEN];
};

struct trust_list; /* addresses and CIDR blocks */
struct trust_list *trust_list_new(struct str text, bool *ok);
void trust_list_free(struct trust_list *t);
bool trust_list_has(const struct trust_list *t, struct str address);

#define SERVER_ARENAS 64

struct http_server {
    struct loop *loop;
    struct http_server_config config;
    const struct route_table *routes;
    struct http_server_hooks hooks;
    void *app;
    struct trust_list *trusted;
    struct evconnlistener *listener;
    struct timer sweep;
    int sweep_ms;
    int port;
    struct list conns;
    int connections, active;
    bool is_retiring, is_draining, is_paused;
    struct evbuffer *scratch;
    struct arena *arenas[SERVER_ARENAS]; /* kept between requests */
    int arena_count;
};

/* ---- server.c ----------------------------------------------------------------------------- */

struct arena *server_take_arena(struct http_server *s);
void server_give_arena(struct http_server *s, struct arena *a);
/* A connection has ended or was handed over. */
void server_forget(struct http_server *s, struct http_conn *c);

/* ---- conn.c ------------------------------------------------------------------------------- */

void conn_open(struct http_server *s, int fd, const char *peer);
/* Abrupt; cancels the request in progress. */
void conn_close(struct http_conn *c);
/* The server drains: ends the connection if it is between requests. */
void conn_retire(struct http_conn *c);
/* Looks at one connection's timeouts. */
void conn_check(struct http_conn *c, int64_t now_us);
struct evbuffer *conn_input(struct http_conn *c);
struct evbuffer *conn_output(struct http_conn *c);
/* Tells that n bytes were added to the output. */
void conn_queued(struct http_conn *c, size_t n);
/* Writes what the socket takes now, and the rest when it can. */
void conn_flush(struct http_conn *c);
/* Waits for more input. ERR_REQUEST_TIMEOUT after the body timeout, ERR_TIMEOUT at the request's
 * deadline, ERR_CANCELLED. */
MUST_CHECK enum err CO_FN conn_wait_input(struct http_conn *c);
/* Waits until the output has fallen to CONN_OUTPUT_LOW. */
MUST_CHECK enum err CO_FN conn_wait_output(struct http_conn *c);
/* The request has been answered and its coroutine is about to end. */
void conn_request_ended(struct http_conn *c);
/* Gives the bufferevent away; NULL when the connection is gone. */
struct bufferevent *conn_hand_over(struct http_conn *c);

/* ---- serve.c ------------------------------------------------------------------------------ */

struct reply_header {
    struct reply_header *next;
    struct str name, value;
};

struct reply_detail {
    struct reply_detail *next;
    struct str key, raw; /* raw: JSON text */
};

struct req_private {
    struct http_conn *conn;
    struct http_head head;
    struct route_match match;
    enum err head_error; /* refuse the request with this */
    const char *why;
    struct str request_id;
    struct str body_text;
    const struct json *json;
    char *piece;          /* of a streamed body */
    struct evbuffer *raw; /* collects a streamed piece */
    int64_t max_body;
    bool is_continue_sent;
    bool is_reading_stream; /* the handler may still read the body */

    struct reply_header *headers, **last_header;
    struct reply_detail *details, **last_detail;
    struct reply_detail *fields, **last_field;
    int retry_after;
    struct json_writer writer;
    struct buf written; /* by writer */

    int status;
    int64_t reply_bytes;
    bool is_answered;
    bool is_streaming, is_chunked; /* the reply */
    int64_t stream_left;           /* of a declared length; -1: none */
    bool is_handed_over;
    int64_t started_us;
};

/* Starts the coroutine of one request, whose head is the first head_len bytes of the input. With
 * head_error the request is only answered. */
void serve_request(struct http_conn *c, size_t head_len, enum err head_error, const char *why);
/* Tells a client that waits for it to send the body (RFC 9110 §10.1.1). */
void serve_continue(struct req *r);
/* The handler's time starts anew. */
void serve_extend_deadline(struct req *r);
/* The route's own text for an error, else the catalogue's. */
struct str serve_error_text(const struct req *r, enum err e);

/* ---- identity.c --------------------------------------------------------------------------- */

/* Trace, span and request id, and the client's address. */
void identity_init(struct req *r);

/* ---- envelope.c --------------------------------------------------------------------------- */

struct error_report {
    enum err err;
    struct str text, trace_id;
    int64_t now_us;
    const struct reply_detail *details, *fields;
};
void error_write_envelope(struct buf *out, const struct error_report *e);
/* RFC 9457. */
void error_write_problem(struct buf *out, const struct error_report *e);
/* Whether an Accept value names application/problem+json, and not behind application/json. */
bool error_prefers_problem(struct str accept);

#pragma once
/*
 * One HTTP request as a handler sees it. Everything lives in r->arena, which is freed when the
 * handler has returned; the request outlives its client connection.
 */
#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "co.h"
#include "err.h"
#include "json.h"
#include "log.h"
#include "route.h"
#include "str.h"

struct actor;
struct bufferevent;
struct db_session;
struct http_server;
struct loop;

struct req {
    struct arena *arena;
    struct loop *loop;
    void *app; /* the service */
    const struct route *route;
    struct str method, path, query; /* path and query still encoded */
    struct str peer; /* client address: X-Forwarded-For of a trusted neighbour, else TCP */
    const struct actor *actor; /* who asks; NULL when anonymous */
    struct log_context log;    /* trace, span, request and user id */
    int64_t now;               /* wall µs: the one "now" of this request */
    bool time_overridden;      /* now comes from a demo loader; carried into events */
    void *body;                /* decoded by route->body, else NULL */
    void *query_args;          /* decoded by route->query, else NULL */
    struct db_session *db;     /* kept here by the service library */
    struct req_private *priv;
};

/* Path parameter, percent-decoded. Aborts when the pattern has no such name. */
struct str req_param(struct req *r, const char *name);
/* The parameter as a positive integer; false otherwise. */
bool req_param_int(struct req *r, const char *name, int64_t *out);
struct str req_header(struct req *r, const char *name);
/* All headers of that name as one comma-separated list; absent when there is none. */
struct str req_header_list(struct req *r, const char *name);
struct str req_cookie(struct req *r, const char *name);
/* 0 for HTTP/1.0, which knows no upgrade. */
int req_minor_version(const struct req *r);
/* First query parameter of that name, decoded; absent when there is none. */
struct str req_query(struct req *r, const char *name);
/* The raw body of a non-streaming route; empty when there was none. */
struct str req_body_text(struct req *r);
/* The parsed JSON body of a ROUTE_RAW_JSON or schema route, NULL when there was none. */
const struct json *req_json(struct req *r);
/* ROUTE_STREAM: the next piece of the body, at most 64 KiB, valid until the next call; absent at
 * the end. ERR_INVALID_INPUT, ERR_PAYLOAD_TOO_LARGE, ERR_REQUEST_TIMEOUT, ERR_CANCELLED (client
 * gone). */
MUST_CHECK enum err CO_FN req_body_next(struct req *r, struct str *piece);

/* ---- answering: exactly once; each returns what the handler returns ------------------------- */

/* Before the reply. Values are copied. */
void req_set_header(struct req *r, const char *name, struct str value);
void req_add_header(struct req *r, const char *name, struct str value); /* repeatable: Set-Cookie */

enum err req_reply(struct req *r, int status, const char *content_type, struct str body);
enum err req_reply_empty(struct req *r, int status);
/* Encodes *value by schema. */
enum err req_reply_json(struct req *r, int status, const struct json_schema *schema,
                        const void *value);
/* A body written directly: w = req_json_begin(r); …; return req_json_end(r, 200); */
struct json_writer *req_json_begin(struct req *r);
enum err req_json_end(struct req *r, int status);

/* The error envelope; text NULL takes the route's or the catalogue's text. */
enum err req_fail(struct req *r, enum err e);
enum err req_failf(struct req *r, enum err e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Members of "details", set before the failure: raw JSON text. */
void req_detail(struct req *r, const char *key, struct str raw_json);
void req_detail_str(struct req *r, const char *key, struct str value);
/* details.fields[field] = message; 422 with all of them by req_fail(r, ERR_VALIDATION_ERROR). */
void req_field_error(struct req *r, const char *field, const char *message);
bool req_has_field_errors(const struct req *r);
void req_retry_after(struct req *r, int seconds);
bool req_is_answered(const struct req *r);

/* Streaming replies: headers, then pieces; suspends while the client reads slowly.
 * length < 0: chunked (or until close for HTTP/1.0). */
MUST_CHECK enum err CO_FN req_stream_begin(struct req *r, int status, const char *content_type,
                                           int64_t length);
MUST_CHECK enum err CO_FN req_stream_write(struct req *r, struct str piece);
MUST_CHECK enum err CO_FN req_stream_end(struct req *r);

/* Takes the connection over after a 101 (ws): the caller owns the bufferevent; bytes already
 * received are in its input buffer. */
struct bufferevent *req_hijack(struct req *r);
/* Answers with a body that ends with the connection, and gives that to the caller, who writes the
 * body (event streams). NULL when the client is gone. */
struct bufferevent *req_hijack_stream(struct req *r, int status, const char *content_type);

/* The error envelope as bytes, for the gateway and WebSocket refusals. */
struct str error_envelope(struct arena *a, enum err e, struct str text, struct str trace_id,
                          int64_t now_us);
/* The form that the Accept header asks for: the envelope, or RFC 9457 problem details. */
struct str error_body(struct arena *a, struct str accept, enum err e, struct str text,
                      struct str trace_id, const char **content_type);

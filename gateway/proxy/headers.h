#pragma once
/* Header lists that plugins may change, and what the gateway itself does with each header. */
#include "head.h"

/* Growing list in an arena; slices are borrowed. */
struct header_list {
    struct http_header *items;
    int count, cap;
};

/* The first of that name, absent when there is none. */
struct str headers_get(const struct header_list *l, struct str name);
void headers_add(struct arena *a, struct header_list *l, struct str name, struct str value);
/* Replaces all of that name by one. */
void headers_set(struct arena *a, struct header_list *l, struct str name, struct str value);
/* How many were removed. */
int headers_remove(struct header_list *l, struct str name);

enum header_kind {
    HEADER_OTHER,
    HEADER_HOP,        /* of this connection only: never forwarded (RFC 9110 §7.6.1) */
    HEADER_CONNECTION, /* a hop header that names others */
    HEADER_LENGTH,     /* Content-Length: written from the framing */
    HEADER_HOST,
    HEADER_FORWARDED,   /* who the client is: believed from trusted proxies only */
    HEADER_IDENTITY,    /* X-Consumer-* and X-Credential-*: only the gateway may say that */
    HEADER_TRACEPARENT, /* or tracestate */
    HEADER_REQUEST_ID,
    HEADER_TRACE_ID,
};
enum header_kind header_kind(struct str name);

/* Whether a Connection header of the list names this header. */
bool headers_connection_names(const struct header_list *l, struct str name);

/* The value of a cookie, found in any Cookie header; absent when there is none. */
struct str headers_cookie(const struct header_list *l, struct str name);

#pragma once
/*
 * Strict parsing of HTTP/1.1 message heads (RFC 9112), shared by server and gateway. The syntax
 * check refuses what lets two parsers disagree: bare CR or LF, NUL, blanks before a colon, folded
 * lines, repeated or conflicting Content-Length, Content-Length with Transfer-Encoding, any
 * transfer coding but a final "chunked".
 */
#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "err.h"
#include "str.h"

struct evbuffer;

#define HTTP_MAX_HEADERS 100

struct http_header {
    struct str name, value; /* as received; value trimmed */
};

struct http_head {
    struct str method, target; /* requests */
    int status;                /* responses */
    struct str reason;
    int minor_version; /* 0 or 1 */
    struct http_header *headers;
    int header_count;
    int64_t content_length;                                    /* -1: absent */
    bool is_chunked, keep_alive, expects_continue, is_upgrade; /* upgrade: Connection names it */
};

/*
 * Looks for the blank line that ends the head at the start of in: the length of the head including
 * it, or 0 while it has not arrived. *scanned is 0 for a new message and remembers how far the last
 * call came. Empty lines before the head are dropped; a bare LF counts as a line end here, so that
 * the parser gets to see and refuse it. evbuffer_pullup(in, length) then gives the text.
 */
size_t http_head_find(struct evbuffer *in, size_t *scanned);

/*
 * Parses text, which ends with the blank line. Slices point into text. Requests: ERR_INVALID_INPUT,
 * ERR_VERSION_NOT_SUPPORTED, ERR_HEADERS_TOO_LARGE (more than HTTP_MAX_HEADERS),
 * ERR_NOT_IMPLEMENTED (a coding before the final chunked); an HTTP/1.1 request without exactly one
 * Host is malformed. Responses: ERR_BAD_GATEWAY. *why is static.
 */
MUST_CHECK enum err http_parse_request_head(struct arena *a, struct str text, struct http_head *out,
                                            const char **why);
MUST_CHECK enum err http_parse_response_head(struct arena *a, struct str text,
                                             struct http_head *out, const char **why);

/* First header of that name (case-insensitive); absent when there is none. */
struct str http_head_get(const struct http_head *h, struct str name);
/* Whether a comma-separated header lists the token (case-insensitive). */
bool http_head_has_token(const struct http_head *h, struct str name, struct str token);

/* Splits a target in origin or absolute form: path (still encoded) and query (without '?'). */
bool http_split_target(struct str target, struct str *path, struct str *query);

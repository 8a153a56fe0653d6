#pragma once
/*
 * Routes are tables. From a table come 404, 405, 401, 403, 415, 400 and 422 before a handler runs,
 * log and metric labels, the OpenAPI document and the authorisation test matrix.
 */
#include "err.h"
#include "json.h"

struct req;

enum route_auth {
    AUTH_NONE,     /* open to everyone */
    AUTH_OPTIONAL, /* a token is used when there is one; a bad one is refused */
    AUTH_USER,     /* a person's access token */
    AUTH_SERVICE,  /* a service token */
    AUTH_ANY,      /* a person or a service */
};

enum route_flags {
    ROUTE_STREAM = 1,   /* the handler reads the body itself (req_body_next) */
    ROUTE_UPGRADE = 2,  /* WebSocket */
    ROUTE_HIDDEN = 4,   /* not in OpenAPI */
    ROUTE_RAW_JSON = 8, /* any JSON object, decoded by the handler (req_json) */
    ROUTE_BODY_OPTIONAL = 16,
    ROUTE_LOGIN = 32, /* only with the token of a login: no API token */
};

/* A handler answers with req_reply*, or returns an error and the server answers for it. */
typedef enum err (*route_fn)(struct req *r);

/* Replaces the default text of an error on one route (documented texts of the simple surface). */
struct route_text {
    enum err err;
    const char *text;
};

struct route {
    const char *method;  /* "GET" also answers HEAD */
    const char *pattern; /* "/tickets/{id}"; a trailing slash is optional for clients;
                            a final "{rest*}" takes the remaining segments */
    enum route_auth auth;
    int permission; /* index into the permission table, 0: none beyond auth */
    route_fn handler;
    const char *summary;             /* OpenAPI */
    const struct json_schema *query; /* decoded query parameters, NULL: ignored */
    const struct json_schema *body;  /* decoded JSON body, NULL: none */
    /* Adds field errors of the body that a schema cannot state (req_field_error), also where the
     * schema has found values it does not like; r->body has the good ones. May be NULL. */
    void (*check)(struct req *r);
    const struct json_schema *reply;
    int success;            /* documented status, 0: 200 */
    const enum err *errors; /* documented errors beyond the implied ones, ERR_OK ends */
    unsigned flags;
    const struct route_text *texts; /* .text == NULL ends */
    int64_t max_body;               /* 0: the server's limit */
};

struct route_table;

/* Compiles the arrays (terminated by .method == NULL) into one matcher; literal segments win over
 * parameters. Aborts on a duplicate. */
struct route_table *route_table_new(const struct route *const *arrays, size_t n);
void route_table_free(struct route_table *t);

struct route_match {
    const struct route *route; /* NULL: no such path, or not with this method (then allow is set) */
    struct str params[8];      /* still percent-encoded, in pattern order */
    struct str allow;          /* "GET, HEAD, POST" for 405 and OPTIONS */
};
/* path is the encoded path. */
void route_table_match(const struct route_table *t, struct arena *a, struct str method,
                       struct str path, struct route_match *out);
const struct route *route_table_at(const struct route_table *t, size_t i); /* NULL at the end */

/* The OpenAPI 3.1 document of the table. */
struct permission_info {
    const char *name;
};
void openapi_write(struct json_writer *w, const struct route_table *t, const char *title,
                   const char *version, const char *(*permission_name)(int permission));

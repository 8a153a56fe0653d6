#pragma once
/* The handlers of the administration's route table and the schemas of what they take. */
#include "req.h"

/* audit.c */
struct audit_query {
    int64_t actor_id;
    struct str action, target_type, target_id, result, cursor;
    int64_t from, to, limit;
};
extern const struct json_schema AUDIT_QUERY, AUDIT_PAGE_VIEW;
enum err CO_FN audit_list_get(struct req *r);

/* api_token.c */
struct api_token_body {
    struct str name;
    struct json_array scopes;
    int64_t expires_at, expires_in_days;
};
struct api_token_query {
    int64_t user_id, before;
};
struct introspect_body {
    struct str token, address;
};
extern const struct json_schema API_TOKEN_BODY, API_TOKEN_ROTATE_BODY, API_TOKEN_QUERY,
    INTROSPECT_BODY;
extern const struct json_schema API_TOKEN_VIEW, API_TOKEN_LIST_VIEW, INTROSPECT_VIEW;
enum err CO_FN api_token_post(struct req *r);
enum err CO_FN api_token_list_get(struct req *r);
enum err CO_FN api_token_get(struct req *r);
enum err CO_FN api_token_delete(struct req *r);
enum err CO_FN api_token_rotate(struct req *r);
enum err CO_FN api_token_introspect(struct req *r);
/* exchange_token of struct service_desc. */
MUST_CHECK enum err CO_FN api_token_exchange(struct req *r, struct str token, struct str *jwt);

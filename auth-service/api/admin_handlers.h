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

/* role_edit.c */
struct system_body {
    struct str slug, name;
};
struct role_body {
    struct str system, name, description;
};
extern const struct json_schema SYSTEM_BODY, SYSTEM_PATCH, ROLE_BODY, ROLE_PATCH;
extern const struct json_schema SYSTEM_VIEW, ROLE_VIEW; /* role.c */
enum err CO_FN system_get(struct req *r);
enum err CO_FN system_post(struct req *r);
enum err CO_FN system_patch(struct req *r);
enum err CO_FN system_delete(struct req *r);
enum err CO_FN role_get(struct req *r);
enum err CO_FN role_post(struct req *r);
enum err CO_FN role_patch(struct req *r);
enum err CO_FN role_delete(struct req *r);

/* permission.c */
extern const struct json_schema PERMISSION_LIST_VIEW, OWN_PERMISSIONS_VIEW;
enum err permission_list_get(struct req *r);
enum err permission_own_get(struct req *r);

/* access.c: refused of struct service_desc. */
void CO_FN access_refused(struct req *r, enum err why);

/* preference.c */
extern const struct json_schema PREFERENCE_VIEW;
enum err CO_FN preference_get(struct req *r);
enum err CO_FN preference_put(struct req *r);
enum err CO_FN preference_patch(struct req *r);

/* import.c, export.c */
struct import_query {
    int8_t dry_run;
};
struct export_query {
    struct str format, search, system, role, department;
    int8_t active;
};
extern const struct json_schema IMPORT_QUERY, IMPORT_VIEW, EXPORT_QUERY;
enum err CO_FN user_import_post(struct req *r);
enum err CO_FN user_export_get(struct req *r);

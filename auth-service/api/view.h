#pragma once
/* What the outside sees: the replies' structs and schemas. */
#include "api/token.h"
#include "domain/user.h"
#include "req.h"

struct user_view {
    int64_t id;
    struct str email, first_name, last_name, full_name, department, phone, role;
    struct json_array roles; /* struct user_role */
    int8_t active, email_verified;
    int64_t version, created_at, updated_at, last_login_at;
};
extern const struct json_schema USER_VIEW;
struct user_view user_view(struct arena *a, const struct user *u);

extern const struct json_schema HELD_ROLE; /* struct user_role */
struct json_array held_role_array(struct arena *a, const struct user_role *held, size_t n);

struct held_roles_view {
    int64_t user_id;
    struct str role;         /* the summary */
    struct json_array roles; /* struct user_role */
};
extern const struct json_schema HELD_ROLES_VIEW;
struct held_roles_view held_roles_view(struct arena *a, const struct user *u);

/* "3", with the quotes. */
struct str etag_of_version(struct arena *a, int64_t version);
/* Answers with the person and their version as ETag. */
enum err user_reply(struct req *r, int status, const struct user *u);
/* The version of the If-Match header, JSON_NO_INT without one; ERR_PRECONDITION_FAILED for an
 * entity tag we never issued. */
MUST_CHECK enum err user_if_match(struct req *r, int64_t *version);

/* POST /token and /token/refresh */
extern const struct json_schema TOKEN_PAIR_VIEW; /* struct token_pair */

/* POST /auth/login */
struct token_view {
    struct str token;
};
extern const struct json_schema TOKEN_VIEW;

/* POST /api/v1/auth/login, register and refresh */
struct login_view {
    struct user_view user;
    struct str token, access, refresh; /* absent: no session before the address is verified */
    int8_t verification_email_sent;    /* set by a registration only */
};
extern const struct json_schema LOGIN_VIEW;
struct login_view login_view(struct arena *a, const struct user *u, const struct token_pair *p);

/* POST /api/v1/users/login/api */
struct api_login_view {
    int8_t success, otp_required;
    struct str message, access_token, refresh_token;
    struct user_view user;
    struct json_array system_roles; /* struct user_role */
};
extern const struct json_schema API_LOGIN_VIEW;

/* POST /api/v1/auth/validate */
struct validation_view {
    int8_t valid;
    struct user_view user;
};
extern const struct json_schema VALIDATION_VIEW;

/* POST /auth/register */
struct registration_view {
    int64_t id;
    struct str email, role;
};
extern const struct json_schema REGISTRATION_VIEW;

/* GET /auth/me: the claims, as clients of the simple surface read them */
struct claims_view {
    int64_t sub;
    struct str role, email;
    int64_t iat, exp;
};
struct me_view {
    struct claims_view user;
};
extern const struct json_schema ME_VIEW;

struct message_view {
    struct str message;
};
extern const struct json_schema MESSAGE_VIEW;

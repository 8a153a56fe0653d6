#include "api/view.h"

#include <inttypes.h>

static const struct json_field ROLE_FIELDS[] = {
    {"system", JK_STR, offsetof(struct user_role, system)},
    {"role", JK_STR, offsetof(struct user_role, role)},
    {"system_role_id", JK_INT, offsetof(struct user_role, system_role_id)},
};
JSON_SCHEMA(HELD_ROLE, "HeldRole", struct user_role, ROLE_FIELDS);

#define USER_AT(member) offsetof(struct user_view, member)
static const struct json_field USER_FIELDS[] = {
    {"id", JK_INT, USER_AT(id)},
    {"email", JK_STR, USER_AT(email)},
    {"first_name", JK_STR, USER_AT(first_name)},
    {"last_name", JK_STR, USER_AT(last_name)},
    {"full_name", JK_STR, USER_AT(full_name)},
    {"department", JK_STR, USER_AT(department)},
    {"phone", JK_STR, USER_AT(phone)},
    {"role", JK_STR, USER_AT(role), .doc = "user, staff or admin: the summary of the roles"},
    {"roles", JK_ARRAY, USER_AT(roles), .sub = &HELD_ROLE},
    {"active", JK_BOOL, USER_AT(active)},
    {"email_verified", JK_BOOL, USER_AT(email_verified)},
    {"version", JK_INT, USER_AT(version), .doc = "grows with every change; also the ETag"},
    {"created_at", JK_TIME, USER_AT(created_at)},
    {"updated_at", JK_TIME, USER_AT(updated_at)},
    {"last_login_at", JK_TIME, USER_AT(last_login_at)},
};
JSON_SCHEMA(USER_VIEW, "User", struct user_view, USER_FIELDS);

struct json_array held_role_array(struct arena *a, const struct user_role *held, size_t n)
{
    struct user_role *roles = ARENA_ARRAY(a, struct user_role, n);

    if (n)
        memcpy(roles, held, n * sizeof *roles);
    return (struct json_array){roles, n};
}

static struct json_array role_array(struct arena *a, const struct user *u)
{
    return held_role_array(a, u->roles, u->role_count);
}

struct user_view user_view(struct arena *a, const struct user *u)
{
    return (struct user_view){
        .id = u->id,
        .email = u->email,
        .first_name = u->first_name,
        .last_name = u->last_name,
        .full_name = u->full_name,
        .department = u->department,
        .phone = u->phone,
        .role = user_role_summary(u),
        .roles = role_array(a, u),
        .active = u->active,
        .email_verified = u->email_verified_at != INT64_MIN,
        .version = u->version,
        .created_at = u->created_at,
        .updated_at = u->updated_at,
        .last_login_at = u->last_login_at,
    };
}

static const struct json_field HELD_ROLES_FIELDS[] = {
    {"user_id", JK_INT, offsetof(struct held_roles_view, user_id)},
    {"role", JK_STR, offsetof(struct held_roles_view, role)},
    {"roles", JK_ARRAY, offsetof(struct held_roles_view, roles), .sub = &HELD_ROLE},
};
JSON_SCHEMA(HELD_ROLES_VIEW, "HeldRoles", struct held_roles_view, HELD_ROLES_FIELDS);

struct held_roles_view held_roles_view(struct arena *a, const struct user *u)
{
    return (struct held_roles_view){u->id, user_role_summary(u), role_array(a, u)};
}

struct str etag_of_version(struct arena *a, int64_t version)
{
    return str_printf(a, "\"%" PRId64 "\"", version);
}

enum err user_reply(struct req *r, int status, const struct user *u)
{
    struct user_view view = user_view(r->arena, u);

    req_set_header(r, "ETag", etag_of_version(r->arena, u->version));
    return req_reply_json(r, status, &USER_VIEW, &view);
}

enum err user_if_match(struct req *r, int64_t *version)
{
    struct str tag = str_trim(req_header(r, "If-Match"));

    *version = JSON_NO_INT;
    if (str_is_empty(tag) || str_eq(tag, STR("*")))
        return ERR_OK;
    if (tag.len < 3 || !str_has_prefix(tag, STR("\"")) || !str_has_suffix(tag, STR("\"")) ||
        !str_to_i64(str_slice(tag, 1, tag.len - 1), version))
        return ERR_PRECONDITION_FAILED;
    return ERR_OK;
}

static const struct json_field TOKEN_PAIR_FIELDS[] = {
    {"access", JK_STR, offsetof(struct token_pair, access)},
    {"refresh", JK_STR, offsetof(struct token_pair, refresh)},
};
JSON_SCHEMA(TOKEN_PAIR_VIEW, "TokenPair", struct token_pair, TOKEN_PAIR_FIELDS);

static const struct json_field TOKEN_FIELDS[] = {
    {"token", JK_STR, offsetof(struct token_view, token)},
};
JSON_SCHEMA(TOKEN_VIEW, "Token", struct token_view, TOKEN_FIELDS);

static const struct json_field LOGIN_FIELDS[] = {
    {"user", JK_OBJECT, offsetof(struct login_view, user), .sub = &USER_VIEW},
    {"token", JK_STR, offsetof(struct login_view, token), JF_OMIT,
     .doc = "the access token again; no tokens before the address is verified where that is asked"},
    {"access", JK_STR, offsetof(struct login_view, access), JF_OMIT},
    {"refresh", JK_STR, offsetof(struct login_view, refresh), JF_OMIT},
    {"verification_email_sent", JK_BOOL, offsetof(struct login_view, verification_email_sent),
     JF_OMIT},
};
JSON_SCHEMA(LOGIN_VIEW, "Login", struct login_view, LOGIN_FIELDS);

struct login_view login_view(struct arena *a, const struct user *u, const struct token_pair *p)
{
    return (struct login_view){user_view(a, u), p->access, p->access, p->refresh, JSON_UNSET};
}

static const struct json_field SYSTEM_ROLE_FIELDS[] = {
    {"system_slug", JK_STR, offsetof(struct user_role, system)},
    {"role_name", JK_STR, offsetof(struct user_role, role)},
    {"system_role_id", JK_INT, offsetof(struct user_role, system_role_id)},
};
static JSON_SCHEMA(SYSTEM_ROLE, "SystemRole", struct user_role, SYSTEM_ROLE_FIELDS);

#define API_AT(member) offsetof(struct api_login_view, member)
static const struct json_field API_LOGIN_FIELDS[] = {
    {"success", JK_BOOL, API_AT(success)},
    {"otp_required", JK_BOOL, API_AT(otp_required)},
    {"message", JK_STR, API_AT(message)},
    {"access_token", JK_STR, API_AT(access_token)},
    {"refresh_token", JK_STR, API_AT(refresh_token)},
    {"user", JK_OBJECT, API_AT(user), .sub = &USER_VIEW},
    {"system_roles", JK_ARRAY, API_AT(system_roles), .sub = &SYSTEM_ROLE},
};
JSON_SCHEMA(API_LOGIN_VIEW, "ApiLogin", struct api_login_view, API_LOGIN_FIELDS);

static const struct json_field VALIDATION_FIELDS[] = {
    {"valid", JK_BOOL, offsetof(struct validation_view, valid)},
    {"user", JK_OBJECT, offsetof(struct validation_view, user), .sub = &USER_VIEW},
};
JSON_SCHEMA(VALIDATION_VIEW, "Validation", struct validation_view, VALIDATION_FIELDS);

static const struct json_field REGISTRATION_FIELDS[] = {
    {"id", JK_INT, offsetof(struct registration_view, id)},
    {"email", JK_STR, offsetof(struct registration_view, email)},
    {"role", JK_STR, offsetof(struct registration_view, role)},
};
JSON_SCHEMA(REGISTRATION_VIEW, "Registration", struct registration_view, REGISTRATION_FIELDS);

static const struct json_field CLAIMS_FIELDS[] = {
    {"sub", JK_INT, offsetof(struct claims_view, sub)},
    {"role", JK_STR, offsetof(struct claims_view, role)},
    {"email", JK_STR, offsetof(struct claims_view, email)},
    {"iat", JK_INT, offsetof(struct claims_view, iat)},
    {"exp", JK_INT, offsetof(struct claims_view, exp)},
};
static JSON_SCHEMA(CLAIMS_VIEW, "Claims", struct claims_view, CLAIMS_FIELDS);

static const struct json_field ME_FIELDS[] = {
    {"user", JK_OBJECT, offsetof(struct me_view, user), .sub = &CLAIMS_VIEW},
};
JSON_SCHEMA(ME_VIEW, "Me", struct me_view, ME_FIELDS);

static const struct json_field MESSAGE_FIELDS[] = {
    {"message", JK_STR, offsetof(struct message_view, message)},
};
JSON_SCHEMA(MESSAGE_VIEW, "Message", struct message_view, MESSAGE_FIELDS);

#pragma once
/* The handlers of the route table and the schemas of what they take. One block a file. */
#include "req.h"

/* login.c */
struct login_body {
    struct str email, password, code;
};
extern const struct json_schema LOGIN_BODY;
enum err CO_FN login_token_pair(struct req *r); /* the three views of one login */
enum err CO_FN login_simple(struct req *r);
enum err CO_FN login_full(struct req *r);
enum err CO_FN login_api(struct req *r);
enum err CO_FN login_request_code(struct req *r);

/* register.c */
struct register_body {
    struct str email, password, first_name, last_name, full_name, department, phone, role;
};
extern const struct json_schema REGISTER_BODY;
void register_check(struct req *r); /* the password */
enum err CO_FN register_simple(struct req *r);
enum err CO_FN register_full(struct req *r);

/* session.c */
struct refresh_body {
    struct str refresh;
};
extern const struct json_schema REFRESH_BODY;
struct verify_body {
    struct str token;
};
extern const struct json_schema VERIFY_BODY, VALIDATE_BODY;
enum err CO_FN session_refresh_pair(struct req *r);
enum err CO_FN session_refresh_full(struct req *r);
enum err CO_FN session_verify(struct req *r);
enum err CO_FN session_validate(struct req *r);
enum err CO_FN session_logout(struct req *r);

/* session_list.c */
extern const struct json_schema SESSION_LIST_VIEW, SESSIONS_ENDED_VIEW;
enum err CO_FN session_list_get(struct req *r);
enum err CO_FN session_delete(struct req *r);
enum err CO_FN session_delete_others(struct req *r);

/* password.c */
struct password_change_body {
    struct str current_password, new_password, confirm_password;
};
struct password_reset_body {
    struct str token, password, password_confirm;
};
struct password_body {
    struct str password;
};
struct email_body {
    struct str email;
};
extern const struct json_schema PASSWORD_CHANGE_BODY, PASSWORD_RESET_BODY, PASSWORD_BODY,
    EMAIL_BODY;
enum err CO_FN password_change(struct req *r);
enum err CO_FN password_verify(struct req *r);
enum err CO_FN password_forgot(struct req *r);
enum err CO_FN password_reset(struct req *r);
/* Queues the mail an anonymous caller asks for; each address may ask for so many. */
MUST_CHECK enum err CO_FN mail_requested(struct req *r, struct db_session *s, const char *kind,
                                         struct str email);

/* factor.c */
struct code_body {
    struct str code;
};
struct proof_body {
    struct str password, code;
};
extern const struct json_schema CODE_BODY, PROOF_BODY, FACTOR_VIEW, TOTP_VIEW, RECOVERY_CODES_VIEW;
enum err CO_FN factor_get(struct req *r);
enum err CO_FN totp_post(struct req *r);
enum err CO_FN totp_confirm(struct req *r);
enum err CO_FN totp_disable(struct req *r);
enum err CO_FN email_factor_post(struct req *r);
enum err CO_FN email_factor_confirm(struct req *r);
enum err CO_FN email_factor_disable(struct req *r);
enum err CO_FN factor_code_post(struct req *r);
enum err CO_FN recovery_codes_post(struct req *r);

/* challenge.c */
struct challenge_body {
    struct str mfa_token, code;
};
extern const struct json_schema CHALLENGE_BODY, CHALLENGE_VIEW, MFA_TOKEN_BODY;
enum err CO_FN challenge_answer(struct req *r);
enum err CO_FN challenge_mail_code(struct req *r);

/* invitation.c */
struct invitation_body {
    struct str email, first_name, last_name, department;
    struct json_array roles;
};
struct accept_body {
    struct str token, password, first_name, last_name, full_name, phone;
};
struct invitation_query {
    int64_t page, page_size;
    struct str status;
};
extern const struct json_schema INVITATION_BODY, ACCEPT_BODY, INVITATION_QUERY, INVITATION_VIEW,
    INVITATION_PAGE_VIEW;
enum err CO_FN invitation_post(struct req *r);
enum err CO_FN invitation_list_get(struct req *r);
enum err CO_FN invitation_resend(struct req *r);
enum err CO_FN invitation_delete(struct req *r);
void accept_check(struct req *r); /* the password */
enum err CO_FN invitation_accept(struct req *r);

/* email.c */
struct link_body {
    struct str token;
};
extern const struct json_schema LINK_BODY;
enum err CO_FN email_verify(struct req *r);
enum err CO_FN email_resend(struct req *r);

/* profile.c */
struct profile_body {
    struct str first_name, last_name, full_name, phone, role;
    struct json_array roles;
};
extern const struct json_schema PROFILE_BODY;
enum err me_claims(struct req *r);
enum err CO_FN profile_get(struct req *r);
enum err CO_FN profile_put(struct req *r);

/* user.c */
struct user_query {
    int64_t page, page_size;
    struct str search, system, role, department, sort, cursor;
    int8_t active;
};
extern const struct json_schema USER_QUERY;
struct user_body {
    struct str email, password, first_name, last_name, full_name, department, phone, role;
};
extern const struct json_schema USER_BODY;
struct user_patch {
    struct str email, first_name, last_name, full_name, department, phone;
    int8_t active;
};
extern const struct json_schema USER_PATCH;
struct snapshot_query {
    int64_t after, limit;
};
extern const struct json_schema SNAPSHOT_QUERY;
extern const struct json_schema USER_PAGE_VIEW, SNAPSHOT_VIEW;
enum err CO_FN user_list_get(struct req *r);
enum err CO_FN user_get(struct req *r);
enum err CO_FN user_post(struct req *r);
enum err CO_FN user_patch(struct req *r);
enum err CO_FN user_activate(struct req *r);
enum err CO_FN user_deactivate(struct req *r);
enum err CO_FN user_delete(struct req *r);
enum err CO_FN user_snapshot(struct req *r);

/* role.c */
struct role_query {
    struct str system;
};
extern const struct json_schema ROLE_QUERY;
struct grant_body {
    int64_t role_id;
    struct str system, role;
};
extern const struct json_schema GRANT_BODY;
extern const struct json_schema SYSTEM_LIST_VIEW, ROLE_LIST_VIEW;
enum err CO_FN system_list(struct req *r);
enum err CO_FN role_list(struct req *r);
enum err CO_FN user_role_list(struct req *r);
enum err CO_FN user_role_grant(struct req *r);
enum err CO_FN user_role_revoke(struct req *r);

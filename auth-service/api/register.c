/* Self-registration in its two views. */
#include "api/account.h"
#include "api/audit.h"
#include "api/handlers.h"
#include "api/login.h"
#include "api/view.h"
#include "mail/letter.h"
#include "mail/sender.h"

#define AT(member) offsetof(struct register_body, member)
static const struct json_field REGISTER_FIELDS[] = {
    {"email", JK_EMAIL, AT(email), JF_REQUIRED | JF_NON_EMPTY},
    {"password", JK_STR, AT(password), JF_REQUIRED | JF_NON_EMPTY | JF_SECRET},
    {"first_name", JK_STR, AT(first_name), 0, 0, 100, .alias = "firstName"},
    {"last_name", JK_STR, AT(last_name), 0, 0, 100, .alias = "lastName"},
    {"full_name", JK_STR, AT(full_name), 0, 0, 200, .alias = "name"},
    {"department", JK_STR, AT(department), 0, 0, 100},
    {"phone", JK_STR, AT(phone), 0, 0, 40, .alias = "phone_number"},
    {"role", JK_ENUM, AT(role), .choices = "user|staff|admin",
     .doc = "other than user only with ALLOW_ROLE_AT_REGISTRATION"},
};
JSON_SCHEMA(REGISTER_BODY, "RegisterRequest", struct register_body, REGISTER_FIELDS);

/* The roles of the new person; ERR_FORBIDDEN when they ask for more than an employee's. */
static enum err choose_roles(const struct auth_app *app, struct str word,
                             int64_t role_ids[USER_SUMMARY_ROLES_MAX], size_t *n)
{
    if (str_is_empty(word))
        word = STR("user");
    if (!str_eq(word, STR("user")) && !app->config->allow_role_at_registration)
        return ERR_FORBIDDEN;
    return user_summary_roles(word, role_ids, n) ? ERR_OK : ERR_VALIDATION_ERROR;
}

void register_check(struct req *r)
{
    const struct register_body *body = r->body;
    const char *problem =
        password_problem(&auth_app(r)->password_policy, body->password, body->email);

    if (problem)
        req_field_error(r, "password", problem);
}

static enum err CO_FN record(struct db_session *s, const struct user *u, void *arg)
{
    struct req *r = arg;
    struct audit_event e = audit_of(r, "user.register", "user", u->id);
    enum err rc;

    e.origin.actor_id = u->id;
    rc = audit_put(s, &e);
    return rc ? rc : mail_queue(r, s, LETTER_VERIFY_EMAIL, u->email, u->id);
}

static enum err CO_FN sign_up(struct req *r, struct db_session *s, struct user *out)
{
    struct auth_app *app = auth_app(r);
    const struct register_body *body = r->body;
    const struct change_origin origin = account_origin(r);
    int64_t role_ids[USER_SUMMARY_ROLES_MAX];
    struct account_new wanted = {
        .email = body->email,
        .password = body->password,
        .first_name = body->first_name,
        .last_name = body->last_name,
        .full_name = body->full_name,
        .department = body->department,
        .phone = body->phone,
        .role_ids = role_ids,
        .granted_by = JSON_NO_INT,
        .also = record,
        .also_arg = r,
    };
    enum err rc = choose_roles(app, body->role, role_ids, &wanted.role_count);

    if (rc == ERR_FORBIDDEN) {
        struct audit_event e = audit_of(r, "user.register", NULL, 0);
        e.details = audit_detail(r->arena, "role", body->role);
        return audit_refuse(r, &e, rc);
    }
    if (rc)
        return rc;
    return account_create(app, s, &wanted, &origin, out);
}

enum err CO_FN register_simple(struct req *r)
{
    struct db_session *s;
    struct user user;
    struct registration_view view;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = sign_up(r, s, &user);
    if (rc)
        return rc;
    view = (struct registration_view){user.id, user.email, user_role_summary(&user)};
    return req_reply_json(r, 201, &REGISTRATION_VIEW, &view);
}

enum err CO_FN register_full(struct req *r)
{
    struct db_session *s;
    struct user user;
    struct token_pair pair = {STR_NULL, STR_NULL};
    struct login_view view;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = sign_up(r, s, &user);
    if (rc == ERR_OK && login_may_enter(r, &user) == ERR_OK)
        rc = login_open_session(r, s, &user, "registration", &pair);
    if (rc)
        return rc;
    view = login_view(r->arena, &user, &pair);
    view.verification_email_sent = JSON_TRUE;
    return req_reply_json(r, 201, &LOGIN_VIEW, &view);
}

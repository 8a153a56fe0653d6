/* Inviting people by mail, and accepting. */
#include "store/invitation.h"
#include "actor.h"
#include "api/account.h"
#include "api/administer.h"
#include "api/audit.h"
#include "api/handlers.h"
#include "api/login.h"
#include "api/page.h"
#include "api/view.h"
#include "clock.h"
#include "mail/letter.h"
#include "mail/sender.h"
#include "password/secret.h"
#include "store/role.h"
#include "store/user.h"
#include "write_run.h"

#define PAGE_SIZE 10
#define PAGE_SIZE_MAX 100
#define ROLES_MAX 20

/* ---- bodies and views ---------------------------------------------------------------------- */

struct invited_role {
    int64_t role_id;
    struct str system, role;
};
static const struct json_field ROLE_FIELDS[] = {
    {"role_id", JK_INT, offsetof(struct invited_role, role_id), .alias = "system_role_id"},
    {"system", JK_STR, offsetof(struct invited_role, system),
     .doc = "with role, instead of role_id"},
    {"role", JK_STR, offsetof(struct invited_role, role)},
};
static JSON_SCHEMA(INVITED_ROLE, "InvitedRole", struct invited_role, ROLE_FIELDS);

#define BODY_AT(member) offsetof(struct invitation_body, member)
static const struct json_field BODY_FIELDS[] = {
    {"email", JK_EMAIL, BODY_AT(email), JF_REQUIRED | JF_NON_EMPTY},
    {"first_name", JK_STR, BODY_AT(first_name), 0, 0, 100, .alias = "firstName"},
    {"last_name", JK_STR, BODY_AT(last_name), 0, 0, 100, .alias = "lastName"},
    {"department", JK_STR, BODY_AT(department), 0, 0, 100},
    {"roles", JK_ARRAY, BODY_AT(roles), 0, 0, ROLES_MAX, .sub = &INVITED_ROLE,
     .doc = "an hdts Employee without"},
};
JSON_SCHEMA(INVITATION_BODY, "InvitationRequest", struct invitation_body, BODY_FIELDS);

#define ACCEPT_AT(member) offsetof(struct accept_body, member)
static const struct json_field ACCEPT_FIELDS[] = {
    {"token", JK_STR, ACCEPT_AT(token), JF_REQUIRED | JF_NON_EMPTY | JF_SECRET,
     .doc = "of the mail"},
    {"password", JK_STR, ACCEPT_AT(password), JF_REQUIRED | JF_NON_EMPTY | JF_SECRET},
    {"first_name", JK_STR, ACCEPT_AT(first_name), 0, 0, 100, .alias = "firstName"},
    {"last_name", JK_STR, ACCEPT_AT(last_name), 0, 0, 100, .alias = "lastName"},
    {"full_name", JK_STR, ACCEPT_AT(full_name), 0, 0, 200, .alias = "name"},
    {"phone", JK_STR, ACCEPT_AT(phone), 0, 0, 40, .alias = "phone_number"},
};
JSON_SCHEMA(ACCEPT_BODY, "AcceptRequest", struct accept_body, ACCEPT_FIELDS);

#define QUERY_AT(member) offsetof(struct invitation_query, member)
static const struct json_field QUERY_FIELDS[] = {
    {"page", JK_INT, QUERY_AT(page), JF_COERCE, 1, 1000000},
    {"page_size", JK_INT, QUERY_AT(page_size), JF_COERCE, 1, PAGE_SIZE_MAX, .alias = "limit"},
    {"status", JK_ENUM, QUERY_AT(status), .choices = "pending|expired|accepted|revoked"},
};
JSON_SCHEMA(INVITATION_QUERY, "InvitationQuery", struct invitation_query, QUERY_FIELDS);

struct invitation_view {
    int64_t id;
    struct str email, first_name, last_name, department, status;
    struct json_array roles;
    int64_t invited_by, created_at, expires_at, accepted_at, revoked_at, user_id;
};
#define VIEW_AT(member) offsetof(struct invitation_view, member)
static const struct json_field VIEW_FIELDS[] = {
    {"id", JK_INT, VIEW_AT(id)},
    {"email", JK_STR, VIEW_AT(email)},
    {"first_name", JK_STR, VIEW_AT(first_name)},
    {"last_name", JK_STR, VIEW_AT(last_name)},
    {"department", JK_STR, VIEW_AT(department)},
    {"status", JK_STR, VIEW_AT(status), .doc = "pending, expired, accepted or revoked"},
    {"roles", JK_ARRAY, VIEW_AT(roles), .sub = &HELD_ROLE},
    {"invited_by", JK_INT, VIEW_AT(invited_by)},
    {"created_at", JK_TIME, VIEW_AT(created_at)},
    {"expires_at", JK_TIME, VIEW_AT(expires_at)},
    {"accepted_at", JK_TIME, VIEW_AT(accepted_at)},
    {"revoked_at", JK_TIME, VIEW_AT(revoked_at)},
    {"user_id", JK_INT, VIEW_AT(user_id), .doc = "who it has become"},
};
JSON_SCHEMA(INVITATION_VIEW, "Invitation", struct invitation_view, VIEW_FIELDS);

struct invitation_page {
    int64_t count;
    struct str next, previous;
    struct json_array results;
};
static const struct json_field PAGE_FIELDS[] = {
    {"count", JK_INT, offsetof(struct invitation_page, count), .doc = "of all pages"},
    {"next", JK_STR, offsetof(struct invitation_page, next)},
    {"previous", JK_STR, offsetof(struct invitation_page, previous)},
    {"results", JK_ARRAY, offsetof(struct invitation_page, results), .sub = &INVITATION_VIEW},
};
JSON_SCHEMA(INVITATION_PAGE_VIEW, "InvitationPage", struct invitation_page, PAGE_FIELDS);

static struct str status_of(const struct invitation *i, int64_t now)
{
    if (i->accepted_at != INT64_MIN)
        return STR("accepted");
    if (i->revoked_at != INT64_MIN)
        return STR("revoked");
    return i->expires_at > now ? STR("pending") : STR("expired");
}

static struct invitation_view view_of(struct arena *a, const struct invitation *i, int64_t now)
{
    return (struct invitation_view){
        .id = i->id,
        .email = i->email,
        .first_name = i->first_name,
        .last_name = i->last_name,
        .department = i->department,
        .status = status_of(i, now),
        .roles = held_role_array(a, i->roles, i->role_count),
        .invited_by = i->invited_by,
        .created_at = i->created_at,
        .expires_at = i->expires_at,
        .accepted_at = i->accepted_at,
        .revoked_at = i->revoked_at,
        .user_id = i->user_id,
    };
}

static enum err CO_FN answer_one(struct req *r, struct db_session *s, int status, int64_t id,
                                 struct answer *out)
{
    struct invitation i;
    struct invitation_view view;
    enum err rc = invitation_store_by_id(s, id, &i);

    if (rc)
        return rc;
    view = view_of(r->arena, &i, r->now);
    *out =
        (struct answer){.status = status, .body = answer_json(r->arena, &INVITATION_VIEW, &view)};
    return ERR_OK;
}

/* ---- inviting ------------------------------------------------------------------------------ */

struct inviting {
    struct req *req;
    struct invitation invitation;
    int64_t role_ids[ROLES_MAX];
    size_t role_count;
    const char *action;
};

static enum err CO_FN find_roles(struct req *r, struct db_session *s, struct inviting *k)
{
    const struct invitation_body *body = r->body;
    const struct invited_role *wanted = body->roles.items;

    k->role_count = 0;
    for (size_t i = 0; i < body->roles.count; i++) {
        struct role_row role;
        enum err rc = wanted[i].role_id != JSON_NO_INT
                          ? role_store_by_id(s, wanted[i].role_id, &role)
                          : role_store_by_name(s, wanted[i].system, wanted[i].role, &role);
        if (rc == ERR_NOT_FOUND) {
            req_field_error(r, arena_printf(r->arena, "roles[%zu]", i), "no such role");
            return ERR_VALIDATION_ERROR;
        }
        /* Inviting is granting. */
        if (rc == ERR_OK && role.id != ROLE_HDTS_EMPLOYEE)
            rc = administer_system(s, r->actor, role.system);
        if (rc)
            return rc;
        for (size_t n = 0; n < k->role_count; n++)
            if (k->role_ids[n] == role.id)
                role.id = 0;
        if (role.id)
            k->role_ids[k->role_count++] = role.id;
    }
    if (k->role_count == 0)
        k->role_ids[k->role_count++] = ROLE_HDTS_EMPLOYEE;
    return ERR_OK;
}

/* The mail and the trail of an invitation that was made or renewed. */
static enum err CO_FN announce(struct db_session *s, const struct inviting *k)
{
    const struct audit_event e = audit_of(k->req, k->action, "invitation", k->invitation.id);
    enum err rc = audit_put(s, &e);

    return rc ? rc : mail_queue(k->req, s, LETTER_INVITATION, k->invitation.email, JSON_NO_INT);
}

static enum err CO_FN write_invitation(struct req *r, struct db_session *s, void *arg,
                                       struct answer *out)
{
    struct inviting *k = arg;
    struct user user;
    enum err rc = user_store_by_email(s, k->invitation.email, &user);

    if (rc != ERR_USER_NOT_FOUND)
        return rc ? rc : ERR_DUPLICATE_RESOURCE;
    rc = find_roles(r, s, k);
    if (rc)
        return rc;
    rc = invitation_store_insert(s, &k->invitation, k->role_ids, k->role_count);
    if (rc)
        return rc == ERR_CONFLICT ? ERR_DUPLICATE_RESOURCE : rc;
    rc = announce(s, k);
    return rc ? rc : answer_one(r, s, 201, k->invitation.id, out);
}

static struct str or_empty(struct str s)
{
    return s.p ? str_trim(s) : STR("");
}

static int64_t expiry(struct req *r)
{
    return r->now + auth_app(r)->config->invitation_expiry_s * US_PER_S;
}

enum err CO_FN invitation_post(struct req *r)
{
    const struct invitation_body *body = r->body;
    struct inviting k = {
        .req = r,
        .action = "invitation.create",
        .invitation = {.email = str_trim(body->email),
                       .first_name = or_empty(body->first_name),
                       .last_name = or_empty(body->last_name),
                       .department = or_empty(body->department),
                       .invited_by = r->actor->user_id,
                       .created_at = r->now,
                       .expires_at = expiry(r)},
    };
    enum err rc = write_run(r, req_body_text(r), write_invitation, &k);

    if (rc == ERR_FORBIDDEN) {
        const struct audit_event e = audit_of(r, k.action, NULL, 0);
        return audit_refuse(r, &e, rc);
    }
    return rc;
}

enum err CO_FN invitation_list_get(struct req *r)
{
    const struct invitation_query *q = r->query_args;
    struct page page = page_of(q->page, q->page_size, PAGE_SIZE);
    struct invitation_list list;
    struct invitation_view *views;
    struct invitation_page reply;
    struct db_session *s;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = invitation_store_list(s, q->status, r->now, page.size, (page.number - 1) * page.size,
                                   &list);
    if (rc)
        return rc;
    page.total = list.total;
    views = ARENA_ARRAY(r->arena, struct invitation_view, list.count);
    for (size_t i = 0; i < list.count; i++)
        views[i] = view_of(r->arena, &list.items[i], r->now);
    reply = (struct invitation_page){
        list.total, page_next(r, &page), page_previous(r, &page), {views, list.count}};
    return req_reply_json(r, 200, &INVITATION_PAGE_VIEW, &reply);
}

/* ---- changing an open one ------------------------------------------------------------------ */

static enum err CO_FN write_renewal(struct req *r, struct db_session *s, void *arg,
                                    struct answer *out)
{
    struct inviting *k = arg;
    bool changed;
    enum err rc = invitation_store_by_id(s, k->invitation.id, &k->invitation);

    if (rc == ERR_OK)
        rc = invitation_store_extend(s, k->invitation.id, expiry(r), &changed);
    if (rc == ERR_OK)
        rc = changed ? announce(s, k) : ERR_CONFLICT;
    return rc ? rc : answer_one(r, s, 200, k->invitation.id, out);
}

static enum err CO_FN write_revocation(struct req *r, struct db_session *s, void *arg,
                                       struct answer *out)
{
    struct inviting *k = arg;
    const struct audit_event e = audit_of(r, k->action, "invitation", k->invitation.id);
    bool changed;
    enum err rc = invitation_store_by_id(s, k->invitation.id, &k->invitation);

    if (rc == ERR_OK)
        rc = invitation_store_revoke(s, k->invitation.id, r->now, &changed);
    if (rc == ERR_OK)
        rc = changed ? audit_put(s, &e) : ERR_CONFLICT;
    return rc ? rc : answer_one(r, s, 200, k->invitation.id, out);
}

static enum err CO_FN change(struct req *r, const char *action, write_fn write)
{
    struct inviting k = {.req = r, .action = action};

    if (!req_param_int(r, "id", &k.invitation.id))
        return ERR_NOT_FOUND;
    return write_run(r, STR(""), write, &k);
}

enum err CO_FN invitation_resend(struct req *r)
{
    return change(r, "invitation.resend", write_renewal);
}

enum err CO_FN invitation_delete(struct req *r)
{
    return change(r, "invitation.revoke", write_revocation);
}

/* ---- accepting ----------------------------------------------------------------------------- */

void accept_check(struct req *r)
{
    const struct accept_body *body = r->body;
    const char *problem = password_problem(&auth_app(r)->password_policy, body->password, STR(""));

    if (problem)
        req_field_error(r, "password", problem);
}

struct accepting {
    struct req *req;
    const struct invitation *invitation;
};

static enum err CO_FN write_acceptance(struct db_session *s, const struct user *u, void *arg)
{
    const struct accepting *k = arg;
    struct audit_event e = audit_of(k->req, "invitation.accept", "user", u->id);
    bool changed;
    enum err rc = invitation_store_accept(s, k->invitation->id, u->id, k->req->now, &changed);

    if (rc)
        return rc;
    if (!changed)
        return ERR_LINK_USED;
    e.origin.actor_id = u->id;
    return audit_put(s, &e);
}

static enum err CO_FN create(struct req *r, struct db_session *s, const struct invitation *i,
                             struct user *out)
{
    const struct accept_body *body = r->body;
    const struct change_origin origin = account_origin(r);
    struct accepting k = {r, i};
    int64_t *role_ids = ARENA_ARRAY(r->arena, int64_t, i->role_count);
    const struct account_new wanted = {
        .email = i->email,
        .password = body->password,
        .first_name = body->first_name.p ? body->first_name : i->first_name,
        .last_name = body->last_name.p ? body->last_name : i->last_name,
        .full_name = body->full_name,
        .department = i->department,
        .phone = body->phone,
        .role_ids = role_ids,
        .role_count = i->role_count,
        .granted_by = i->invited_by,
        .email_is_verified = true,
        .also = write_acceptance,
        .also_arg = &k,
    };

    for (size_t n = 0; n < i->role_count; n++)
        role_ids[n] = i->roles[n].system_role_id;
    return account_create(auth_app(r), s, &wanted, &origin, out);
}

enum err CO_FN invitation_accept(struct req *r)
{
    const struct accept_body *body = r->body;
    struct db_session *s;
    struct invitation invitation;
    struct user user;
    struct token_pair pair;
    struct login_view view;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = invitation_store_by_token(s, secret_hash(r->arena, body->token), r->now, &invitation);
    if (rc == ERR_OK && str_ieq(body->password, invitation.email)) {
        req_field_error(r, "password", "password must differ from the email");
        rc = ERR_VALIDATION_ERROR;
    }
    if (rc == ERR_OK)
        rc = create(r, s, &invitation, &user);
    if (rc == ERR_OK)
        rc = login_open_session(r, s, &user, "invitation", &pair);
    if (rc)
        return rc;
    view = login_view(r->arena, &user, &pair);
    return req_reply_json(r, 201, &LOGIN_VIEW, &view);
}

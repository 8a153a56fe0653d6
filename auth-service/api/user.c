/* People as administrators, colleagues and other services see them. */
#include <inttypes.h>

#include "api/account.h"
#include "api/audit.h"
#include "api/handlers.h"
#include "api/page.h"
#include "api/view.h"
#include "cursor.h"
#include "encode.h"
#include "store/user.h"
#include "write_run.h"

#define PAGE_SIZE 10
#define PAGE_SIZE_MAX 100
#define SNAPSHOT_SIZE 500
#define SNAPSHOT_SIZE_MAX 1000

/* ---- listing ------------------------------------------------------------------------------- */

#define USER_SORTS "id|email|name|created_at|-id|-email|-name|-created_at"
#define QUERY_AT(member) offsetof(struct user_query, member)
static const struct json_field QUERY_FIELDS[] = {
    {"page", JK_INT, QUERY_AT(page), JF_COERCE, 1, 1000000},
    {"page_size", JK_INT, QUERY_AT(page_size), JF_COERCE, 1, PAGE_SIZE_MAX, .alias = "limit"},
    {"search", JK_STR, QUERY_AT(search), 0, 0, 200, .alias = "q",
     .doc = "part of the name or address, in any case"},
    {"system", JK_STR, QUERY_AT(system), 0, 0, 100},
    {"role", JK_STR, QUERY_AT(role), 0, 0, 100},
    {"department", JK_STR, QUERY_AT(department), 0, 0, 100},
    {"active", JK_BOOL, QUERY_AT(active), JF_COERCE},
    {"sort", JK_ENUM, QUERY_AT(sort), .choices = USER_SORTS},
    {"cursor", JK_STR, QUERY_AT(cursor), 0, 0, 2000,
     .doc = "next_cursor of the page before, instead of page; nothing is counted"},
};
JSON_SCHEMA(USER_QUERY, "UserQuery", struct user_query, QUERY_FIELDS);

struct user_page {
    int64_t count;
    struct str next, previous, next_cursor;
    struct json_array results; /* struct user_view */
};
#define PAGE_AT(member) offsetof(struct user_page, member)
static const struct json_field PAGE_FIELDS[] = {
    {"count", JK_INT, PAGE_AT(count), .doc = "of all pages; null behind a cursor"},
    {"next", JK_STR, PAGE_AT(next)},
    {"previous", JK_STR, PAGE_AT(previous)},
    {"next_cursor", JK_STR, PAGE_AT(next_cursor), .doc = "null at the end"},
    {"results", JK_ARRAY, PAGE_AT(results), .sub = &USER_VIEW},
};
JSON_SCHEMA(USER_PAGE_VIEW, "UserPage", struct user_page, PAGE_FIELDS);

static struct str present(struct str s)
{
    return str_is_empty(s) ? STR_NULL : s;
}

/* What a cursor is good for: this order of these filters. */
static struct str list_name(struct arena *a, const struct user_filter *f)
{
    const struct str parts[] = {f->sort, f->search, f->system, f->role, f->department};
    struct buf b;

    buf_init(&b, a);
    buf_printf(&b, "users %d", f->active);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        buf_printf(&b, " %zu:%.*s", parts[i].len, STR_ARG(parts[i]));
    return buf_str(&b);
}

static enum err read_cursor(struct req *r, struct str text, struct user_filter *f)
{
    struct cursor c;

    if (!text.p)
        return ERR_OK;
    if (cursor_decode(req_service(r)->jwt, r->arena, list_name(r->arena, f), text, &c)) {
        req_field_error(r, "cursor", "is not a cursor of this list");
        return ERR_INVALID_INPUT;
    }
    f->by_key = true;
    f->after_key = c.key;
    f->after_id = c.id;
    return ERR_OK;
}

static struct str next_cursor(struct req *r, const struct user_filter *f,
                              const struct user_list *list)
{
    const struct cursor c = {list->last_key, list->count ? list->users[list->count - 1].id : 0};

    if ((int64_t)list->count < f->limit)
        return STR_NULL;
    return cursor_encode(req_service(r)->jwt, r->arena, list_name(r->arena, f), &c);
}

enum err CO_FN user_list_get(struct req *r)
{
    const struct user_query *q = r->query_args;
    struct page page = page_of(q->page, q->page_size, PAGE_SIZE);
    struct user_filter filter = {
        .search = present(str_trim(q->search)),
        .system = present(q->system),
        .role = present(q->role),
        .department = present(q->department),
        .active = q->active,
        .sort = q->sort.p ? q->sort : STR("id"),
        .limit = page.size,
        .offset = (page.number - 1) * page.size,
    };
    struct user_list list;
    struct user_view *views;
    struct user_page reply;
    struct db_session *s;
    enum err rc = read_cursor(r, q->cursor, &filter);

    if (rc == ERR_OK)
        rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = user_store_list(s, &filter, &list);
    if (rc)
        return rc;
    views = ARENA_ARRAY(r->arena, struct user_view, list.count);
    for (size_t i = 0; i < list.count; i++)
        views[i] = user_view(r->arena, &list.users[i]);
    reply = (struct user_page){.count = list.total,
                               .next_cursor = next_cursor(r, &filter, &list),
                               .results = {views, list.count}};
    if (!filter.by_key) {
        page.total = list.total;
        reply.next = page_next(r, &page);
        reply.previous = page_previous(r, &page);
    }
    return req_reply_json(r, 200, &USER_PAGE_VIEW, &reply);
}

enum err CO_FN user_get(struct req *r)
{
    struct db_session *s;
    struct user user;
    int64_t id;
    enum err rc;

    if (!req_param_int(r, "id", &id))
        return ERR_USER_NOT_FOUND;
    if (id != r->actor->user_id && !actor_may(r->actor, PERM_USER_READ))
        return ERR_FORBIDDEN;
    rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = user_store_by_id(s, id, &user);
    return rc ? rc : user_reply(r, 200, &user);
}

/* ---- creating and changing ----------------------------------------------------------------- */

/* What the rules of administration forbid is noted in the trail. */
static enum err CO_FN refused(struct req *r, const char *action, int64_t user_id, enum err rc)
{
    struct audit_event e = audit_of(r, action, "user", user_id);

    return rc == ERR_FORBIDDEN ? audit_refuse(r, &e, rc) : rc;
}

#define BODY_AT(member) offsetof(struct user_body, member)
static const struct json_field BODY_FIELDS[] = {
    {"email", JK_EMAIL, BODY_AT(email), JF_REQUIRED | JF_NON_EMPTY},
    {"password", JK_STR, BODY_AT(password), JF_SECRET,
     .doc = "absent: the person cannot log in until one is set"},
    {"first_name", JK_STR, BODY_AT(first_name), 0, 0, 100, .alias = "firstName"},
    {"last_name", JK_STR, BODY_AT(last_name), 0, 0, 100, .alias = "lastName"},
    {"full_name", JK_STR, BODY_AT(full_name), 0, 0, 200, .alias = "name"},
    {"department", JK_STR, BODY_AT(department), 0, 0, 100},
    {"phone", JK_STR, BODY_AT(phone), 0, 0, 40, .alias = "phone_number"},
    {"role", JK_ENUM, BODY_AT(role), .choices = "user|staff|admin", .doc = "default user"},
};
JSON_SCHEMA(USER_BODY, "UserRequest", struct user_body, BODY_FIELDS);

static enum err CO_FN insert_user(struct req *r, struct db_session *s, void *arg,
                                  struct answer *out)
{
    const struct change_origin origin = account_origin(r);
    const struct account_new *wanted = arg;
    struct user_view view;
    struct user user;
    enum err rc = account_create_in(s, wanted, &origin, &user);

    if (rc)
        return rc;
    view = user_view(r->arena, &user);
    *out = (struct answer){
        .status = 201,
        .body = answer_json(r->arena, &USER_VIEW, &view),
        .location = str_printf(r->arena, "/api/v1/users/%" PRId64, user.id),
        .version = user.version,
    };
    return ERR_OK;
}

/* The body with a key, as it has a password: its bare digest would let one be guessed quickly. */
static struct str identity_of(struct req *r)
{
    const uint8_t *key = auth_app(r)->request_key;
    uint8_t mac[SHA256_SIZE];
    char hex[SHA256_SIZE * 2 + 1];

    hmac_sha256(str_n((const char *)key, SHA256_SIZE), req_body_text(r), mac);
    hex_encode(mac, sizeof mac, hex);
    return str_dup(r->arena, str_from(hex));
}

enum err CO_FN user_post(struct req *r)
{
    struct auth_app *app = auth_app(r);
    const struct user_body *body = r->body;
    int64_t role_ids[USER_SUMMARY_ROLES_MAX];
    struct account_new wanted = {
        .email = body->email,
        .first_name = body->first_name,
        .last_name = body->last_name,
        .full_name = body->full_name,
        .department = body->department,
        .phone = body->phone,
        .role_ids = role_ids,
        .granted_by = r->actor->user_id,
    };
    const char *problem = NULL;
    enum err rc = ERR_OK;

    if (body->password.p)
        problem = password_problem(&app->password_policy, body->password, body->email);
    if (problem) {
        req_field_error(r, "password", problem);
        return ERR_VALIDATION_ERROR;
    }
    if (!user_summary_roles(body->role.p ? body->role : STR("user"), role_ids, &wanted.role_count))
        return ERR_VALIDATION_ERROR;
    if (body->password.p)
        rc = password_pool_make(app->passwords, r->arena, body->password, &wanted.password_hash);
    if (rc == ERR_OK)
        rc = write_run(r, identity_of(r), insert_user, &wanted);
    return refused(r, "user.create", 0, rc);
}

#define PATCH_AT(member) offsetof(struct user_patch, member)
static const struct json_field PATCH_FIELDS[] = {
    {"email", JK_EMAIL, PATCH_AT(email), JF_NON_EMPTY},
    {"first_name", JK_STR, PATCH_AT(first_name), 0, 0, 100, .alias = "firstName"},
    {"last_name", JK_STR, PATCH_AT(last_name), 0, 0, 100, .alias = "lastName"},
    {"full_name", JK_STR, PATCH_AT(full_name), 0, 0, 200, .alias = "name"},
    {"department", JK_STR, PATCH_AT(department), 0, 0, 100},
    {"phone", JK_STR, PATCH_AT(phone), 0, 0, 40, .alias = "phone_number"},
    {"active", JK_BOOL, PATCH_AT(active)},
};
JSON_SCHEMA(USER_PATCH, "UserPatch", struct user_patch, PATCH_FIELDS);

static void edit_user(struct arena *a, struct user *u, void *arg, bool *changed)
{
    const struct user_patch *p = arg;
    const struct user_names names = {p->first_name, p->last_name, p->full_name};

    user_set_text(&u->email, p->email, changed);
    user_rename(a, u, &names, changed);
    user_set_text(&u->department, p->department, changed);
    user_set_text(&u->phone, p->phone, changed);
    if (p->active != JSON_UNSET && u->active != p->active) {
        u->active = p->active;
        *changed = true;
    }
}

static enum err CO_FN change_user(struct req *r, struct user_patch *patch)
{
    const struct change_origin origin = account_origin(r);
    struct db_session *s;
    struct user user;
    int64_t id, version;
    enum err rc = user_if_match(r, &version);

    if (rc)
        return rc;
    if (!req_param_int(r, "id", &id))
        return ERR_USER_NOT_FOUND;
    rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = account_update(s, id, version, edit_user, patch, &origin, &user);
    return rc ? refused(r, "user.update", id, rc) : user_reply(r, 200, &user);
}

enum err CO_FN user_patch(struct req *r)
{
    return change_user(r, r->body);
}

enum err CO_FN user_activate(struct req *r)
{
    return change_user(r, &(struct user_patch){.active = JSON_TRUE});
}

enum err CO_FN user_deactivate(struct req *r)
{
    return change_user(r, &(struct user_patch){.active = JSON_FALSE});
}

enum err CO_FN user_delete(struct req *r)
{
    const struct change_origin origin = account_origin(r);
    struct db_session *s;
    int64_t id, version;
    enum err rc = user_if_match(r, &version);

    if (rc)
        return rc;
    if (!req_param_int(r, "id", &id))
        return ERR_USER_NOT_FOUND;
    rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = account_erase(s, id, version, &origin);
    return rc ? refused(r, "user.erase", id, rc) : req_reply_empty(r, 204);
}

/* ---- for the other services ------------------------------------------------------------------ */

static const struct json_field SNAPSHOT_QUERY_FIELDS[] = {
    {"after", JK_INT, offsetof(struct snapshot_query, after), JF_COERCE, 0, INT64_C(1) << 53},
    {"limit", JK_INT, offsetof(struct snapshot_query, limit), JF_COERCE, 1, SNAPSHOT_SIZE_MAX},
};
JSON_SCHEMA(SNAPSHOT_QUERY, "SnapshotQuery", struct snapshot_query, SNAPSHOT_QUERY_FIELDS);

struct snapshot {
    struct json_array users; /* struct event_user */
    int64_t next;
};
static const struct json_field SNAPSHOT_FIELDS[] = {
    {"users", JK_ARRAY, offsetof(struct snapshot, users), .sub = &EVENT_USER},
    {"next", JK_INT, offsetof(struct snapshot, next),
     .doc = "the value of after for the next page, null at the end"},
};
JSON_SCHEMA(SNAPSHOT_VIEW, "UserSnapshot", struct snapshot, SNAPSHOT_FIELDS);

enum err CO_FN user_snapshot(struct req *r)
{
    const struct snapshot_query *q = r->query_args;
    int64_t limit = q->limit == JSON_NO_INT ? SNAPSHOT_SIZE : q->limit;
    struct user_list list;
    struct event_user *people;
    struct snapshot reply = {.next = JSON_NO_INT};
    struct db_session *s;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = user_store_after(s, q->after == JSON_NO_INT ? 0 : q->after, limit, &list);
    if (rc)
        return rc;
    people = ARENA_ARRAY(r->arena, struct event_user, list.count);
    for (size_t i = 0; i < list.count; i++)
        people[i] = user_event(r->arena, &list.users[i]);
    reply.users = (struct json_array){people, list.count};
    if ((int64_t)list.count == limit)
        reply.next = list.users[list.count - 1].id;
    return req_reply_json(r, 200, &SNAPSHOT_VIEW, &reply);
}

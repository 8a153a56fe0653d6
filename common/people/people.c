#include "people.h"

#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "log.h"

#define SNAPSHOT_TIMEOUT_MS 10000

/* ---- store -------------------------------------------------------------------------------- */

DB_READ(select_person, "i", "ittbt",
        "SELECT id, email, name, active, department FROM person WHERE id = $1");

DB_READ(select_has_role, "itt", "b",
        "SELECT EXISTS (SELECT FROM person p JOIN person_role r ON r.person_id = p.id"
        " WHERE p.id = $1 AND p.active AND r.system = $2 AND r.role = $3)");

DB_READ(select_any_person, "", "b", "SELECT EXISTS (SELECT FROM person)");

DB_WRITE(upsert_person, "itttbi", "b",
         "INSERT INTO person AS p (id, email, name, department, active, version)"
         " VALUES ($1, $2, $3, $4, $5, $6)"
         " ON CONFLICT (id) DO UPDATE SET email = $2, name = $3, department = $4, active = $5,"
         " version = $6 WHERE p.version < $6 RETURNING true");

/* The roles left replace the roles held, in one statement. */
DB_WRITE(replace_roles, "iTTI", "",
         "WITH kept AS (SELECT * FROM unnest($2, $3, $4) AS k (system, role, system_role_id)),"
         " gone AS (DELETE FROM person_role r WHERE r.person_id = $1 AND NOT EXISTS"
         "  (SELECT FROM kept k WHERE k.system = r.system AND k.role = r.role))"
         " INSERT INTO person_role (person_id, system, role, system_role_id)"
         " SELECT $1, system, role, system_role_id FROM kept"
         " ON CONFLICT (person_id, system, role) DO UPDATE"
         " SET system_role_id = EXCLUDED.system_role_id");

enum err person_by_id(struct db_session *s, int64_t id, struct person *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &select_person, &r, DB_INT(id));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_USER_NOT_FOUND;
    *out = (struct person){.id = db_get_int(r, 0, 0),
                           .email = db_get_str(r, 0, 1),
                           .name = db_get_str(r, 0, 2),
                           .active = db_get_bool(r, 0, 3),
                           .department = db_get_str(r, 0, 4)};
    return ERR_OK;
}

enum err person_has_role(struct db_session *s, int64_t id, const char *system, const char *role,
                         bool *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &select_has_role, &r, DB_INT(id), DB_STR(str_from(system)),
                           DB_STR(str_from(role)));
    if (rc == ERR_OK)
        *out = db_get_bool(r, 0, 0);
    return rc;
}

enum err people_apply(struct db_session *s, const struct event_user *u)
{
    struct db_result *r;
    struct str department = u->department.p ? u->department : STR("");
    enum err rc = db_query(s, &upsert_person, &r, DB_INT(u->id), DB_STR(u->email), DB_STR(u->name),
                           DB_STR(department), DB_BOOL(u->active == JSON_TRUE), DB_INT(u->version));
    if (rc || db_rows(r) == 0)
        return rc;
    size_t n = u->roles.count;
    const struct event_user_role *roles = u->roles.items;
    struct str *systems = ARENA_ARRAY(s->arena, struct str, n + 1);
    struct str *names = ARENA_ARRAY(s->arena, struct str, n + 1);
    int64_t *ids = ARENA_ARRAY(s->arena, int64_t, n + 1);
    for (size_t i = 0; i < n; i++) {
        systems[i] = roles[i].system;
        names[i] = roles[i].role;
        ids[i] = roles[i].system_role_id == JSON_NO_INT ? 0 : roles[i].system_role_id;
    }
    return db_query(s, &replace_roles, NULL, DB_INT(u->id), DB_STR_ARRAY(systems, n),
                    DB_STR_ARRAY(names, n), DB_INT_ARRAY(ids, n));
}

/* ---- events ------------------------------------------------------------------------------- */

static people_changed_fn on_changed;

static enum err CO_FN on_person_event(struct mq_delivery *d)
{
    struct event e;
    struct event_user u;
    const char *why = NULL;
    enum err rc = event_decode(d->arena, d->message, &e);
    if (rc == ERR_OK)
        rc = event_data(d->arena, &e, &EVENT_USER, &u, &why);
    if (rc) {
        d->reject_reason = why ? str_from(why) : STR("not a CloudEvent");
        return rc;
    }
    rc = people_apply(d->db, &u);
    if (rc == ERR_OK && on_changed)
        rc = on_changed(d, &u);
    return rc;
}

void people_consume(struct service *s, people_changed_fn changed)
{
    static const struct mq_binding BINDINGS[] = {
        {MQ_EVENTS_EXCHANGE, "user.*"}, {MQ_EVENTS_EXCHANGE, "role.*"}, {0}};
    size_t base = strlen(s->desc->name) - strlen("-service");
    const char *queue = arena_printf(s->arena, "%.*s.people", (int)base, s->desc->name);
    on_changed = changed;
    struct mq_queue *q = ARENA_NEW(s->arena, struct mq_queue);
    *q = (struct mq_queue){queue, MQ_QUORUM, BINDINGS};
    mq_declare_queue(s->mq, q);
    struct mq_consumer *c = ARENA_NEW(s->arena, struct mq_consumer);
    *c = (struct mq_consumer){.queue = queue, .use_inbox = true, .handler = on_person_event};
    mq_consume(s->mq, c, s->db, s);
}

/* ---- snapshot ------------------------------------------------------------------------------ */

struct snapshot_page {
    struct json_array users; /* struct event_user */
    int64_t next;            /* JSON_NO_INT: the last page */
};

static const struct json_field PAGE_FIELDS[] = {
    {"users", JK_ARRAY, offsetof(struct snapshot_page, users), JF_REQUIRED, .sub = &EVENT_USER},
    {"next", JK_INT, offsetof(struct snapshot_page, next)},
};
static JSON_SCHEMA(PAGE, "UserSnapshot", struct snapshot_page, PAGE_FIELDS);

static enum err CO_FN fetch_page(struct service *s, struct arena *a, int64_t after,
                                 struct snapshot_page *page)
{
    struct http_call_header auth = {"Authorization", service_authorization(s, a)};
    struct http_call call = {
        .method = "GET",
        .url = str_printf(a, "%.*s/api/v1/users/snapshot?after=%lld",
                          STR_ARG(service_url(s, "auth-service")), (long long)after),
        .headers = &auth,
        .header_count = 1,
        .timeout_ms = SNAPSHOT_TIMEOUT_MS,
    };
    struct http_answer answer;
    enum err rc = http_client_call(s->http, a, &call, &answer);
    if (rc)
        return rc;
    if (answer.status != 200)
        return ERR_SERVICE_UNAVAILABLE;
    const struct json *reply;
    const char *why;
    struct json_problem *problems;
    if (json_parse(a, answer.body, &reply, &why) != ERR_OK ||
        json_decode(a, &PAGE, reply, page, &problems) != ERR_OK)
        return ERR_BAD_GATEWAY;
    return ERR_OK;
}

static enum err CO_FN apply_page(struct service *s, struct arena *a,
                                 const struct snapshot_page *page)
{
    struct db_session session;
    db_session_init(&session, s->db, a);
    enum err rc = db_begin(&session);
    const struct event_user *users = page->users.items;
    for (size_t i = 0; rc == ERR_OK && i < page->users.count; i++)
        rc = people_apply(&session, &users[i]);
    if (rc == ERR_OK)
        return db_commit(&session);
    db_rollback(&session);
    return rc;
}

/* Versions make it harmless to apply a page again, or one that events have overtaken. */
static enum err CO_FN take_pages(struct service *s, int64_t *count)
{
    enum err rc = ERR_OK;
    for (int64_t after = 0; after != JSON_NO_INT && rc == ERR_OK;) {
        struct arena *a = arena_new();
        struct snapshot_page page = {.next = JSON_NO_INT};
        rc = fetch_page(s, a, after, &page);
        if (rc == ERR_OK)
            rc = apply_page(s, a, &page);
        if (rc == ERR_OK && page.next != JSON_NO_INT && page.next <= after)
            rc = ERR_BAD_GATEWAY;
        *count += (int64_t)page.users.count;
        after = page.next;
        arena_free(a);
    }
    return rc;
}

static enum err CO_FN knows_anyone(struct service *s, bool *out)
{
    struct arena *a = arena_new();
    struct db_session session;
    struct db_result *r;
    db_session_init(&session, s->db, a);
    enum err rc = db_query(&session, &select_any_person, &r);
    if (rc == ERR_OK)
        *out = db_get_bool(r, 0, 0);
    arena_free(a);
    return rc;
}

/* What is not known yet must be on its way: changes after the snapshot come through the queue,
 * which exists once the broker has been reached. */
static enum err CO_FN take_over(struct service *s, int64_t *count)
{
    bool known = false;
    enum err rc = knows_anyone(s, &known);
    if (rc == ERR_OK && !known && !mq_is_up(s->mq))
        rc = ERR_QUEUE_CONNECTION_FAILED;
    if (rc)
        return rc;
    rc = take_pages(s, count);
    if (rc == ERR_OK)
        return ERR_OK;
    if (!known)
        return ERR_SERVICE_UNAVAILABLE;
    log_warn("no snapshot from auth-service; going on with the people known",
             LOG_CSTR("reason", err_text(rc)));
    return ERR_OK;
}

enum err people_sync(struct service *s)
{
    int64_t count = 0;
    enum err rc = take_over(s, &count);
    if (rc == ERR_OK && count)
        log_info("people taken over from auth-service", LOG_I("count", count));
    return rc;
}

/* Everybody as CSV or as lines of JSON, streamed page by page in constant memory. */
#include <stdio.h>

#include "actor.h"
#include "api/admin_handlers.h"
#include "api/audit.h"
#include "clock.h"
#include "csv.h"
#include "service.h"
#include "store/user.h"

#define EXPORT_PAGE 500
#define KEY_SIZE 24

#define QUERY_AT(member) offsetof(struct export_query, member)
static const struct json_field QUERY_FIELDS[] = {
    {"format", JK_ENUM, QUERY_AT(format), .choices = "csv|ndjson", .doc = "default csv"},
    {"search", JK_STR, QUERY_AT(search), 0, 0, 200, .alias = "q"},
    {"system", JK_STR, QUERY_AT(system), 0, 0, 100},
    {"role", JK_STR, QUERY_AT(role), 0, 0, 100},
    {"department", JK_STR, QUERY_AT(department), 0, 0, 100},
    {"active", JK_BOOL, QUERY_AT(active), JF_COERCE},
};
JSON_SCHEMA(EXPORT_QUERY, "ExportQuery", struct export_query, QUERY_FIELDS);

static struct str role_name(struct arena *a, const struct user_role *role)
{
    return str_printf(a, "%.*s:%.*s", STR_ARG(role->system), STR_ARG(role->role));
}

static struct str time_text(struct arena *a, int64_t us)
{
    char text[TIME_TEXT_SIZE];
    size_t n = time_format_s(us, text);

    return str_dup(a, str_n(text, n));
}

static void write_csv(struct arena *a, struct buf *out, const struct user *u)
{
    struct buf roles;
    const struct str head[] = {
        str_printf(a, "%lld", (long long)u->id),
        u->email,
        u->first_name,
        u->last_name,
        u->full_name,
        u->department,
        u->phone,
        u->active ? STR("true") : STR("false"),
    };

    buf_init(&roles, a);
    for (size_t i = 0; i < u->role_count; i++)
        buf_printf(&roles, "%s%.*s", i ? ";" : "", STR_ARG(role_name(a, &u->roles[i])));
    for (size_t i = 0; i < sizeof head / sizeof head[0]; i++) {
        csv_write_field(out, head[i]);
        buf_add_char(out, ',');
    }
    csv_write_field(out, buf_str(&roles));
    buf_add_char(out, ',');
    csv_write_field(out, time_text(a, u->created_at));
    BUF_LIT(out, "\r\n");
}

static void write_ndjson(struct arena *a, struct buf *out, const struct user *u)
{
    struct json_writer w;

    jw_init(&w, out);
    jw_object(&w);
    JW_INT(&w, "id", u->id);
    JW_STR(&w, "email", u->email);
    JW_STR(&w, "first_name", u->first_name);
    JW_STR(&w, "last_name", u->last_name);
    JW_STR(&w, "full_name", u->full_name);
    JW_STR(&w, "department", u->department);
    JW_STR(&w, "phone", u->phone);
    JW_BOOL(&w, "active", u->active);
    JW_KEY(&w, "roles");
    jw_array(&w);
    for (size_t i = 0; i < u->role_count; i++)
        jw_str(&w, role_name(a, &u->roles[i]));
    jw_end_array(&w);
    JW_TIME(&w, "created_at", u->created_at);
    jw_end_object(&w);
    buf_add_char(out, '\n');
}

/* Sends one page; *more tells whether another may follow. */
static enum err CO_FN send_page(struct req *r, struct user_filter *f, bool is_csv,
                                char key[KEY_SIZE], bool *more)
{
    struct arena *a = arena_new();
    struct db_session s;
    struct user_list list;
    struct buf out;
    enum err rc;

    db_session_init(&s, req_service(r)->db, a);
    rc = user_store_list(&s, f, &list);
    buf_init(&out, a);
    for (size_t i = 0; rc == ERR_OK && i < list.count; i++)
        is_csv ? write_csv(a, &out, &list.users[i]) : write_ndjson(a, &out, &list.users[i]);
    if (rc == ERR_OK && out.len)
        rc = req_stream_write(r, buf_str(&out));
    if (rc == ERR_OK) {
        *more = (int64_t)list.count == f->limit;
        if (list.count) {
            f->after_id = list.users[list.count - 1].id;
            snprintf(key, KEY_SIZE, "%lld", (long long)f->after_id);
            f->after_key = str_from(key);
        }
    }
    arena_free(a);
    return rc;
}

static struct str present(struct str s)
{
    return str_is_empty(s) ? STR_NULL : s;
}

enum err CO_FN user_export_get(struct req *r)
{
    const struct export_query *q = r->query_args;
    char key[KEY_SIZE];
    bool is_csv = !str_eq(q->format, STR("ndjson")), more = true;
    struct audit_event event = audit_of(r, "user.export", NULL, 0);
    struct user_filter filter = {
        .search = present(str_trim(q->search)),
        .system = present(q->system),
        .role = present(q->role),
        .department = present(q->department),
        .active = q->active,
        .sort = STR("id"),
        .limit = EXPORT_PAGE,
        .by_key = true,
    };
    struct db_session *s;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = audit_put(s, &event);
    if (rc)
        return rc;
    req_set_header(
        r, "Content-Disposition",
        str_printf(r->arena, "attachment; filename=\"people.%s\"", is_csv ? "csv" : "ndjson"));
    req_set_header(r, "Cache-Control", STR("no-store"));
    rc = req_stream_begin(r, 200, is_csv ? "text/csv; charset=utf-8" : "application/x-ndjson", -1);
    if (rc == ERR_OK && is_csv)
        rc = req_stream_write(r, STR("id,email,first_name,last_name,full_name,department,phone,"
                                     "active,roles,created_at\r\n"));
    while (rc == ERR_OK && more)
        rc = send_page(r, &filter, is_csv, key, &more);
    return rc ? rc : req_stream_end(r);
}

/* Reading the audit trail. */
#include "api/audit.h"

#include "actor.h"
#include "api/handlers.h"
#include "api/schemas_audit.h"
#include "buf.h"
#include "clock.h"
#include "csv.h"
#include "encode.h"
#include "page.h"
#include "service.h"
#include "store/audit_chain.h"
#include "store/audit_change.h"
#include "store/audit_list_store.h"

#define EXPORT_PAGE 500

enum err audit_put_edit(struct req *r, struct db_session *s, const struct audit_edit *e)
{
    struct audit_event event;
    struct json_writer w;
    struct cause cause;
    struct buf b;

    cause_from_request(&cause, r);
    event = audit_event_of(&cause, e->action);
    event.object_type = str_from(e->object_type);
    event.object_id = str_printf(r->arena, "%lld", (long long)e->object_id);
    if (e->after.p)
        event.changes = audit_changes_of_json(r->arena, e->before, e->after);
    buf_init(&b, r->arena);
    jw_init(&w, &b);
    jw_object(&w);
    JW_STR(&w, "name", e->name);
    jw_end_object(&w);
    event.details = buf_str(&b);
    return audit_store_put(s, &event);
}

/* ---- one event ---------------------------------------------------------------------------- */

static void put_present(struct json_writer *w, const char *key, struct str value)
{
    jw_key(w, str_from(key));
    jw_str(w, value.len ? value : STR_NULL);
}

static void put_id(struct json_writer *w, const char *key, int64_t id)
{
    jw_key(w, str_from(key));
    if (id == AUDIT_NONE)
        jw_null(w);
    else
        jw_int(w, id);
}

static void put_hash(struct json_writer *w, const char *key, struct str hash)
{
    char hex[AUDIT_HASH_SIZE * 2 + 1];

    if (hash.len == AUDIT_HASH_SIZE)
        hex_encode(hash.p, hash.len, hex);
    jw_key(w, str_from(key));
    jw_str(w, hash.len == AUDIT_HASH_SIZE ? str_from(hex) : STR_NULL);
}

static void write_actor(struct json_writer *w, const struct audit_found *f)
{
    bool is_person = f->event.actor_id != AUDIT_NONE;

    JW_KEY(w, "actor");
    jw_object(w);
    JW_STR(w, "kind", f->event.actor_kind);
    put_id(w, "id", f->event.actor_id);
    put_present(w, "label", is_person ? f->actor_name : f->event.actor);
    jw_end_object(w);
}

static void write_event(struct json_writer *w, const struct audit_found *f)
{
    const struct audit_event *e = &f->event;

    jw_object(w);
    JW_INT(w, "id", f->seq);
    JW_TIME_MS(w, "at", e->at);
    JW_STR(w, "source", e->source);
    put_present(w, "source_id", e->source_id);
    write_actor(w, f);
    put_id(w, "on_behalf_of", e->on_behalf_of);
    put_present(w, "address", e->address);
    put_present(w, "user_agent", e->user_agent);
    put_present(w, "trace_id", e->trace_id);
    JW_STR(w, "action", e->action);
    JW_STR(w, "result", e->is_refused ? STR("refused") : STR("allowed"));
    JW_KEY(w, "object");
    jw_object(w);
    put_present(w, "type", e->object_type);
    put_present(w, "id", e->object_id);
    put_present(w, "number", e->object_number);
    jw_end_object(w);
    JW_RAW(w, "changes", e->changes.len ? e->changes : STR("[]"));
    JW_RAW(w, "details", e->details);
    put_present(w, "reason", e->reason);
    JW_TIME_MS(w, "sealed_at", f->sealed_at);
    put_hash(w, "prev_hash", f->prev_hash);
    put_hash(w, "hash", f->hash);
    jw_end_object(w);
}

enum err audit_get(struct req *r)
{
    struct audit_found f;
    struct db_session *s;
    int64_t seq;
    enum err rc = req_param_int(r, "id", &seq) ? req_db(r, &s) : ERR_NOT_FOUND;

    if (rc == ERR_OK)
        rc = audit_list_store_by_seq(s, seq, &f);
    if (rc)
        return rc;
    write_event(req_json_begin(r), &f);
    return req_json_end(r, 200);
}

/* ---- lists -------------------------------------------------------------------------------- */

/* Numbers are ids; other words are names of programs, and numbers of tickets. */
static struct audit_filter filter_of(const struct audit_query *q)
{
    struct audit_filter f = {
        .actor_id = AUDIT_NONE,
        .source = q->source,
        .action = q->action,
        .object_type = q->object_type,
        .is_refused = q->result.p ? str_eq(q->result, STR("refused")) : JSON_UNSET,
        .from = q->from,
        .to = q->to,
        .after_at = AUDIT_NONE,
    };
    int64_t id;

    if (q->actor.p && !str_to_i64(q->actor, &f.actor_id))
        f.actor = q->actor;
    if (q->object.p)
        *(str_to_i64(q->object, &id) ? &f.object_id : &f.object_number) = q->object;
    return f;
}

static enum err set_position(struct req *r, struct audit_filter *f, const struct page *p)
{
    if (!p->is_continued)
        return ERR_OK;
    f->after_seq = p->after.id;
    return str_to_i64(p->after.key, &f->after_at) ? ERR_OK : ERR_INVALID_INPUT;
}

enum err audit_list(struct req *r)
{
    const struct audit_query *q = r->query_args;
    struct page_query wanted = {JSON_NO_INT, q->page_size, q->cursor};
    struct audit_filter f = filter_of(q);
    struct page_found found = {.total = TICKET_NONE};
    struct cursor last = {0};
    struct audit_found *events;
    struct json_writer *w;
    struct db_session *s;
    struct page p;
    enum err rc = page_read(r, &wanted, &p);

    if (rc == ERR_OK)
        rc = set_position(r, &f, &p);
    if (rc == ERR_OK)
        rc = req_db(r, &s);
    f.limit = page_limit(&p);
    if (rc == ERR_OK)
        rc = audit_list_store_page(s, &f, &events, &found.count);
    if (rc)
        return rc;
    if (page_shown(&p, &found)) {
        const struct audit_found *e = &events[page_shown(&p, &found) - 1];

        last = (struct cursor){str_printf(r->arena, "%lld", (long long)e->event.at), e->seq};
    }
    w = page_begin(r, &p, &found, &last);
    for (size_t i = 0; i < page_shown(&p, &found); i++)
        write_event(w, &events[i]);
    return page_end(r, w);
}

/* ---- export ------------------------------------------------------------------------------- */

enum err audit_put_export(struct req *r, struct db_session *s, const char *action,
                          const char *object_type)
{
    struct audit_event event;
    struct json_writer w;
    struct cause cause;
    struct str query;
    struct buf b;

    cause_from_request(&cause, r);
    event = audit_event_of(&cause, action);
    event.object_type = str_from(object_type);
    if (!percent_decode(r->arena, r->query, true, &query) || !str_is_utf8(query))
        query = STR_NULL;
    buf_init(&b, r->arena);
    jw_init(&w, &b);
    jw_object(&w);
    JW_STR(&w, "query", query);
    jw_end_object(&w);
    event.details = buf_str(&b);
    return audit_store_put(s, &event);
}

#define CSV_HEAD                                                                                   \
    "id,at,source,actor_kind,actor_id,actor_label,on_behalf_of,address,user_agent,trace_id,"       \
    "action,"                                                                                      \
    "result,object_type,object_id,object_number,changes,details,reason\r\n"

static struct str number_text(struct arena *a, int64_t v)
{
    return v == AUDIT_NONE ? STR_NULL : str_printf(a, "%lld", (long long)v);
}

static void write_csv(struct arena *a, struct buf *out, const struct audit_found *f)
{
    const struct audit_event *e = &f->event;
    char at[TIME_TEXT_SIZE];
    const struct str fields[] = {
        number_text(a, f->seq),
        str_n(at, time_format_ms(e->at, at)),
        e->source,
        e->actor_kind,
        number_text(a, e->actor_id),
        e->actor_id == AUDIT_NONE ? e->actor : f->actor_name,
        number_text(a, e->on_behalf_of),
        e->address,
        e->user_agent,
        e->trace_id,
        e->action,
        e->is_refused ? STR("refused") : STR("allowed"),
        e->object_type,
        e->object_id,
        e->object_number,
        e->changes,
        e->details,
        e->reason,
    };

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (i)
            buf_add_char(out, ',');
        csv_write_field(out, fields[i]);
    }
    BUF_LIT(out, "\r\n");
}

static void write_line(struct buf *out, const struct audit_found *f)
{
    struct json_writer w;

    jw_init(&w, out);
    write_event(&w, f);
    buf_add_char(out, '\n');
}

static enum err CO_FN send_page(struct req *r, struct audit_filter *f, bool is_csv, bool *more)
{
    struct arena *a = arena_new();
    struct audit_found *events;
    struct db_session s;
    size_t count = 0;
    struct buf out;
    enum err rc;

    db_session_init(&s, req_service(r)->db, a);
    rc = audit_list_store_page(&s, f, &events, &count);
    buf_init(&out, a);
    for (size_t i = 0; rc == ERR_OK && i < count; i++)
        is_csv ? write_csv(a, &out, &events[i]) : write_line(&out, &events[i]);
    if (rc == ERR_OK && out.len)
        rc = req_stream_write(r, buf_str(&out));
    if (rc == ERR_OK && count) {
        f->after_at = events[count - 1].event.at;
        f->after_seq = events[count - 1].seq;
    }
    *more = count == EXPORT_PAGE;
    arena_free(a);
    return rc;
}

enum err audit_export(struct req *r)
{
    const struct audit_query *q = r->query_args;
    bool is_csv = str_eq(q->format, STR("csv")), more = true;
    struct audit_filter f = filter_of(q);
    struct db_session *s;
    enum err rc = req_db(r, &s);

    f.limit = EXPORT_PAGE;
    if (rc == ERR_OK)
        rc = audit_put_export(r, s, "audit.export", "audit");
    if (rc)
        return rc;
    req_set_header(r, "Content-Disposition",
                   is_csv ? STR("attachment; filename=\"audit.csv\"")
                          : STR("attachment; filename=\"audit.ndjson\""));
    req_set_header(r, "Cache-Control", STR("no-store"));
    rc = req_stream_begin(r, 200, is_csv ? "text/csv; charset=utf-8" : "application/x-ndjson", -1);
    if (rc == ERR_OK && is_csv)
        rc = req_stream_write(r, STR(CSV_HEAD));
    while (rc == ERR_OK && more)
        rc = send_page(r, &f, is_csv, &more);
    return rc ? rc : req_stream_end(r);
}

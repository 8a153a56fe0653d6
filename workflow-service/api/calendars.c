#include "api/calendars.h"

#include "api/calendar_json.h"
#include "api/field.h"
#include "api/paging.h"
#include "clock.h"
#include "domain/ical.h"
#include "service.h"
#include "write_run.h"

/* ---- reading ------------------------------------------------------------------------------ */

struct calendars_query {
    struct paging paging;
};

static const struct json_field QUERY_FIELDS[] = {PAGING_FIELDS(struct calendars_query)};
JSON_SCHEMA(CALENDARS_QUERY, "CalendarQuery", struct calendars_query, QUERY_FIELDS);

enum err calendars_list(struct req *r)
{
    const struct calendars_query *q = r->query_args;
    struct db_session *s;
    struct calendar_head *heads;
    size_t count;
    int64_t total;
    enum err rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = calendar_store_list(s, paging_limit(&q->paging), paging_offset(&q->paging), &heads,
                                 &count, &total);
    if (rc)
        return req_fail(r, rc);
    struct calendar_summary *docs = ARENA_ARRAY(r->arena, struct calendar_summary, count + 1);
    for (size_t i = 0; i < count; i++)
        docs[i] = calendar_summary(&heads[i]);
    struct page_reply reply = paging_reply(r, &q->paging, total);
    reply.results = (struct json_array){docs, count};
    return req_reply_json(r, 200, &CALENDAR_PAGE, &reply);
}

enum err calendars_get(struct req *r)
{
    struct calendar_doc doc;
    struct db_session *s;
    int64_t id;
    enum err rc = req_param_int(r, "id", &id) ? req_db(r, &s) : ERR_NOT_FOUND;
    if (rc == ERR_OK)
        rc = calendar_store_find(s, id, &doc);
    if (rc)
        return req_fail(r, rc);
    req_set_header(r, "ETag", etag_format(r->arena, doc.version));
    return req_reply(r, 200, "application/json", calendar_text(r->arena, &doc));
}

/* ---- changing ----------------------------------------------------------------------------- */

static void answer_with(struct req *r, const struct calendar_doc *doc, struct answer *out)
{
    out->body = calendar_text(r->arena, doc);
    out->version = doc->version;
}

/* A name that another one has. */
static enum err name_taken(enum err rc)
{
    return rc == ERR_CONFLICT ? ERR_DUPLICATE_RESOURCE : rc;
}

static enum err CO_FN add(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct calendar_doc doc = {0};
    struct calendar ready;
    enum err rc = calendar_apply(r, arg, &doc, &ready);
    if (rc == ERR_OK)
        rc = name_taken(calendar_store_add(s, &doc, r->now));
    if (rc)
        return rc;
    answer_with(r, &doc, out);
    out->status = 201;
    out->location = str_printf(r->arena, "/api/v1/calendars/%lld", (long long)doc.id);
    return ERR_OK;
}

enum err calendars_post(struct req *r)
{
    return write_run(r, req_body_text(r), add, r->body);
}

static enum err CO_FN lock(struct req *r, struct db_session *s, struct calendar_doc *doc)
{
    int64_t id;
    enum err rc = req_param_int(r, "id", &id) ? calendar_store_lock(s, id, doc) : ERR_NOT_FOUND;
    return rc ? rc : write_check_match(r, doc->version);
}

static enum err CO_FN change(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct calendar_doc doc;
    struct calendar ready;
    enum err rc = lock(r, s, &doc);
    if (rc == ERR_OK)
        rc = calendar_apply(r, arg, &doc, &ready);
    if (rc == ERR_OK)
        rc = name_taken(calendar_store_update(s, &doc, r->now));
    if (rc == ERR_OK)
        answer_with(r, &doc, out);
    return rc;
}

enum err calendars_patch(struct req *r)
{
    return write_run(r, req_body_text(r), change, r->body);
}

static enum err CO_FN take_off(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct calendar_doc doc;
    enum err rc = lock(r, s, &doc);
    out->status = 204;
    if (rc == ERR_OK)
        rc = calendar_store_delete(s, doc.id);
    if (rc == ERR_CONFLICT)
        (void)req_failf(r, rc, "A policy uses the calendar");
    return rc;
}

enum err calendars_delete(struct req *r)
{
    return write_run(r, STR(""), take_off, NULL);
}

/* ---- importing ---------------------------------------------------------------------------- */

struct import_reply {
    int64_t found, added, kept;
    int64_t version;
};

static const struct json_field IMPORT_FIELDS[] = {
    FIELD(import_reply, JK_INT, found),
    FIELD(import_reply, JK_INT, added),
    FIELD(import_reply, JK_INT, kept),
    FIELD(import_reply, JK_INT, version),
};
JSON_SCHEMA(CALENDAR_IMPORT_REPLY, "HolidayImport", struct import_reply, IMPORT_FIELDS);

static enum err read_holidays(struct req *r, struct ical_day **days, size_t *count)
{
    struct ical_problem p;
    int64_t today = day_floor_div(r->now / US_PER_S, 86400);
    enum err rc = ical_read(r->arena, req_body_text(r), today, days, count, &p);
    if (rc) {
        req_detail(r, "line", str_printf(r->arena, "%zu", p.line));
        req_field_error(r, "file", str_printf(r->arena, "line %zu: %s", p.line, p.message).p);
    }
    return rc;
}

static bool has_day(const struct calendar_plan *p, int64_t day)
{
    for (size_t i = 0; i < p->exception_count; i++)
        if (p->exceptions[i].day == day)
            return true;
    return false;
}

/* Days that are there already stay as their keeper has made them. */
static int64_t merge(struct arena *a, struct calendar_plan *p, const struct ical_day *days,
                     size_t n)
{
    size_t total = p->exception_count;
    struct calendar_exception *all = ARENA_ARRAY(a, struct calendar_exception, total + n + 1);
    for (size_t i = 0; i < total; i++)
        all[i] = p->exceptions[i];
    for (size_t i = 0; i < n; i++)
        if (!has_day(p, days[i].day))
            all[total++] = (struct calendar_exception){.day = days[i].day, .name = days[i].name};
    int64_t added = (int64_t)(total - p->exception_count);
    p->exceptions = all;
    p->exception_count = total;
    return added;
}

static enum err CO_FN import(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    static const struct calendar_body NOTHING = {0};
    struct calendar_doc doc;
    struct calendar ready;
    struct ical_day *days;
    size_t n;
    struct import_reply reply = {0};
    enum err rc = lock(r, s, &doc);
    if (rc == ERR_OK)
        rc = read_holidays(r, &days, &n);
    if (rc)
        return rc;
    reply.found = (int64_t)n;
    reply.added = merge(r->arena, &doc.plan, days, n);
    reply.kept = reply.found - reply.added;
    if (reply.added)
        rc = calendar_apply(r, &NOTHING, &doc, &ready);
    if (rc == ERR_OK && reply.added)
        rc = calendar_store_update(s, &doc, r->now);
    reply.version = doc.version;
    out->body = answer_json(r->arena, &CALENDAR_IMPORT_REPLY, &reply);
    out->version = doc.version;
    return rc;
}

enum err calendars_import(struct req *r)
{
    struct str rest = req_header(r, "Content-Type"), type = STR("");
    (void)str_next(&rest, ';', &type);
    if (!str_ieq(str_trim(type), STR("text/calendar")))
        return ERR_UNSUPPORTED_MEDIA_TYPE;
    return write_run(r, req_body_text(r), import, NULL);
}

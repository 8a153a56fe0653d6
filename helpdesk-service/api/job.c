#include "api/job.h"

#include <stddef.h>

#include "actor.h"
#include "api/access.h"
#include "api/handlers.h"
#include "api/write.h"
#include "buf.h"
#include "jobs/control.h"
#include "page.h"
#include "service.h"
#include "state.h"

_Static_assert(JOB_NONE == TICKET_NONE && JOB_NONE == JSON_NO_TIME,
               "an absent number is written the same way everywhere");

/* ---- shapes ------------------------------------------------------------------------------- */

struct job_query_args {
    struct page_query page;
    struct str state;
};
#define AT(member) offsetof(struct job_query_args, member)
static const struct json_field JOB_QUERY_FIELDS[] = {
    PAGE_FIELD_NUMBER(AT(page)),
    PAGE_FIELD_SIZE(AT(page)),
    PAGE_FIELD_CURSOR(AT(page)),
    {"state", JK_ENUM, AT(state), .choices = "queued|running|succeeded|partial|failed|cancelled"},
};
JSON_SCHEMA(JOB_QUERY, "JobQuery", struct job_query_args, JOB_QUERY_FIELDS);

static const struct json_field JOB_ITEM_QUERY_FIELDS[] = {
    PAGE_FIELD_NUMBER(AT(page)),
    PAGE_FIELD_SIZE(AT(page)),
    PAGE_FIELD_CURSOR(AT(page)),
    {"state", JK_ENUM, AT(state), .choices = "pending|done|failed|skipped"},
};
#undef AT
JSON_SCHEMA(JOB_ITEM_QUERY, "JobItemQuery", struct job_query_args, JOB_ITEM_QUERY_FIELDS);

void job_json_members(struct json_writer *w, const struct job *j)
{
    JW_STR(w, "id", j->id);
    JW_STR(w, "kind", j->kind);
    JW_STR(w, "state", job_state_word(j->state));
    JW_BOOL(w, "atomic", j->is_atomic);
    JW_BOOL(w, "dry_run", j->is_dry_run);
    JW_INT(w, "total", j->counts.total);
    JW_INT(w, "done", j->counts.done);
    JW_INT(w, "failed", j->counts.failed);
    JW_INT(w, "skipped", j->counts.skipped);
    JW_STR(w, "error", j->error);
    JW_INT(w, "created_by", j->created_by);
    JW_STR(w, "created_by_name", j->created_by_name);
    JW_TIME(w, "created_at", j->created_at);
    JW_TIME(w, "started_at", j->started_at);
    JW_TIME(w, "finished_at", j->finished_at);
    JW_TIME(w, "expires_at", j->expires_at);
}

void job_json_item(struct json_writer *w, const struct job_item *i)
{
    jw_object(w);
    JW_STR(w, "ticket_number", i->subject);
    JW_STR(w, "state", job_item_state_word(i->state));
    JW_STR(w, "code", i->code);
    JW_STR(w, "message", i->message);
    JW_KEY(w, "version");
    if (i->version == JOB_NONE)
        jw_null(w);
    else
        jw_int(w, i->version);
    if (i->changes_json.p)
        JW_RAW(w, "changes", i->changes_json);
    JW_TIME(w, "at", i->at);
    jw_end_object(w);
}

/* ---- reading ------------------------------------------------------------------------------ */

static bool is_for_all(const struct req *r)
{
    return actor_is_admin(r->actor) && actor_may(r->actor, PERM_TICKET_READ_ALL);
}

enum err job_list(struct req *r)
{
    const struct job_query_args *args = r->query_args;
    struct job_query q = {.created_by = is_for_all(r) ? JOB_NONE : viewer_of(r),
                          .state = args->state,
                          .before_seq = JOB_NONE};
    struct page_found found = {0};
    struct cursor last = {0};
    struct json_writer *w;
    struct db_session *s;
    struct job *jobs;
    struct page p;
    enum err rc = page_read(r, &args->page, &p);

    if (rc == ERR_OK)
        rc = req_db(r, &s);
    if (rc)
        return rc;
    if (p.is_continued)
        q.before_seq = p.after.id;
    q.skip = p.skip;
    q.limit = page_limit(&p);
    rc = job_store_page(s, &q, &jobs, &found.count, &found.total);
    if (rc == ERR_OK)
        rc = page_check_depth(r, &p, found.total);
    if (rc)
        return rc;
    if (page_shown(&p, &found))
        last.id = jobs[page_shown(&p, &found) - 1].seq;
    w = page_begin(r, &p, &found, &last);
    for (size_t i = 0; i < page_shown(&p, &found); i++) {
        jw_object(w);
        job_json_members(w, &jobs[i]);
        jw_end_object(w);
    }
    return page_end(r, w);
}

/* A foreign job is as good as none. */
static enum err check_owner(const struct req *r, const struct job *j)
{
    return j->created_by == viewer_of(r) || is_for_all(r) ? ERR_OK : ERR_NOT_FOUND;
}

static enum err CO_FN find(struct req *r, struct db_session **s, struct job *out)
{
    enum err rc = req_db(r, s);

    if (rc == ERR_OK)
        rc = job_store_get(*s, req_param(r, "id"), out);
    return rc ? rc : check_owner(r, out);
}

enum err job_get(struct req *r)
{
    struct json_writer *w;
    struct db_session *s;
    struct job j;
    enum err rc = find(r, &s, &j);

    if (rc)
        return rc;
    w = req_json_begin(r);
    jw_object(w);
    job_json_members(w, &j);
    jw_end_object(w);
    return req_json_end(r, 200);
}

enum err job_items(struct req *r)
{
    const struct job_query_args *args = r->query_args;
    struct job_item_query q = {.state = args->state};
    struct page_found found = {0};
    struct cursor last = {0};
    struct job_item *items;
    struct json_writer *w;
    struct db_session *s;
    struct page p;
    struct job j;
    enum err rc = page_read(r, &args->page, &p);

    if (rc == ERR_OK)
        rc = find(r, &s, &j);
    if (rc)
        return rc;
    q.job_id = j.id;
    q.after_ordinal = p.is_continued ? p.after.id : 0;
    q.skip = p.skip;
    q.limit = page_limit(&p);
    rc = job_item_store_page(s, &q, &items, &found.count, &found.total);
    if (rc)
        return rc;
    if (p.is_continued)
        found.total = TICKET_NONE;
    if (page_shown(&p, &found))
        last.id = items[page_shown(&p, &found) - 1].ordinal;
    w = page_begin(r, &p, &found, &last);
    for (size_t i = 0; i < page_shown(&p, &found); i++)
        job_json_item(w, &items[i]);
    return page_end(r, w);
}

/* ---- cancelling --------------------------------------------------------------------------- */

static enum err CO_FN cancel(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct json_writer w;
    struct buf b;
    struct job j;
    enum err rc = job_store_lock(s, req_param(r, "id"), &j);

    if (rc == ERR_OK)
        rc = check_owner(r, &j);
    if (rc == ERR_OK)
        rc = job_cancel_now(s, &j, r->now, helpdesk_of(r)->config->job_retention_s);
    if (rc == ERR_CONFLICT)
        return refuse(r, rc, "The job has ended already");
    if (rc)
        return rc;
    buf_init(&b, r->arena);
    jw_init(&w, &b);
    jw_object(&w);
    job_json_members(&w, &j);
    jw_end_object(&w);
    out->body = buf_str(&b);
    return ERR_OK;
}

enum err job_cancel(struct req *r)
{
    return write_run(r, STR(""), cancel, NULL);
}

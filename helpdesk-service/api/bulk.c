/* Ordering a bulk change: the answer is a job. */
#include "domain/bulk.h"
#include "api/access.h"
#include "api/bulk_item.h"
#include "api/bulk_schemas.h"
#include "api/handlers.h"
#include "api/job.h"
#include "api/write.h"
#include "buf.h"
#include "cause.h"
#include "clock.h"
#include "jobs/worker.h"
#include "rand.h"
#include "service.h"
#include "state.h"

#define OPEN_MAX 20     /* unfinished jobs of a person */
#define WAIT_MAX_S 10   /* of Prefer: wait=… */
#define WAIT_ITEMS 100  /* larger jobs are not waited for */
#define WAIT_STEP_MS 50 /* between looks at the job */

struct order {
    struct job job;
    int64_t wait_s;
};

/* ---- answers ------------------------------------------------------------------------------ */

/* items NULL: the job alone. */
static struct str job_text(struct arena *a, const struct job *j, const struct job_item *items,
                           size_t count)
{
    struct json_writer w;
    struct buf b;

    buf_init(&b, a);
    jw_init(&w, &b);
    jw_object(&w);
    job_json_members(&w, j);
    if (items) {
        JW_KEY(&w, "items");
        jw_array(&w);
        for (size_t i = 0; i < count; i++)
            job_json_item(&w, &items[i]);
        jw_end_array(&w);
    }
    jw_end_object(&w);
    return buf_str(&b);
}

/* RFC 7240: the seconds of "wait=5" among the preferences; 0 without. */
static int64_t wait_wanted(struct req *r)
{
    struct str rest = req_header(r, "Prefer"), one, name;
    int64_t seconds;

    while (str_next(&rest, ',', &one)) {
        if (!str_next(&one, '=', &name) || !str_ieq(str_trim(name), STR("wait")) ||
            !str_to_i64(str_trim(one), &seconds) || seconds <= 0)
            continue;
        return seconds < WAIT_MAX_S ? seconds : WAIT_MAX_S;
    }
    return 0;
}

static enum err CO_FN answer_with_items(struct req *r, struct db_session *s, const struct job *j,
                                        struct answer *out)
{
    struct job_item_query q = {.job_id = j->id, .limit = WAIT_ITEMS};
    struct job_item *items;
    size_t count;
    int64_t total;
    enum err rc = job_item_store_page(s, &q, &items, &count, &total);

    if (rc)
        return rc;
    out->status = 200;
    out->body = job_text(r->arena, j, items, count);
    return ERR_OK;
}

/* The job goes on whatever becomes of the wait: then the answer is the one that is there. */
static void CO_FN wait_for_end(struct req *r, void *arg, struct answer *out)
{
    const struct order *o = arg;
    int64_t until = clock_mono_us() + o->wait_s * US_PER_S;
    struct db_session *s;
    struct job j;

    if (o->wait_s == 0 || req_db(r, &s) != ERR_OK)
        return;
    req_set_header(r, "Preference-Applied",
                   str_printf(r->arena, "wait=%lld", (long long)o->wait_s));
    while (clock_mono_us() < until && !req_service(r)->is_draining) {
        if (co_sleep_ms(WAIT_STEP_MS) != ERR_OK || job_store_get(s, o->job.id, &j) != ERR_OK)
            return;
        if (j.counts.total > WAIT_ITEMS)
            return;
        if (!job_is_finished(j.state))
            continue;
        if (answer_with_items(r, s, &j, out) != ERR_OK)
            log_warn("the items of a job could not be read");
        return;
    }
}

/* ---- the order ---------------------------------------------------------------------------- */

static enum err CO_FN order(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct order *o = arg;
    enum err rc = job_store_add(s, &o->job, r->actor, OPEN_MAX);

    if (rc == ERR_CONFLICT)
        return refuse(r, rc, "Too many unfinished jobs; wait for one or cancel it");
    if (rc)
        return rc;
    db_on_commit(s, job_worker_kick, helpdesk_of(r)->jobs);
    *out = (struct answer){
        .status = 202,
        .body = job_text(r->arena, &o->job, NULL, 0),
        .location = str_printf(r->arena, "/api/v1/jobs/%.*s", STR_ARG(o->job.id)),
    };
    return ERR_OK;
}

enum err ticket_bulk(struct req *r)
{
    const struct bulk_body *b = r->body;
    char *id = arena_alloc(r->arena, UUID_TEXT_SIZE);
    struct cause cause;
    struct order o;
    enum err rc = write_require_key(r);

    if (rc)
        return rc;
    rand_uuid(id);
    cause_from_request(&cause, r);
    o.job = (struct job){
        .id = str_from(id),
        .kind = str_from(BULK_JOB.name),
        .is_atomic = b->atomic == JSON_TRUE,
        .is_dry_run = b->dry_run == JSON_TRUE,
        .created_by = cause.actor_id,
        .created_by_name = cause.actor_name,
        .scope = r->actor->scope,
        .trace_id = cause.log.trace_id,
        .request_id = cause.log.request_id,
        .created_at = r->now,
        .started_at = JOB_NONE,
        .finished_at = JOB_NONE,
        .expires_at = JOB_NONE,
        .params = req_body_text(r),
    };
    o.wait_s = b->select.numbers.count <= WAIT_ITEMS ? wait_wanted(r) : 0;
    return write_run_then(r, req_body_text(r), order, wait_for_end, &o);
}

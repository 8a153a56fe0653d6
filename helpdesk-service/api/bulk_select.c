#include "api/bulk_select.h"

#include "api/bulk_schemas.h"
#include "api/ticket_query.h"
#include "domain/bulk.h"
#include "jobs/item.h"
#include "service.h"
#include "state.h"

#define BATCH 1000

/* ---- numbers ------------------------------------------------------------------------------ */

static enum err numbers_batch(struct job_run *run, const struct bulk_select *select,
                              struct job_batch *out)
{
    const struct str *numbers = select->numbers.items;
    size_t count = select->numbers.count, left;
    int64_t begin = 0;

    if (run->job->position.p &&
        (!str_to_i64(run->job->position, &begin) || begin < 0 || (size_t)begin > count))
        return ERR_INTERNAL_ERROR;
    left = count - (size_t)begin;
    *out = (struct job_batch){
        .subjects = numbers + begin,
        .count = left < BATCH ? left : BATCH,
        .first_ordinal = begin + 1,
        .is_last = left <= BATCH,
    };
    out->position = str_printf(run->arena, "%lld", (long long)begin + (long long)out->count);
    return ERR_OK;
}

/* ---- a query ------------------------------------------------------------------------------ */

/* "<how many> <time> <id>" of the last ticket found. */
struct progress {
    int64_t count;
    struct ticket_position last;
};

static bool read_progress(struct str text, struct progress *p)
{
    struct str rest = text, word;

    *p = (struct progress){0};
    if (!text.p)
        return true;
    return str_next(&rest, ' ', &word) && str_to_i64(word, &p->count) &&
           str_next(&rest, ' ', &word) && str_to_i64(word, &p->last.time) &&
           str_to_i64(rest, &p->last.id);
}

struct limit {
    int64_t max;         /* look for no more than so many */
    int64_t problem_at;  /* so many are too many */
    const char *problem; /* what to say then */
};

/* One more than is allowed is looked for, to know. */
static struct limit limit_of(const struct job *j, const struct bulk_select *select)
{
    if (j->is_atomic && (select->max == JSON_NO_INT || select->max > BULK_ATOMIC_MAX))
        return (struct limit){BULK_ATOMIC_MAX + 1, BULK_ATOMIC_MAX + 1,
                              "An atomic change is of at most 100 tickets"};
    if (select->max == JSON_NO_INT)
        return (struct limit){BULK_TICKETS_MAX + 1, BULK_TICKETS_MAX + 1,
                              "More than 10000 tickets match; narrow the query, or set max"};
    return (struct limit){select->max, INT64_MAX, NULL};
}

static enum err CO_FN find(struct job_run *run, struct db_session *s, const struct actor *actor,
                           const struct progress *p, int64_t limit, struct ticket_batch *found,
                           const char **problem)
{
    const struct helpdesk *h = run->service->state;
    const struct bulk_body *b = run->order;
    struct query_problem wrong;
    struct ticket_filter f;

    ticket_query_init(actor, &f);
    if (ticket_query_add(s->arena, h->catalogue, actor, b->select.query, run->job->created_at, &f,
                         &wrong)) {
        *problem =
            arena_printf(run->arena, "The query is wrong at %zu: %s", wrong.at, wrong.message);
        return ERR_OK;
    }
    f.limit = limit;
    f.after = p->count ? &p->last : NULL;
    return ticket_list_store_batch(s, &f, found);
}

static enum err CO_FN query_batch(struct job_run *run, struct db_session *s,
                                  const struct actor *actor, struct job_batch *out)
{
    const struct bulk_body *b = run->order;
    struct limit limit = limit_of(run->job, &b->select);
    struct ticket_batch found = {0};
    struct str *numbers;
    struct progress p;
    int64_t wanted;
    enum err rc;

    if (!read_progress(run->job->position, &p))
        return ERR_INTERNAL_ERROR;
    wanted = limit.max - p.count < BATCH ? limit.max - p.count : BATCH;
    rc = find(run, s, actor, &p, wanted, &found, &out->problem);
    if (rc || out->problem)
        return rc;
    out->first_ordinal = p.count + 1;
    p.count += (int64_t)found.count;
    if (p.count >= limit.problem_at)
        out->problem = limit.problem;
    out->is_last = (int64_t)found.count < wanted || p.count >= limit.max;
    out->position = str_printf(s->arena, "%lld %lld %lld", (long long)p.count,
                               (long long)found.last.time, (long long)found.last.id);
    rc = ticket_store_numbers(s, found.ids, found.count, &numbers, &out->count);
    out->subjects = numbers;
    return rc;
}

enum err bulk_select_batch(struct job_run *run, struct db_session *s, struct job_batch *out)
{
    const struct bulk_body *b = run->order;
    const struct actor *actor;
    struct actor room;
    enum err rc;

    if (!b->select.query.p)
        return numbers_batch(run, &b->select, out);
    rc = job_actor(run, s, &room, &actor);
    if (rc)
        return rc;
    if (!actor || !actor_may(actor, PERM_TICKET_READ)) {
        out->problem = "The person may not read tickets any more";
        return ERR_OK;
    }
    return query_batch(run, s, actor, out);
}

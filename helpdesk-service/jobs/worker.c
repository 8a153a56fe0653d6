#include "jobs/worker.h"

#include <stdlib.h>

#include "clock.h"
#include "jobs/turn.h"
#include "mem.h"
#include "service.h"
#include "store/job_store.h"

#define POLL_MS 1000
#define STOP_TIMEOUT_MS 10000
#define STOP_STEP_MS 10

struct job_worker {
    struct service *service;
    const struct job_kind *const *kinds;
    struct str *names; /* owned: theirs */
    size_t count;
    int64_t retention_s;
    bool is_working, look_again;
};

static struct metric ended = {
    .name = "helpdesk_jobs_total",
    .help = "Jobs that this process has ended, by kind and how.",
    .kind = METRIC_COUNTER,
    .labels = "kind,state",
};

struct job_worker *job_worker_new(struct service *s, const struct job_kind *const *kinds,
                                  size_t count, int64_t retention_s)
{
    struct job_worker *w = MEM_NEW(struct job_worker);

    *w = (struct job_worker){
        .service = s, .kinds = kinds, .count = count, .retention_s = retention_s};
    w->names = mem_zalloc(count * sizeof *w->names);
    for (size_t i = 0; i < count; i++)
        w->names[i] = str_from(kinds[i]->name);
    return w;
}

void job_worker_free(struct job_worker *w)
{
    if (!w)
        return;
    free(w->names);
    free(w);
}

/* ---- turns -------------------------------------------------------------------------------- */

static const struct job_kind *kind_of(const struct job_worker *w, const struct job *j)
{
    size_t i = 0;

    while (!str_eq(w->names[i], j->kind))
        i++;
    return w->kinds[i];
}

static void report(const struct job *j)
{
    struct str labels[] = {j->kind, job_state_word(j->state)};

    metric_add(metric_series(&ended, labels), 1);
    log_info("job ended", LOG_STR("job", j->id), LOG_STR("kind", j->kind),
             LOG_STR("state", labels[1]), LOG_I("total", j->counts.total),
             LOG_I("done", j->counts.done), LOG_I("failed", j->counts.failed));
}

/* Whether it is worth while to look again at once. */
static bool CO_FN take_turn(struct job_worker *w)
{
    struct arena *a = arena_new();
    struct job_turn t = {.retention_s = w->retention_s};
    struct db_session s;
    struct job j;
    enum err rc;

    db_session_init(&s, w->service->db, a);
    rc = job_store_take(&s, w->names, w->count, clock_wall_us(), &j);
    if (rc == ERR_OK) {
        t.run = (struct job_run){.service = w->service, .arena = a, .job = &j};
        t.kind = kind_of(w, &j);
        rc = job_turn_run(&t);
    }
    if (rc == ERR_OK && job_is_finished(j.state))
        report(&j);
    else if (rc && rc != ERR_NOT_FOUND)
        log_warn("jobs go on later", LOG_CSTR("error", err_code(rc)));
    arena_free(a);
    return rc == ERR_OK && t.is_progress;
}

static void CO_FN work(void *worker)
{
    struct job_worker *w = worker;

    w->is_working = true;
    do {
        w->look_again = false;
        while (!w->service->is_draining && take_turn(w))
            ;
    } while (w->look_again && !w->service->is_draining);
    w->is_working = false;
}

void job_worker_kick(void *worker)
{
    struct job_worker *w = worker;

    if (w->is_working)
        w->look_again = true;
    else if (!w->service->is_draining)
        co_start(w->service->loop, work, w, "jobs");
}

static void CO_FN look(struct service *s, void *worker)
{
    struct job_worker *w = worker;

    if (!w->is_working)
        work(w);
}

void job_worker_start(struct job_worker *w)
{
    service_every(w->service, POLL_MS, "jobs", look, w);
}

void job_worker_stop(struct job_worker *w)
{
    for (int waited = 0; waited < STOP_TIMEOUT_MS && w->is_working; waited += STOP_STEP_MS)
        if (co_sleep_ms(STOP_STEP_MS) != ERR_OK)
            return;
}

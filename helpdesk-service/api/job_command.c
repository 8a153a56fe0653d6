/* --jobs: long operations as those see them who operate the program. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "api/job.h"
#include "arguments.h"
#include "buf.h"
#include "clock.h"
#include "jobs/control.h"
#include "service.h"
#include "settings.h"

#define ROUND 100

struct order {
    struct service *service;
    const char *what, *id, *state;
    bool with_failed;
    struct job job; /* as it is afterwards */
};

typedef enum err (*page_fn)(struct db_session *s, struct order *o, int64_t *position, size_t *n);

static void print_job(struct arena *a, const struct job *j)
{
    struct json_writer w;
    struct buf b;

    buf_init(&b, a);
    jw_init(&w, &b);
    jw_object(&w);
    job_json_members(&w, j);
    jw_end_object(&w);
    printf("%.*s\n", STR_ARG(buf_str(&b)));
}

static void print_item(struct arena *a, const struct job_item *i)
{
    struct json_writer w;
    struct buf b;

    buf_init(&b, a);
    jw_init(&w, &b);
    job_json_item(&w, i);
    printf("%.*s\n", STR_ARG(buf_str(&b)));
}

/* ---- looking ------------------------------------------------------------------------------ */

static struct str wanted_state(const struct order *o)
{
    return o->state ? str_from(o->state) : STR_NULL;
}

static enum err CO_FN page_of_jobs(struct db_session *s, struct order *o, int64_t *position,
                                   size_t *n)
{
    struct job_query q = {
        .created_by = JOB_NONE, .state = wanted_state(o), .before_seq = *position, .limit = ROUND};
    struct job *jobs;
    int64_t total;
    enum err rc = job_store_page(s, &q, &jobs, n, &total);

    if (rc)
        return rc;
    for (size_t i = 0; i < *n; i++)
        print_job(s->arena, &jobs[i]);
    if (*n)
        *position = jobs[*n - 1].seq;
    return ERR_OK;
}

static enum err CO_FN page_of_items(struct db_session *s, struct order *o, int64_t *position,
                                    size_t *n)
{
    struct job_item_query q = {.job_id = o->job.id,
                               .state = wanted_state(o),
                               .after_ordinal = *position == JOB_NONE ? 0 : *position,
                               .limit = ROUND};
    struct job_item *items;
    int64_t total;
    enum err rc = job_item_store_page(s, &q, &items, n, &total);

    if (rc)
        return rc;
    for (size_t i = 0; i < *n; i++)
        print_item(s->arena, &items[i]);
    if (*n)
        *position = items[*n - 1].ordinal;
    return ERR_OK;
}

/* Page by page, so that however many there are memory does not grow. */
static enum err CO_FN print_all(struct order *o, page_fn page)
{
    int64_t position = JOB_NONE;
    size_t n = ROUND;
    enum err rc = ERR_OK;

    while (rc == ERR_OK && n == ROUND) {
        struct arena *a = arena_new();
        struct db_session s;

        db_session_init(&s, o->service->db, a);
        rc = page(&s, o, &position, &n);
        arena_free(a);
    }
    return rc;
}

static enum err CO_FN show(struct db_session *s, struct order *o)
{
    enum err rc = job_store_get(s, str_from(o->id), &o->job);

    if (rc == ERR_OK && strcmp(o->what, "items") == 0)
        return print_all(o, page_of_items);
    if (rc == ERR_OK)
        print_job(s->arena, &o->job);
    return rc;
}

/* ---- changing ----------------------------------------------------------------------------- */

static enum err CO_FN change(struct db_session *s, void *arg)
{
    struct order *o = arg;
    const struct helpdesk_config *config = o->service->own_config;
    int64_t now = clock_wall_us();
    enum err rc = job_store_lock(s, str_from(o->id), &o->job);

    if (rc)
        return rc;
    if (strcmp(o->what, "cancel") == 0)
        return job_cancel_now(s, &o->job, now, config->job_retention_s);
    return job_resume_now(s, &o->job, now, o->with_failed);
}

static enum err CO_FN act(struct db_session *s, struct order *o)
{
    enum err rc = db_transact(s, change, o);

    if (rc == ERR_OK)
        print_job(s->arena, &o->job);
    return rc;
}

/* ---- the command -------------------------------------------------------------------------- */

static bool is_state(const struct order *o)
{
    struct str state = wanted_state(o);
    bool of_items = strcmp(o->what, "items") == 0;

    return !state.p || (of_items ? job_item_state_parse(state) != JOB_ITEM_STATE_COUNT
                                 : job_state_parse(state) != JOB_STATE_COUNT);
}

static bool read_order(int count, char **args, struct order *o)
{
    const struct argument table[] = {{NULL, ARGUMENT_WORD, &o->what},
                                     {NULL, ARGUMENT_WORD, &o->id},
                                     {"--state", ARGUMENT_TEXT, &o->state},
                                     {"--failed", ARGUMENT_FLAG, &o->with_failed}};

    if (!arguments_read(count, args, table, 4) || !o->what || !is_state(o))
        return false;
    if (o->with_failed && strcmp(o->what, "resume") != 0)
        return false;
    if (strcmp(o->what, "list") == 0)
        return !o->id;
    if (strcmp(o->what, "items") == 0)
        return o->id;
    return o->id && !o->state &&
           (strcmp(o->what, "show") == 0 || strcmp(o->what, "cancel") == 0 ||
            strcmp(o->what, "resume") == 0);
}

static int explain(const struct order *o, enum err rc)
{
    const char *why = err_text(rc);

    if (rc == ERR_NOT_FOUND)
        why = "there is no such job";
    else if (rc == ERR_CONFLICT && strcmp(o->what, "cancel") == 0)
        why = "the job has ended already";
    else if (rc == ERR_CONFLICT)
        why = "the job has not ended, or nothing of it is left to do";
    fprintf(stderr, "%s: %s\n", o->service->desc->name, why);
    return rc == ERR_NOT_FOUND ? EX_NOINPUT : rc == ERR_CONFLICT ? EX_DATAERR : EX_UNAVAILABLE;
}

int job_command(struct service *s, int count, char **args)
{
    struct order o = {.service = s};
    struct db_session session;
    enum err rc;

    if (!read_order(count, args, &o))
        return EX_USAGE;
    db_session_init(&session, s->db, s->arena);
    if (strcmp(o.what, "list") == 0)
        rc = print_all(&o, page_of_jobs);
    else if (strcmp(o.what, "cancel") == 0 || strcmp(o.what, "resume") == 0)
        rc = act(&session, &o);
    else
        rc = show(&session, &o);
    return rc ? explain(&o, rc) : EX_OK;
}

/* helpdesk-service: tickets and what belongs to them. Wiring only. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "api/audit.h"
#include "api/auto_close.h"
#include "api/bulk_item.h"
#include "api/denial.h"
#include "api/job.h"
#include "api/kb_counts.h"
#include "api/view_count.h"
#include "clock.h"
#include "deadletter.h"
#include "events/consume.h"
#include "events/consume_audit.h"
#include "jobs/worker.h"
#include "media/collect.h"
#include "media/disk.h"
#include "mem.h"
#include "people.h"
#include "routes.h"
#include "service.h"
#include "state.h"
#include "store/insight_store.h"
#include "store/job_store.h"
#include "store/tally_store.h"
#include "write_run.h"

extern const struct db_migration SERVICE_MIGRATIONS[];

#define CATALOGUE_REFRESH_MS 30000
#define CLEANING_MS 3600000
/* Older than any limit of age that is told apart. */
#define BACKLOG_OLD_US (32 * US_PER_DAY)
#define FOLDING_MS 2000
#define DENIALS_MS 1000
#define SNIFFER_REST_MS 60000

static const struct job_kind *const JOB_KINDS[] = {&BULK_JOB};

static enum err init(struct service *s)
{
    struct helpdesk *h = MEM_NEW(struct helpdesk);
    const char *dir;

    s->state = h;
    h->config = s->own_config;
    h->numbers = number_pool_new();
    h->catalogue = catalogue_new();
    h->view_counts = view_counts_new();
    h->kb_counts = kb_counts_new();
    h->denials = denials_new();
    dir = str_cstr(s->arena, h->config->upload_dir);
    /* A file that must not grow any further is an error of write(), not the end of the program. */
    (void)signal(SIGXFSZ, SIG_IGN);
    h->sniffer = sniffer_new(s->offload);
    h->media = disk_store_open(dir, s->offload);
    if (!h->media) {
        log_error("UPLOAD_DIR cannot be written", LOG_CSTR("path", dir),
                  LOG_CSTR("reason", strerror(errno)));
        return ERR_INVALID_INPUT;
    }
    h->jobs = job_worker_new(s, JOB_KINDS, sizeof JOB_KINDS / sizeof *JOB_KINDS,
                             h->config->job_retention_s);
    events_consume(s);
    audit_consume(s);
    return ERR_OK;
}

static void CO_FN refresh_catalogue(struct service *s, void *arg)
{
    struct helpdesk *h = s->state;

    if (catalogue_refresh(h->catalogue, s->db) != ERR_OK)
        log_warn("the catalogue could not be read");
}

static void CO_FN forget_jobs(struct db_session *s)
{
    bool more = true;

    while (more)
        if (job_store_purge(s, clock_wall_us(), &more) != ERR_OK)
            log_warn("old jobs are removed later");
}

static void CO_FN clean(struct service *s, void *arg)
{
    struct helpdesk *h = s->state;
    struct arena *a = arena_new();
    struct db_session session;

    db_session_init(&session, s->db, a);
    if (write_purge(&session, clock_wall_us()) != ERR_OK)
        log_warn("old idempotency keys are removed later");
    forget_jobs(&session);
    if (insight_store_compact(&session, clock_wall_us() - BACKLOG_OLD_US) != ERR_OK)
        log_warn("the backlog is compacted later");
    arena_free(a);
    collect_all(h->media, s->db, clock_wall_us());
}

static void CO_FN rest_sniffer(struct service *s, void *arg)
{
    struct helpdesk *h = s->state;

    sniffer_rest(h->sniffer);
}

static enum err CO_FN check_uploads(struct service *s)
{
    struct helpdesk *h = s->state;

    return media_check(h->media);
}

typedef enum err (*fold_fn)(struct db_session *s, bool *more);

/* What is not folded stays as notes, which are read as well. */
static void CO_FN fold_all(struct service *s, fold_fn fold)
{
    bool more = true;

    while (more && !s->is_draining) {
        struct arena *a = arena_new();
        struct db_session session;

        db_session_init(&session, s->db, a);
        if (fold(&session, &more) != ERR_OK)
            more = false;
        arena_free(a);
    }
}

static void CO_FN fold_tallies(struct service *s, void *arg)
{
    fold_all(s, tally_store_fold);
    fold_all(s, insight_store_fold);
}

static void CO_FN write_denials(struct service *s, void *arg)
{
    struct helpdesk *h = s->state;

    denials_write(h->denials, s->db, clock_wall_us(), false);
}

static void note_answer(struct req *r, int status)
{
    denials_note(helpdesk_of(r)->denials, r, status);
}

static enum err CO_FN start(struct service *s)
{
    struct helpdesk *h = s->state;
    enum err rc = catalogue_refresh(h->catalogue, s->db);

    if (rc == ERR_OK)
        rc = deadletters_start(s);
    if (rc == ERR_OK)
        rc = people_sync(s);
    if (rc)
        return rc;
    service_every(s, CATALOGUE_REFRESH_MS, "catalogue", refresh_catalogue, NULL);
    collect_all(h->media, s->db, clock_wall_us());
    service_every(s, CLEANING_MS, "cleaning", clean, NULL);
    service_every(s, FOLDING_MS, "tallies", fold_tallies, NULL);
    service_every(s, SNIFFER_REST_MS, "sniffer", rest_sniffer, NULL);
    view_counts_start(s);
    service_every(s, DENIALS_MS, "refusals", write_denials, NULL);
    auto_close_start(s);
    job_worker_start(h->jobs);
    kb_counts_start(s);
    audit_start(s);
    return ERR_OK;
}

static void CO_FN stop(struct service *s)
{
    struct helpdesk *h = s->state;

    job_worker_stop(h->jobs);
    kb_counts_flush(s);
    denials_write(h->denials, s->db, clock_wall_us(), true);
}

static void release(struct service *s)
{
    struct helpdesk *h = s->state;

    job_worker_free(h->jobs);
    media_store_close(h->media);
    sniffer_free(h->sniffer);
    view_counts_free(h->view_counts);
    catalogue_free(h->catalogue);
    kb_counts_free(h->kb_counts);
    number_pool_free(h->numbers);
    denials_free(h->denials);
    free(h);
}

int main(int argc, char **argv)
{
    static const struct db_migration *const MIGRATIONS[] = {
        PEOPLE_MIGRATIONS, WRITE_MIGRATIONS, DEADLETTER_MIGRATIONS, SERVICE_MIGRATIONS, NULL};
    static const struct route *const ROUTES[] = {
        TICKET_ROUTES,  CATALOGUE_ROUTES,  SIMPLE_ROUTES, MEDIA_ROUTES,
        SEARCH_ROUTES,  JOB_ROUTES,        VIEW_ROUTES,   KB_ROUTES,
        INSIGHT_ROUTES, DEADLETTER_ROUTES, NULL};
    static const struct service_command COMMANDS[] = {
        {"--verify-audit", "succeed when the audit trail is what was sealed", "[SEQ:HASH]",
         audit_verify_command},
        {"--jobs", "list, show, cancel or resume long operations", JOB_USAGE, job_command},
        DEADLETTER_COMMAND,
        {0}};
    static const struct service_check CHECKS[] = {{"uploads", check_uploads}, {0}};
    static const struct service_desc DESC = {
        .name = "helpdesk-service",
        .schema = "helpdesk",
        .default_port = 5001,
        .default_db_pool = 16,
        .settings = HELPDESK_SETTINGS,
        .config_size = sizeof(struct helpdesk_config),
        .routes = ROUTES,
        .migrations = MIGRATIONS,
        .init = init,
        .start = start,
        .stop = stop,
        .release = release,
        .answered = note_answer,
        .checks = CHECKS,
        .commands = COMMANDS,
    };

    return service_main(argc, argv, &DESC);
}

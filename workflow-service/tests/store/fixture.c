#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "co.h"
#include "log.h"
#include "loop.h"
#include "migrate.h"
#include "outbox.h"
#include "people.h"

extern const struct db_migration SERVICE_MIGRATIONS[];

static struct loop *loop;
static struct db *db;

/* The tables of a service, in a schema of this process. */
static bool create_tables(const char *url, const char *schema)
{
    static const struct db_migration *const SETS[] = {MQ_MIGRATIONS, PEOPLE_MIGRATIONS,
                                                      SERVICE_MIGRATIONS};
    struct db_migration all[64];
    size_t n = 0;
    for (size_t k = 0; k < sizeof SETS / sizeof SETS[0]; k++)
        for (size_t i = 0; SETS[k][i].sql; i++)
            all[n++] = SETS[k][i];
    int applied;
    char *why = NULL;
    enum err rc = db_migrate(url, schema, all, n, &applied, &why);
    if (rc)
        fprintf(stderr, "%s\n", why);
    free(why);
    return rc == ERR_OK;
}

static void add_person(struct db_session *s, int64_t id, const char *name, const char *system,
                       const char *role)
{
    struct event_user_role held = {str_from(system), str_from(role), id};
    struct event_user u = {
        .id = id,
        .email = str_printf(s->arena, "%s@example.com", name),
        .name = str_from(name),
        .active = JSON_TRUE,
        .version = 1,
        .roles = {&held, 1},
    };
    OK(people_apply(s, &u));
}

static void add_people(struct db_session *s)
{
    add_person(s, COORDINATOR_A, "Cora", OWNER_SYSTEM, OWNER_ROLE);
    add_person(s, COORDINATOR_B, "Cole", OWNER_SYSTEM, OWNER_ROLE);
    add_person(s, REVIEWER_A, "Rita", "tts", "Reviewer");
    add_person(s, REVIEWER_B, "Rolf", "tts", "Reviewer");
    add_person(s, APPROVER, "Anna", "tts", "Approver");
    add_person(s, ADMIN, "Adam", "hdts", "Admin");
    add_person(s, EMPLOYEE, "Emil", "hdts", "Employee");
}

int fixture_open(void **state)
{
    (void)state;
    static char schema[64];
    const char *url = getenv("TTS_TEST_DB_URL");
    if (!url) {
        fprintf(stderr, "TTS_TEST_DB_URL is not set\n");
        return 1;
    }
    log_init("test", LOG_ERROR);
    snprintf(schema, sizeof schema, "workflow_store_%d", (int)getpid());
    if (!create_tables(url, schema))
        return 1;
    loop = loop_new();
    struct db_config cfg = {.url = str_from(url),
                            .schema = str_from(schema),
                            .pool_size = 4,
                            .read_connections = 1,
                            .statement_timeout_ms = 5000,
                            .acquire_timeout_ms = 2000,
                            .app_name = "test_store"};
    db = db_new(loop, &cfg);
    db_start(db);
    fixture_run_bare(add_people);
    return 0;
}

int fixture_close(void **state)
{
    (void)state;
    db_free(db);
    loop_free(loop);
    return 0;
}

struct run {
    fixture_fn fn;
    bool in_transaction;
};

static void CO_FN run_body(void *arg)
{
    const struct run *r = arg;
    struct arena *a = arena_new();
    struct db_session s;
    db_session_init(&s, db, a);
    if (r->in_transaction)
        OK(db_begin(&s));
    r->fn(&s);
    db_rollback(&s);
    arena_free(a);
}

static void run(struct run r)
{
    int64_t deadline = clock_mono_us() + 30 * US_PER_S;
    co_start(loop, run_body, &r, "test");
    while (co_count() && clock_mono_us() < deadline)
        loop_turn(loop, 50);
    assert_int_equal(co_count(), 0);
}

void fixture_run(fixture_fn fn)
{
    run((struct run){fn, true});
}

void fixture_run_bare(fixture_fn fn)
{
    run((struct run){fn, false});
}

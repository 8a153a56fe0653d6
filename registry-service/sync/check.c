/* Health checks: each instance is probed by one replica at a time. */
#include "buf.h"
#include "clock.h"
#include "log.h"
#include "store/instance.h"
#include "sync/registry.h"

#define BATCH_MAX 64
#define EXTRA_CHECKS_MAX 4
#define REPLY_MAX_BYTES (64 * 1024)

static struct str json_text(struct arena *a, struct str s)
{
    struct buf b;
    struct json_writer w;

    buf_init(&b, a);
    jw_init(&w, &b);
    jw_str(&w, s);
    return buf_str(&b);
}

bool CO_FN registry_probe(struct registry *g, struct arena *a, const struct instance *i,
                          struct str *details)
{
    struct str url = instance_url(a, i);
    const struct http_call call = {
        .method = "GET",
        .url = str_printf(a, "%.*s%.*s", STR_ARG(url), STR_ARG(i->health_endpoint)),
        .timeout_ms = (int)g->config->check_timeout_ms,
        .connect_timeout_ms = (int)g->config->check_timeout_ms,
        .max_reply_bytes = REPLY_MAX_BYTES,
    };
    struct http_answer answer = {0};
    const struct json *parsed;
    const char *why;
    enum err rc = http_client_call(g->service->http, a, &call, &answer);

    if (rc)
        *details = json_text(a, str_from(err_text(rc)));
    else if (answer.status != 200)
        *details = json_text(a, str_printf(a, "status %d", answer.status));
    else if (json_parse(a, answer.body, &parsed, &why) == ERR_OK)
        *details = answer.body;
    else
        *details = json_text(a, STR("the answer is no JSON"));
    return rc == ERR_OK && answer.status == 200;
}

struct batch {
    struct registry *registry;
    int left;
    struct co_wait done;
};

struct check {
    struct batch *batch;
    struct instance instance; /* in the batch's arena */
};

static void CO_FN record(struct check *c, struct arena *a, bool is_healthy)
{
    struct registry *g = c->batch->registry;
    const struct instance *i = &c->instance;
    struct db_session s;
    int64_t now = clock_wall_us();
    enum err rc;

    if (is_healthy != i->is_healthy)
        log_info("health changed", LOG_STR("name", i->name), LOG_STR("instance", i->id),
                 LOG_B("healthy", is_healthy));
    db_session_init(&s, g->service->db, a);
    rc = instance_store_checked(&s, i, is_healthy, now, now + g->config->lease_s * US_PER_S,
                                now + g->config->check_retry_s * US_PER_S);
    if (rc)
        log_warn("could not record a health check", LOG_CSTR("error", err_code(rc)));
}

static void CO_FN check_one(void *arg)
{
    struct check *c = arg;
    struct arena *a = arena_new();
    struct str details;

    record(c, a, registry_probe(c->batch->registry, a, &c->instance, &details));
    arena_free(a);
    if (--c->batch->left == 0)
        co_wake(&c->batch->done, ERR_OK);
}

static void CO_FN check_all(struct registry *g, struct arena *a, const struct instance *due,
                            size_t n)
{
    struct batch batch = {.registry = g, .left = (int)n};
    struct check *checks = ARENA_ARRAY(a, struct check, n);

    co_wait_init(&batch.done);
    for (size_t i = 0; i < n; i++) {
        checks[i] = (struct check){&batch, due[i]};
        co_start(g->service->loop, check_one, &checks[i], "health-check");
    }
    (void)co_wait_uncancellable(&batch.done);
}

/* When a claimed instance is checked again, at the earliest by another replica: not before this
 * check has ended. */
static int64_t next_check_us(const struct registry_config *c)
{
    int64_t interval = c->check_interval_s * US_PER_S, timeout = c->check_timeout_ms * US_PER_MS;

    return interval > timeout ? interval : timeout;
}

void CO_FN registry_check(struct service *service, void *arg)
{
    struct registry *g = registry_of(service);
    struct arena *a = arena_new();
    int64_t now = clock_wall_us();
    struct instance *due;
    size_t n = 0;
    struct db_session s;

    (void)arg;
    db_session_init(&s, service->db, a);
    if (db_is_up(service->db) &&
        instance_store_claim_checks(&s, now, now + next_check_us(g->config), BATCH_MAX, &due, &n) ==
            ERR_OK &&
        n > 0)
        check_all(g, a, due, n);
    arena_free(a);
}

static void CO_FN check_now(void *arg)
{
    struct registry *g = arg;

    g->extra_checks++;
    registry_check(g->service, NULL);
    g->extra_checks--;
}

void registry_check_soon(struct registry *g)
{
    if (g->extra_checks < EXTRA_CHECKS_MAX && !g->service->is_draining)
        co_start(g->service->loop, check_now, g, "check-now");
}

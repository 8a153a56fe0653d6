#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "internal.h"
#include "log.h"
#include "mem.h"

#define RETRY_FIRST_MS 200
#define RETRY_MAX_MS 5000
#define CONNECTED_STEP_MS 10
#define DRAIN_TIMEOUT_MS 15000
#define MQ_STOP_TIMEOUT_MS 5000
#define OFFLOAD_THREADS 2
#define OFFLOAD_QUEUE 64

/* ---- starting ----------------------------------------------------------------------------- */

struct migration_job {
    struct migration_set set;
    int applied;
    char *why;
    enum err rc;
};

static void migrate(void *arg)
{
    struct migration_job *j = arg;
    j->rc = db_migrate(j->set.url, j->set.schema, j->set.list, j->set.count, &j->applied, &j->why);
}

static void add(struct migration_set *all, struct arena *a, const struct db_migration *set)
{
    size_t n = 0;
    while (set[n].sql)
        n++;
    struct db_migration *list = ARENA_ARRAY(a, struct db_migration, all->count + n + 1);
    if (all->count)
        memcpy(list, all->list, all->count * sizeof *list);
    memcpy(list + all->count, set, n * sizeof *list);
    all->list = list;
    all->count += n;
}

void lifecycle_migrations(struct service *s, struct migration_set *out)
{
    *out = (struct migration_set){.url = str_cstr(s->arena, settings_db_url(s)),
                                  .schema = s->desc->schema};
    add(out, s->arena, MQ_MIGRATIONS);
    for (const struct db_migration *const *set = s->desc->migrations; set && *set; set++)
        add(out, s->arena, *set);
}

static int next_pause(int *pause)
{
    int now = *pause ? *pause : RETRY_FIRST_MS;
    *pause = now * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : now * 2;
    return now;
}

static bool CO_FN migrate_until_done(struct service *s)
{
    struct migration_job j = {0};
    lifecycle_migrations(s, &j.set);
    for (int pause = 0; !s->is_draining;) {
        enum err rc = offload_run(s->offload, migrate, &j);
        if (rc == ERR_OK && j.rc == ERR_OK) {
            if (j.applied)
                log_info("schema migrated", LOG_I("applied", j.applied));
            s->priv->is_migrated = true;
            return true;
        }
        log_warn("the schema cannot be migrated yet", LOG_CSTR("reason", j.why ? j.why : "busy"));
        free(j.why);
        j.why = NULL;
        if (co_sleep_ms(next_pause(&pause)) != ERR_OK)
            return false;
    }
    return false;
}

static void CO_FN start_up(void *arg)
{
    struct service *s = arg;
    if (s->db) {
        if (!migrate_until_done(s))
            return;
        db_start(s->db);
    }
    if (s->mq)
        mq_start(s->mq);
    if (s->db && s->mq)
        s->relay = outbox_relay_start(s->loop, s->db, s->mq);
    for (int pause = 0; s->desc->start && !s->is_draining;) {
        enum err rc = s->desc->start(s);
        if (rc == ERR_OK)
            break;
        log_warn("start-up waits for another program", LOG_CSTR("reason", err_text(rc)));
        if (co_sleep_ms(next_pause(&pause)) != ERR_OK)
            return;
    }
    s->is_ready = !s->is_draining;
    /* What starting took, migrations above all, is not needed any more. */
    malloc_trim(0);
    if (s->is_ready)
        log_info("ready", LOG_I("port", s->config.port));
    /* Whoever is registered gets requests at once. */
    while (s->db && !db_is_up(s->db) && !s->is_draining)
        if (co_sleep_ms(CONNECTED_STEP_MS) != ERR_OK)
            return;
    registry_start(s);
}

/* ---- periodic work ------------------------------------------------------------------------ */

struct periodic {
    struct service *service;
    int interval_ms;
    const char *name;
    void (*fn)(struct service *s, void *arg);
    void *arg;
};

static void CO_FN run_periodic(void *arg)
{
    struct periodic *p = arg;
    struct service *s = p->service;
    while (!s->is_draining) {
        s->priv->running_tasks++;
        p->fn(s, p->arg);
        s->priv->running_tasks--;
        for (int64_t until = clock_mono_us() + p->interval_ms * US_PER_MS;;) {
            int64_t left = (until - clock_mono_us()) / US_PER_MS;
            if (left <= 0 || s->is_draining)
                break;
            if (co_sleep_ms(left < 250 ? left : 250) != ERR_OK)
                return;
        }
    }
}

void service_every(struct service *s, int interval_ms, const char *name,
                   void (*fn)(struct service *s, void *arg), void *arg)
{
    struct periodic *p = ARENA_NEW(s->arena, struct periodic);
    *p = (struct periodic){s, interval_ms, name, fn, arg};
    co_start(s->loop, run_periodic, p, name);
}

/* ---- stopping ----------------------------------------------------------------------------- */

static bool is_quiet(const struct service *s)
{
    return (!s->server || http_server_active(s->server) == 0) && s->priv->running_tasks == 0;
}

static void CO_FN stop(void *arg)
{
    struct service *s = arg;
    log_info("stopping");
    if (s->server && s->config.drain_delay_ms)
        http_server_retire(s->server);
    directory_stop(s);
    registry_leave(s);
    if (s->config.drain_delay_ms && co_sleep_ms(s->config.drain_delay_ms) != ERR_OK)
        log_warn("drain delay cut short");
    if (s->server)
        http_server_drain(s->server);
    for (int64_t until = clock_mono_us() + DRAIN_TIMEOUT_MS * US_PER_MS;
         !is_quiet(s) && clock_mono_us() < until;)
        if (co_sleep_ms(10) != ERR_OK)
            break;
    if (s->desc->stop)
        s->desc->stop(s);
    if (s->relay)
        outbox_relay_stop(s->relay);
    if (s->mq)
        mq_stop(s->mq, MQ_STOP_TIMEOUT_MS);
    traces_flush(s);
    loop_stop(s->loop);
}

static void on_stop_signal(int signo, void *arg)
{
    (void)signo;
    struct service *s = arg;
    if (s->is_draining)
        return;
    s->is_draining = true;
    if (s->desc->drain)
        s->desc->drain(s);
    co_start(s->loop, stop, s, "stop");
}

/* ---- the whole life ----------------------------------------------------------------------- */

static struct jwt_keys *load_keys(struct service *s, struct str current, struct str previous)
{
    struct str secrets[16];
    size_t n = 0;
    secrets[n++] = current;
    struct str one;
    while (n < 16 && previous.len && str_next(&previous, ',', &one))
        if (str_trim(one).len)
            secrets[n++] = str_trim(one);
    return jwt_keys_new(secrets, n);
}

void lifecycle_open_db(struct service *s)
{
    const struct service_config *c = &s->config;
    struct db_config db = {.url = settings_db_url(s),
                           .schema = str_from(s->desc->schema),
                           .pool_size = (int)c->db_pool,
                           .read_connections = (int)c->db_read_connections,
                           .statement_timeout_ms = 10000,
                           .acquire_timeout_ms = 5000,
                           .app_name = s->desc->name};
    s->db = db_new(s->loop, &db);
}

static void connect_parts(struct service *s)
{
    const struct service_config *c = &s->config;
    s->jwt = load_keys(s, c->jwt_secret, c->jwt_previous_secrets);
    s->service_jwt = c->service_secret.len ? load_keys(s, c->service_secret, STR_NULL) : s->jwt;
    s->offload = offload_new(s->loop, OFFLOAD_THREADS, OFFLOAD_QUEUE);
    s->http = http_client_new(s->loop);
    s->priv->introspected = introspect_cache_new();
    if (!(s->desc->flags & SERVICE_NO_DB))
        lifecycle_open_db(s);
    if (!(s->desc->flags & SERVICE_NO_MQ)) {
        struct mq_config mq = {
            .url = c->amqp_url, .ca_file = c->amqp_ca_file, .name = s->desc->name};
        s->mq = mq_new(s->loop, &mq);
    }
}

static bool listen_http(struct service *s)
{
    static const struct http_server_hooks HOOKS = {auth_authenticate, auth_authorise,
                                                   routes_request_finished};
    struct http_server_config h = HTTP_SERVER_DEFAULTS;
    h.bind = str_cstr(s->arena, s->config.bind);
    h.port = (int)s->config.port;
    h.reuse_port = s->config.workers > 1;
    h.max_body_bytes = s->config.max_body_bytes;
    h.request_timeout_ms = (int)s->config.request_timeout_ms;
    h.trusted_proxies = s->config.trusted_proxies;
    s->server = http_server_new(s->loop, &h, s->routes, &HOOKS, s);
    if (http_server_listen(s->server)) {
        s->config.port = http_server_port(s->server);
        return true;
    }
    fprintf(stderr, "%s: cannot listen on %s:%d: %s\n", s->desc->name, h.bind, h.port,
            strerror(errno));
    return false;
}

static void release_all(struct service *s)
{
    struct service_private *p = s->priv;
    traces_stop(s);
    http_server_free(s->server);
    mq_free(s->mq);
    db_free(s->db);
    http_client_free(s->http);
    introspect_cache_free(p->introspected);
    offload_free(s->offload);
    if (s->desc->release && s->state)
        s->desc->release(s);
    route_table_free(s->routes);
    if (s->service_jwt != s->jwt)
        jwt_keys_free(s->service_jwt);
    jwt_keys_free(s->jwt);
    loop_free(s->loop);
    arena_free(p->token_arena);
    directory_release(s);
}

int lifecycle_run(struct service *s)
{
    signal(SIGPIPE, SIG_IGN);
    workers_fork((int)s->config.workers);
    char host[40] = "localhost";
    gethostname(host, sizeof host - 1);
    snprintf(s->priv->instance, sizeof s->priv->instance, "%s-%d", host, (int)getpid());
    s->loop = loop_new();
    directory_init(s);
    s->routes = routes_compile(s);
    connect_parts(s);
    routes_register_metrics(s);
    traces_start(s);
    loop_on_signal(s->loop, SIGTERM, on_stop_signal, s);
    loop_on_signal(s->loop, SIGINT, on_stop_signal, s);
    int status = 0;
    enum err rc = s->desc->init ? s->desc->init(s) : ERR_OK;
    if (rc) {
        fprintf(stderr, "%s: %s\n", s->desc->name, err_text(rc));
        status = 78;
    } else if (!(s->desc->flags & SERVICE_OWN_SERVER) && !listen_http(s)) {
        status = 1;
    } else {
        log_info("listening", LOG_I("port", s->config.port),
                 LOG_CSTR("version", service_version()));
        co_start(s->loop, start_up, s, "start-up");
        loop_run(s->loop);
        log_info("stopped");
    }
    release_all(s);
    return status;
}

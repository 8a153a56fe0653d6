#include "config/snapshot.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "digest.h"
#include "encode.h"
#include "gateway.h"
#include "jwt.h"
#include "mem.h"
#include "plugins/plugin.h"
#include "registry/registry.h"
#include "service.h"

#define MAX_FILE (8 * 1024 * 1024)

/* ---- reading -------------------------------------------------------------------------------- */

static bool read_file(struct arena *a, const char *path, struct str *out, FILE *err)
{
    FILE *f = fopen(path, "re");
    if (!f) {
        fprintf(err, "%s: %s\n", path, strerror(errno));
        return false;
    }
    struct buf b;
    buf_init(&b, a);
    size_t n = 1;
    while (n && b.len <= MAX_FILE) {
        n = fread(buf_reserve(&b, 65536), 1, 65536, f);
        b.len += n;
    }
    bool ok = !ferror(f) && b.len <= MAX_FILE;
    if (!ok)
        fprintf(err, "%s: %s\n", path, ferror(f) ? "cannot be read" : "is too large");
    fclose(f);
    *out = str_n(buf_cstr(&b), b.len);
    return ok;
}

struct environment {
    const struct service *service;
    struct arena *arena;
};

/* What is a setting has a default and may come from a file: the setting knows. */
static struct str look_up(void *arg, const char *name)
{
    const struct environment *e = arg;
    const struct gateway_settings *own = e->service->own_config;
    const struct {
        const char *name;
        int64_t value;
    } limits[] = {
        {"RATE_LIMIT_USER_PER_HOUR", own->rate_limit_user_per_hour},
        {"RATE_LIMIT_LOGIN_PER_MINUTE", own->rate_limit_login_per_minute},
    };
    if (strcmp(name, "JWT_SECRET") == 0)
        return e->service->config.jwt_secret;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        if (strcmp(name, limits[i].name) == 0)
            return str_printf(e->arena, "%lld", (long long)limits[i].value);
    return str_from(getenv(name));
}

static struct kong_file *parse(struct service *s, struct arena *a, const char *name,
                               struct str text, FILE *err)
{
    struct problem_list problems;
    struct environment environment = {s, a};
    struct doc_env env = {look_up, &environment};
    problem_list_init(&problems, a, name);
    struct kong_file *f = kong_parse(a, text, &env, &problems);
    for (const struct problem *p = problems.first; p; p = p->next)
        fprintf(err, "%.*s\n", STR_ARG(problem_line(&problems, p)));
    if (problems.count > PROBLEM_MAX)
        fprintf(err, "%s: and %d more\n", name, problems.count - PROBLEM_MAX);
    return f;
}

bool snapshot_check(struct service *s, const char *path, FILE *err)
{
    struct arena *a = arena_new();
    struct str text;
    bool ok = read_file(a, path, &text, err) && parse(s, a, path, text, err);
    arena_free(a);
    return ok;
}

/* ---- credentials ---------------------------------------------------------------------------- */

static void free_keys(void *arg)
{
    jwt_keys_free(arg);
}

/* A credential with the fleet's own secret also takes its predecessors while it is rotated. */
static void make_keys(struct snapshot *s, const struct service_config *c)
{
    for (size_t i = 0; i < s->file->secret_count; i++) {
        struct kong_jwt_secret *secret = s->file->all_secrets[i];
        struct str list[16], one, rest = STR_NULL;
        size_t n = 0;
        list[n++] = secret->secret;
        if (str_eq(secret->secret, c->jwt_secret))
            rest = c->jwt_previous_secrets;
        while (rest.len && n < 16 && str_next(&rest, ',', &one))
            if (str_trim(one).len)
                list[n++] = str_trim(one);
        secret->keys = jwt_keys_new(list, n);
        arena_defer(s->arena, free_keys, secret->keys);
    }
}

/* ---- upstreams ------------------------------------------------------------------------------ */

static const struct {
    const char *upstream, *variables;
    size_t offset; /* of the URL in struct service_config */
} overrides[] = {
    {"auth-service", "AUTH_SERVICE_URL|DJANGO_AUTH_SERVICE_URL",
     offsetof(struct service_config, auth_service_url)},
    {"helpdesk-service", "HELPDESK_SERVICE_URL",
     offsetof(struct service_config, helpdesk_service_url)},
    {"workflow-service", "WORKFLOW_SERVICE_URL|TTS_WORKFLOW_URL|DJANGO_TTS_SERVICE_URL",
     offsetof(struct service_config, workflow_service_url)},
    {"messaging-service", "MESSAGING_SERVICE_URL",
     offsetof(struct service_config, messaging_service_url)},
    {"notification-service", "NOTIFICATION_SERVICE_URL|DJANGO_NOTIFICATION_SERVICE_URL",
     offsetof(struct service_config, notification_service_url)},
    {"registry-service", "REGISTRY_URL", offsetof(struct service_config, registry_url)},
};

static bool is_set(struct arena *a, const char *variables)
{
    struct str rest = str_from(variables), name;
    while (str_next(&rest, '|', &name))
        if (getenv(str_cstr(a, name)))
            return true;
    return false;
}

/* An address given by the environment takes the place of the file's targets. */
static bool override_address(struct arena *a, const struct service_config *c, struct str upstream,
                             struct upstream_address *out)
{
    for (size_t i = 0; i < sizeof overrides / sizeof overrides[0]; i++) {
        if (!str_eq(upstream, str_from(overrides[i].upstream)) ||
            !is_set(a, overrides[i].variables))
            continue;
        struct str url = *(const struct str *)((const char *)c + overrides[i].offset);
        if (!str_has_prefix(url, STR("http://")))
            return false;
        struct str rest = str_slice(url, 7, url.len), address;
        *out = (struct upstream_address){.port = 80, .weight = 100};
        return str_next(&rest, '/', &address) &&
               kong_split_address(address, &out->host, &out->port);
    }
    return false;
}

static void init_declared(struct gateway *gw, struct snapshot *s, struct kong_upstream *k)
{
    struct upstream *u = &s->upstreams[s->upstream_count++];
    struct upstream_address *list =
        ARENA_ARRAY(s->arena, struct upstream_address, s->file->target_count + 1);
    size_t n = 0;
    for (size_t i = 0; i < s->file->target_count; i++) {
        const struct kong_target *t = s->file->all_targets[i];
        if (str_eq(t->upstream_ref, k->name))
            list[n++] = (struct upstream_address){t->host, t->port, (int)t->weight};
    }
    if (override_address(s->arena, &gw->service->config, k->name, &list[0]))
        n = 1;
    u->host_header = k->host_header;
    u->is_least_connections = str_eq(k->algorithm, STR("least-connections"));
    u->hashed = str_eq(k->algorithm, STR("consistent-hashing")) ? k : NULL;
    u->rules = health_is_watched(&k->healthchecks) ? &k->healthchecks : NULL;
    upstream_init(u, gw->endpoints, k->name, list, n);
    k->upstream = u;
}

static struct upstream *declared_find(struct snapshot *s, struct str name)
{
    for (size_t i = 0; i < s->declared_count; i++)
        if (str_eq(s->upstreams[i].name, name))
            return &s->upstreams[i];
    return NULL;
}

/* A service that names no upstream has a host of its own. */
static void link_service(struct gateway *gw, struct snapshot *s, struct kong_service *k)
{
    k->upstream = declared_find(s, k->host);
    if (k->upstream)
        return;
    struct upstream_address *one = ARENA_NEW(s->arena, struct upstream_address);
    *one = (struct upstream_address){k->host, (int)k->port, 100};
    (void)override_address(s->arena, &gw->service->config, k->host, one);
    k->upstream = &s->upstreams[s->upstream_count++];
    upstream_init(k->upstream, gw->endpoints, k->host, one, 1);
}

static void make_upstreams(struct gateway *gw, struct snapshot *s)
{
    struct kong_upstream *declared = s->file->upstreams.items;
    struct kong_service *services = s->file->services.items;
    s->upstreams = ARENA_ARRAY(s->arena, struct upstream,
                               s->file->upstreams.count + s->file->services.count + 1);
    for (size_t i = 0; i < s->file->upstreams.count; i++)
        init_declared(gw, s, &declared[i]);
    s->declared_count = s->upstream_count;
    for (size_t i = 0; i < s->file->services.count; i++)
        link_service(gw, s, &services[i]);
}

/* ---- routes --------------------------------------------------------------------------------- */

/* The gateway's own endpoints are routes too, to the server that holds them. */
static struct kong_route *own_route(struct gateway *gw, struct snapshot *s)
{
    static struct str paths[] = {STR("/health"),           STR("/ready"),        STR("/metrics"),
                                 STR("/version"),          STR("/openapi.json"), STR("/api/docs"),
                                 STR("/registry/services")};
    struct upstream_address *one = ARENA_NEW(s->arena, struct upstream_address);
    *one = (struct upstream_address){STR("127.0.0.1"), gw->own_port, 100};
    struct upstream *u = &s->upstreams[s->upstream_count++];
    upstream_init(u, gw->endpoints, STR("gateway"), one, 1);
    struct kong_service *service = ARENA_NEW(s->arena, struct kong_service);
    *service = (struct kong_service){.name = STR("gateway"),
                                     .connect_timeout = 5000,
                                     .read_timeout = 30000,
                                     .write_timeout = 30000,
                                     .retries = 1,
                                     .upstream = u};
    struct kong_route *r = ARENA_NEW(s->arena, struct kong_route);
    *r = (struct kong_route){.name = STR("gateway"),
                             .service = service,
                             .protocol_mask = KONG_HTTP | KONG_HTTPS,
                             .index = -1};
    r->paths = (struct conf_list){paths, sizeof paths / sizeof paths[0], true};
    return r;
}

static void make_routes(struct gateway *gw, struct snapshot *s)
{
    struct kong_route **served =
        ARENA_ARRAY(s->arena, struct kong_route *, s->file->route_count + 1);
    size_t n = 0;
    served[n++] = own_route(gw, s);
    for (size_t i = 0; i < s->file->route_count; i++)
        if (s->file->all_routes[i]->service->enabled)
            served[n++] = s->file->all_routes[i];
    for (size_t i = 0; i < n; i++)
        served[i]->chain = plugin_chain_new(s->arena, s->file, served[i]);
    s->router = router_new(s->arena, served, n);
    s->unrouted = plugin_chain_new(s->arena, s->file, NULL);
}

/* ---- life ----------------------------------------------------------------------------------- */

static struct snapshot *compile(struct gateway *gw, struct arena *a, const char *name,
                                struct str text, FILE *err)
{
    struct kong_file *f = parse(gw->service, a, name, text, err);
    if (!f) {
        arena_free(a);
        return NULL;
    }
    struct snapshot *s = MEM_NEW(struct snapshot);
    uint8_t digest[SHA256_SIZE];
    s->refs = 1;
    s->arena = a;
    s->file = f;
    s->loaded_at = clock_wall_us();
    sha256(text, digest);
    hex_encode(digest, sizeof s->hash / 2, s->hash);
    make_keys(s, &gw->service->config);
    make_upstreams(gw, s);
    make_routes(gw, s);
    registry_apply(gw->registry, s);
    return s;
}

struct snapshot *snapshot_load(struct gateway *gw, const char *path, FILE *err)
{
    struct arena *a = arena_new();
    struct str text;
    if (read_file(a, path, &text, err))
        return compile(gw, a, path, text, err);
    arena_free(a);
    return NULL;
}

struct snapshot *snapshot_parse(struct gateway *gw, const char *name, struct str text, FILE *err)
{
    struct arena *a = arena_new();
    return compile(gw, a, name, str_dup(a, text), err);
}

struct snapshot *snapshot_ref(struct snapshot *s)
{
    s->refs++;
    return s;
}

void snapshot_unref(struct snapshot *s)
{
    if (--s->refs)
        return;
    for (size_t i = 0; i < s->upstream_count; i++)
        upstream_release(&s->upstreams[i]);
    arena_free(s->arena);
    free(s);
}

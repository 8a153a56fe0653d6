#include "service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "buf.h"
#include "internal.h"
#include "log.h"
#include "mem.h"

static int check_config(struct service *s)
{
    if (s->desc->check && !s->desc->check(s))
        return 78;
    printf("%s: configuration is valid\n", s->desc->name);
    return 0;
}

static int print_config(struct service *s)
{
    struct setting_table tables[2];
    size_t n = settings_tables(s, tables);
    config_print(tables, n, stdout);
    return 0;
}

static int print_settings(struct service *s)
{
    struct setting_table tables[2];
    size_t n = settings_tables(s, tables);
    config_print_reference(tables, n, stdout);
    return 0;
}

static int print_openapi(struct service *s)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, s->arena);
    jw_init(&w, &b);
    s->routes = routes_compile(s);
    routes_write_openapi(s, &w);
    printf("%.*s\n", STR_ARG(buf_str(&b)));
    route_table_free(s->routes);
    return 0;
}

static int print_version(struct service *s)
{
    printf("%s %s\n", s->desc->name, service_version());
    return 0;
}

struct healthcheck {
    struct loop *loop;
    struct http_client *http;
    struct arena *arena;
    struct http_call call;
    bool is_ready, is_done;
};

static void CO_FN ask_ready(void *arg)
{
    struct healthcheck *h = arg;
    struct http_answer answer;
    h->is_ready =
        http_client_call(h->http, h->arena, &h->call, &answer) == ERR_OK && answer.status == 200;
    h->is_done = true;
    loop_stop(h->loop);
}

/* For container health checks: asks the running program on its own port. */
static int healthcheck(struct service *s)
{
    const char *host = str_eq(s->config.bind, STR("0.0.0.0")) || !s->config.bind.len
                           ? "127.0.0.1"
                           : str_cstr(s->arena, s->config.bind);
    struct healthcheck h = {.loop = loop_new(), .arena = s->arena};
    h.call = (struct http_call){
        .method = "GET",
        .url = str_printf(s->arena, "http://%s:%lld/ready", host, (long long)s->config.port),
        .timeout_ms = 3000};
    h.http = http_client_new(h.loop);
    co_start(h.loop, ask_ready, &h, "healthcheck");
    if (!h.is_done)
        loop_run(h.loop);
    http_client_free(h.http);
    loop_free(h.loop);
    return h.is_ready ? 0 : 1;
}

static const struct command {
    const char *name, *help;
    int (*run)(struct service *s);
    bool needs_config;
} COMMANDS[] = {
    {"--check-config", "validate the environment", check_config, true},
    {"--print-config", "show the effective settings, secrets masked", print_config, true},
    {"--print-settings", "the settings reference as Markdown", print_settings, false},
    {"--print-openapi", "the OpenAPI document", print_openapi, false},
    {"--migrate", "bring the schema up to date and end", service_migrate_now, true},
    {"--healthcheck", "succeed when the running program is ready", healthcheck, true},
    {"--version", "name and version", print_version, false},
};

static int usage(const struct service *s, FILE *out)
{
    fprintf(out,
            "usage: %s [command]\nWithout a command the program runs. Settings come from the "
            "environment.\n",
            s->desc->name);
    for (size_t i = 0; i < sizeof COMMANDS / sizeof COMMANDS[0]; i++)
        fprintf(out, "  %-18s %s\n", COMMANDS[i].name, COMMANDS[i].help);
    for (const struct service_command *c = s->desc->commands; c && c->name; c++)
        fprintf(out, "  %-18s %s\n", c->name, c->help);
    return out == stdout ? 0 : 64;
}

/* Every socket is a descriptor; the usual soft limit of 1024 is for programs that use select(2). */
static void allow_many_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static const struct service_command *own_command(const struct service *s, const char *name)
{
    for (const struct service_command *c = s->desc->commands; c && c->name; c++)
        if (strcmp(name, c->name) == 0)
            return c;
    return NULL;
}

static int dispatch(struct service *s, int argc, char **argv)
{
    const struct service_command *own = argc > 1 ? own_command(s, argv[1]) : NULL;
    if (own && (own->run_args || argc <= 3)) {
        settings_load(s);
        return command_run(s, own, argc - 2, argv + 2);
    }
    if (argc > 2 || (argc == 2 && strcmp(argv[1], "--help") == 0))
        return usage(s, argc > 2 ? stderr : stdout);
    const struct command *c = NULL;
    for (size_t i = 0; argc == 2 && i < sizeof COMMANDS / sizeof COMMANDS[0]; i++)
        if (strcmp(argv[1], COMMANDS[i].name) == 0)
            c = &COMMANDS[i];
    if (argc == 2 && !c)
        return usage(s, stderr);
    if (!c || c->needs_config)
        settings_load(s);
    if (c)
        return c->run(s);
    enum log_level level = LOG_INFO;
    log_level_from_name(s->config.log_level, &level);
    log_init(s->desc->name, level);
    allow_many_files();
    return lifecycle_run(s);
}

int service_main(int argc, char **argv, const struct service_desc *desc)
{
    struct service *s = MEM_NEW(struct service);
    s->desc = desc;
    s->arena = arena_new();
    s->priv = MEM_NEW(struct service_private);
    s->own_config = mem_zalloc(desc->config_size);
    int status = dispatch(s, argc, argv);
    free(s->own_config);
    arena_free(s->arena);
    free(s->priv);
    free(s);
    return status;
}

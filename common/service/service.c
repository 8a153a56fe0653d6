#include "service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "buf.h"
#include "internal.h"
#include "log.h"
#include "mem.h"

static int check_config(struct service *s, int count, char **args)
{
    if (count)
        return EX_USAGE;
    if (s->desc->check && !s->desc->check(s))
        return EX_CONFIG;
    printf("%s: configuration is valid\n", s->desc->name);
    return 0;
}

static int print_config(struct service *s, int count, char **args)
{
    if (count)
        return EX_USAGE;
    struct setting_table tables[2];
    size_t n = settings_tables(s, tables);
    config_print(tables, n, stdout);
    return 0;
}

static int print_settings(struct service *s, int count, char **args)
{
    if (count)
        return EX_USAGE;
    struct setting_table tables[2];
    size_t n = settings_tables(s, tables);
    config_print_reference(tables, n, stdout);
    return 0;
}

static int print_openapi(struct service *s, int count, char **args)
{
    if (count)
        return EX_USAGE;
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

static int print_version(struct service *s, int count, char **args)
{
    if (count)
        return EX_USAGE;
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
static int healthcheck(struct service *s, int count, char **args)
{
    if (count)
        return EX_USAGE;
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

enum command_flags {
    COMMAND_CONFIG = 1, /* needs the settings */
    COMMAND_SCHEMA = 2, /* is there for programs with a schema */
    COMMAND_MQ = 4,     /* … and with messages to send */
};

static const struct command {
    struct service_command command;
    int (*run)(struct service *s, int count, char **args); /* instead of the command's: no loop */
    unsigned flags;
} COMMANDS[] = {
    {{"--check-config", "validate the environment"}, check_config, COMMAND_CONFIG},
    {{"--print-config", "show the effective settings, secrets masked"},
     print_config,
     COMMAND_CONFIG},
    {{"--print-settings", "the settings reference as Markdown"}, print_settings, 0},
    {{"--print-openapi", "the OpenAPI document"}, print_openapi, 0},
    {{"--migrate", "bring the schema up to date; status and --dry-run change nothing",
      .usage = "[status | --dry-run]"},
     migrate_command,
     COMMAND_CONFIG | COMMAND_SCHEMA},
    {{"--outbox", "how much waits for the broker; list what failed, or retry it now",
      .usage = "[list | retry] [--routing-key K] [--id N]", .run = outbox_command},
     NULL,
     COMMAND_CONFIG | COMMAND_SCHEMA | COMMAND_MQ},
    {{"--healthcheck", "succeed when the running program is ready"}, healthcheck, COMMAND_CONFIG},
    {{"--version", "name and version"}, print_version, 0},
};
#define COMMAND_COUNT (sizeof COMMANDS / sizeof COMMANDS[0])

static bool has_command(const struct service *s, const struct command *c)
{
    return !((c->flags & COMMAND_SCHEMA) && (s->desc->flags & SERVICE_NO_DB)) &&
           !((c->flags & COMMAND_MQ) && (s->desc->flags & SERVICE_NO_MQ));
}

static void describe(FILE *out, const struct service_command *c)
{
    fprintf(out, "  %-18s %s\n", c->name, c->help);
    if (c->usage)
        fprintf(out, "  %-18s   %s\n", "", c->usage);
}

static int usage(const struct service *s, FILE *out)
{
    fprintf(out,
            "usage: %s [command]\nWithout a command the program runs. Settings come from the "
            "environment.\n",
            s->desc->name);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (has_command(s, &COMMANDS[i]))
            describe(out, &COMMANDS[i].command);
    for (const struct service_command *c = s->desc->commands; c && c->name; c++)
        describe(out, c);
    describe(out,
             &(struct service_command){"--help", "this, or what goes with a command before it"});
    return out == stdout ? EX_OK : EX_USAGE;
}

static int usage_of(const struct service *s, const struct service_command *c, FILE *out)
{
    fprintf(out, "usage: %s %s%s%s\n", s->desc->name, c->name, c->usage ? " " : "",
            c->usage ? c->usage : "");
    return out == stdout ? EX_OK : EX_USAGE;
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

/* The command of that name, NULL without; *built_in is set for one that every program has. */
static const struct service_command *find_command(const struct service *s, const char *name,
                                                  const struct command **built_in)
{
    *built_in = NULL;
    for (const struct service_command *c = s->desc->commands; c && c->name; c++)
        if (strcmp(name, c->name) == 0)
            return c;
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(name, COMMANDS[i].command.name) == 0 && has_command(s, &COMMANDS[i])) {
            *built_in = &COMMANDS[i];
            return &COMMANDS[i].command;
        }
    return NULL;
}

static int run_command(struct service *s, int count, char **args)
{
    const struct command *built_in;
    const struct service_command *c = find_command(s, args[0], &built_in);
    int status;
    if (strcmp(args[0], "--help") == 0 && count == 1)
        return usage(s, stdout);
    if (!c)
        return usage(s, stderr);
    if (count == 2 && strcmp(args[1], "--help") == 0)
        return usage_of(s, c, stdout);
    if (!built_in || (built_in->flags & COMMAND_CONFIG))
        settings_load(s);
    if (built_in && built_in->run)
        status = built_in->run(s, count - 1, args + 1);
    else
        status = command_run(s, c, count - 1, args + 1);
    return status == EX_USAGE ? usage_of(s, c, stderr) : status;
}

static int run(struct service *s)
{
    enum log_level level = LOG_INFO;
    settings_load(s);
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
    int status = argc > 1 ? run_command(s, argc - 1, argv + 1) : run(s);
    free(s->own_config);
    arena_free(s->arena);
    free(s->priv);
    free(s);
    return status;
}

/* Commands of a program's own: what a person asks of it while it, or another one, serves. */
#include <stdio.h>

#include "clock.h"
#include "internal.h"
#include "log.h"

#define CONNECT_WAIT_US (10 * US_PER_S)
#define CONNECT_PAUSE_MS 200

struct run {
    struct service *service;
    const struct service_command *command;
    int count;
    char **args;
    int status;
    bool is_done;
};

static bool CO_FN is_connected(struct service *s)
{
    for (int64_t until = clock_mono_us() + CONNECT_WAIT_US; clock_mono_us() < until;)
        if (db_ping(s->db) == ERR_OK)
            return true;
        else if (co_sleep_ms(CONNECT_PAUSE_MS) != ERR_OK)
            return false;
    return false;
}

static void CO_FN run(void *arg)
{
    struct run *r = arg;
    bool is_up = is_connected(r->service);
    if (is_up)
        r->status = r->command->run(r->service, r->count, r->args);
    else
        fprintf(stderr, "%s: the database is not reachable\n", r->service->desc->name);
    r->is_done = true;
    loop_stop(r->service->loop);
}

int command_run(struct service *s, const struct service_command *c, int count, char **args)
{
    struct run r = {s, c, count, args, EX_UNAVAILABLE, false};
    log_init(s->desc->name, LOG_ERROR);
    s->loop = loop_new();
    lifecycle_open_db(s);
    db_start(s->db);
    co_start(s->loop, run, &r, c->name);
    if (!r.is_done)
        loop_run(s->loop);
    db_free(s->db);
    loop_free(s->loop);
    return r.status;
}

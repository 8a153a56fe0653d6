#include "config/reload.h"

#include <signal.h>
#include <stdlib.h>

#include <event2/event.h>

#include "config/posted.h"
#include "config/snapshot.h"
#include "log.h"
#include "tls/tls.h"

#define POSTED "config" /* what a posted text is called in problems */

static const char *file_path(const struct gateway *gw)
{
    return gw->settings->config_path.p;
}

static void use(struct gateway *gw, struct snapshot *next, const char *source)
{
    if (gw->snapshot)
        snapshot_unref(gw->snapshot);
    gw->snapshot = next;
    log_info("routes loaded", LOG_CSTR("source", source),
             LOG_I("routes", (int64_t)next->file->route_count), LOG_CSTR("hash", next->hash));
}

static void log_problems(struct str text)
{
    struct str line;
    while (text.len && str_next(&text, '\n', &line))
        if (line.len)
            log_error("routes refused", LOG_STR("problem", line));
}

/* What others were given was good there, so a problem here is news. */
static void take_posted(struct gateway *gw)
{
    struct arena *a = arena_new();
    struct str text;
    uint64_t generation;
    bool is_new = posted_read(a, &text, &generation) && generation != gw->posted_generation;
    char *problems = NULL;
    size_t size = 0;
    FILE *err = open_memstream(&problems, &size);
    struct snapshot *next = is_new ? snapshot_parse(gw, POSTED, text, err) : NULL;
    fclose(err);
    log_problems(str_n(problems, size));
    free(problems);
    arena_free(a);
    if (is_new)
        gw->posted_generation = generation;
    if (next)
        use(gw, next, "admin");
}

static void on_posted(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    take_posted(arg);
}

static void on_hangup(int signo, void *arg)
{
    (void)signo;
    struct gateway *gw = arg;
    tls_reload(gw);
    char *problems = NULL;
    size_t size = 0;
    FILE *err = open_memstream(&problems, &size);
    struct snapshot *next = snapshot_load(gw, file_path(gw), err);
    fclose(err);
    log_problems(str_n(problems, size));
    free(problems);
    if (!next)
        return;
    posted_clear(gw->posted_generation);
    use(gw, next, file_path(gw));
}

bool reload_first(struct gateway *gw)
{
    /* A process that is started again goes on with what its siblings use. */
    take_posted(gw);
    if (gw->snapshot)
        return true;
    struct snapshot *first = snapshot_load(gw, file_path(gw), stderr);
    if (first)
        use(gw, first, file_path(gw));
    return first != NULL;
}

void reload_watch(struct gateway *gw)
{
    loop_on_signal(gw->loop, SIGHUP, on_hangup, gw);
    gw->posted_event = event_new(loop_base(gw->loop), posted_event_fd(),
                                 EV_READ | EV_PERSIST | EV_ET, on_posted, gw);
    event_add(gw->posted_event, NULL);
}

void reload_unwatch(struct gateway *gw)
{
    if (gw->posted_event)
        event_free(gw->posted_event);
    gw->posted_event = NULL;
}

enum err reload_post(struct gateway *gw, struct str text, FILE *err)
{
    struct snapshot *next = snapshot_parse(gw, POSTED, text, err);
    if (!next)
        return ERR_INVALID_INPUT;
    uint64_t generation = posted_write(text);
    if (!generation) {
        fprintf(err, "there is no memory left for a configuration of this size\n");
        snapshot_unref(next);
        return ERR_SERVICE_UNAVAILABLE;
    }
    gw->posted_generation = generation;
    use(gw, next, "admin");
    return ERR_OK;
}

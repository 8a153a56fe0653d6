#include "api/denial.h"

#include <stdlib.h>
#include <string.h>

#include "actor.h"
#include "clock.h"
#include "db.h"
#include "mem.h"
#include "store/audit_store.h"
#include "strmap.h"

#define A_MINUTE 10
#define MINUTE_US (60 * US_PER_S)
#define ACTORS_MAX 1000  /* at a time; those beyond share one place */
#define WAITING_MAX 2000 /* events while the database is away */

struct waiting {
    struct audit_event event;
    struct waiting *next;
};
/* One person or program, for a minute. */
struct refused {
    int64_t since, written, counted;
};

struct denials {
    struct arena *arena; /* of what waits */
    struct waiting *first, **last;
    size_t waiting;
    struct strmap *actors; /* struct refused, owned */
};

static void empty(struct denials *d)
{
    arena_free(d->arena);
    d->arena = arena_new();
    d->first = NULL;
    d->last = &d->first;
    d->waiting = 0;
}

struct denials *denials_new(void)
{
    struct denials *d = MEM_NEW(struct denials);

    d->actors = strmap_new();
    empty(d);
    return d;
}

static void forget(struct denials *d, struct str key)
{
    free(strmap_remove(d->actors, key));
}

void denials_free(struct denials *d)
{
    struct str key;
    size_t it = 0;
    void *value;

    if (!d)
        return;
    while (strmap_next(d->actors, &it, &key, &value))
        free(value);
    strmap_free(d->actors);
    arena_free(d->arena);
    free(d);
}

/* ---- noting ------------------------------------------------------------------------------- */

static void put(struct denials *d, const struct audit_event *e)
{
    struct arena *a = d->arena;
    struct waiting *w;

    if (d->waiting == WAITING_MAX)
        return;
    w = ARENA_NEW(a, struct waiting);
    w->event = *e;
    w->event.actor = str_dup(a, e->actor);
    w->event.address = str_dup(a, e->address);
    w->event.user_agent = str_dup(a, e->user_agent);
    w->event.trace_id = str_dup(a, e->trace_id);
    w->event.object_id = str_dup(a, e->object_id);
    w->event.object_number = str_dup(a, e->object_number);
    w->event.details = str_dup(a, e->details);
    *d->last = w;
    d->last = &w->next;
    d->waiting++;
}

static struct refused *find(struct denials *d, struct str key, int64_t now)
{
    struct refused *x = strmap_get(d->actors, key);

    if (x)
        return x;
    if (strmap_count(d->actors) >= ACTORS_MAX) {
        key = STR("");
        x = strmap_get(d->actors, key);
    }
    if (!x) {
        x = MEM_NEW(struct refused);
        x->since = now;
        strmap_set(d->actors, key, x);
    }
    return x;
}

/* What the path names: a ticket's number, or an id of whatever the route is about. */
static void set_object(struct req *r, struct audit_event *e)
{
    if (strstr(r->route->pattern, "/{number}")) {
        e->object_type = STR("ticket");
        e->object_number = req_param(r, "number");
    } else if (strstr(r->route->pattern, "/{id}")) {
        e->object_id = req_param(r, "id");
    }
    if (e->object_number.len > 100 || !str_is_utf8(e->object_number))
        e->object_number = STR_NULL;
    if (e->object_id.len > 100 || !str_is_utf8(e->object_id))
        e->object_id = STR_NULL;
}

void denials_note(struct denials *d, struct req *r, int status)
{
    struct audit_event e;
    struct refused *x;
    struct cause cause;

    if (status != 403 || !r->actor || !r->route)
        return;
    cause_from_request(&cause, r);
    e = audit_event_of(&cause, "access.refuse");
    e.is_refused = true;
    x = find(d, e.actor.len ? e.actor : str_printf(r->arena, "%lld", (long long)e.actor_id),
             clock_mono_us());
    if (x->written == A_MINUTE) {
        x->counted++;
        return;
    }
    x->written++;
    set_object(r, &e);
    e.details =
        str_printf(r->arena, "{\"route\":\"%.*s %s\"}", STR_ARG(r->method), r->route->pattern);
    put(d, &e);
}

/* ---- writing ------------------------------------------------------------------------------ */

/* Key of an actor whose minute is over; absent: there is none. */
static struct str over(struct denials *d, int64_t now, bool all, struct refused **out)
{
    struct str key;
    size_t it = 0;
    void *value;

    while (strmap_next(d->actors, &it, &key, &value)) {
        *out = value;
        if (all || now - (*out)->since >= MINUTE_US)
            return key;
    }
    return STR_NULL;
}

static void count_others(struct denials *d, struct str key, const struct refused *x, int64_t at)
{
    struct audit_event e = {
        .at = at,
        .source = STR("helpdesk-service"),
        .actor_kind = STR("system"),
        .actor_id = AUDIT_NONE,
        .on_behalf_of = AUDIT_NONE,
        .action = STR("access.refuse"),
        .is_refused = true,
    };

    if (str_to_i64(key, &e.actor_id)) {
        e.actor_kind = STR("person");
    } else if (key.len) {
        e.actor_kind = STR("service");
        e.actor = key;
    }
    e.details = str_printf(d->arena, "{\"count\":%lld}", (long long)x->counted);
    put(d, &e);
}

static enum err CO_FN write_all(struct db_session *s, void *arg)
{
    const struct waiting *first = arg;
    enum err rc = ERR_OK;

    for (const struct waiting *w = first; w && rc == ERR_OK; w = w->next)
        rc = audit_store_put(s, &w->event);
    return rc;
}

void denials_write(struct denials *d, struct db *db, int64_t now, bool all)
{
    struct denials taken;
    struct refused *x;
    struct db_session s;
    struct str key;
    enum err rc;

    for (key = over(d, clock_mono_us(), all, &x); key.p; key = over(d, clock_mono_us(), all, &x)) {
        if (x->counted)
            count_others(d, str_dup(d->arena, key), x, now);
        forget(d, str_dup(d->arena, key));
    }
    if (!d->first)
        return;
    taken = *d;
    d->arena = NULL;
    empty(d);
    db_session_init(&s, db, taken.arena);
    rc = db_transact(&s, write_all, taken.first);
    if (rc)
        log_error("refusals are missing from the audit trail",
                  LOG_I("count", (int64_t)taken.waiting), LOG_CSTR("error", err_code(rc)));
    arena_free(taken.arena);
}

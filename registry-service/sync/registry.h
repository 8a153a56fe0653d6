#pragma once
/*
 * The directory and the table behind it. Changes go to the table first; while the database is away
 * they are accepted into memory, written when it is back, and nobody's lease ends.
 */
#include "domain/directory.h"
#include "service.h"
#include "settings.h"
#include "sync/watch.h"

struct registry {
    struct service *service;
    const struct registry_config *config;
    struct directory *directory;
    struct watch_set *watchers;
    struct db_listener *listener; /* of the table's revision; NULL before the first load */
    uint64_t changes;             /* made to the directory by this process */
    int64_t revision;             /* as shown to watchers; 0: the table has not been read yet */
    int64_t loaded_at, looked_at; /* mono µs: the rows were read; the revision was looked at */
    int64_t expire_from;          /* mono µs: leases end only after that */
    int64_t started_at;           /* mono µs */
    int extra_checks;             /* in progress beside the periodic one */
    bool is_following;            /* some coroutine reads the table */
    bool is_behind;               /* and shall look again when it has */
    bool has_unsaved_revision;    /* counted on while the table was away */
    bool is_preserving;           /* most leases are overdue: none ends */
};

static inline struct registry *registry_of(struct service *s)
{
    return s->state;
}

/* Registers or renews; fills in the times of *i. */
MUST_CHECK enum err CO_FN registry_register(struct registry *g, struct arena *a,
                                            struct instance *i);
/* ERR_SERVICE_NOT_FOUND when the instance is unknown: it must register again. */
MUST_CHECK enum err CO_FN registry_renew(struct registry *g, struct arena *a, struct str name,
                                         struct str id);
/* id absent: all instances of the name. ERR_SERVICE_NOT_FOUND when there was none. */
MUST_CHECK enum err CO_FN registry_deregister(struct registry *g, struct arena *a, struct str name,
                                              struct str id);
/* Somebody could not reach that address: whoever is registered there is checked at once. */
MUST_CHECK enum err CO_FN registry_report(struct registry *g, struct arena *a, struct str name,
                                          struct str host, int64_t port);

/* Whether the table has been read: until then an unknown name may yet be known. */
static inline bool registry_is_loaded(const struct registry *g)
{
    return g->revision > 0;
}
/* A lease with less than that to go, in µs, was not renewed in time: two of the three renewals that
 * it gives time for have not come. */
static inline int64_t registry_overdue_us(const struct registry *g)
{
    return g->config->lease_s * 1000000 / 3;
}
/* Seconds since the table was last seen, when that is too long ago to be sure of it; else -1. */
int64_t registry_stale_s(const struct registry *g);

/* ---- follow.c: what other replicas write ---------------------------------------------------- */

/* Fills the directory from the table before the program says it is ready, and begins to listen. */
MUST_CHECK enum err CO_FN registry_load(struct registry *g);
/* Reads the table if it has changed. */
MUST_CHECK enum err CO_FN registry_follow(struct registry *g);
/* A revision that only this process knows of, as long as the table is away. */
void registry_move_alone(struct registry *g);
/* Stops listening; returns when nothing is read any more. */
void CO_FN registry_stop_following(struct registry *g);

/* ---- periodic work (service_every) ---------------------------------------------------------- */

/* Writes what is pending, ends leases, follows the table when no notification can be relied on. */
void CO_FN registry_sync(struct service *s, void *arg);
/* Probes the instances whose check is due. */
void CO_FN registry_check(struct service *s, void *arg);
/* Removes counters of rate limits that are over. */
void CO_FN registry_purge_limits(struct service *s, void *arg);

/* One probe of an instance, now. *details is its JSON answer or a JSON string that tells the
 * failure; true for status 200. */
bool CO_FN registry_probe(struct registry *g, struct arena *a, const struct instance *i,
                          struct str *details);
/* Probes what is due in a coroutine of its own. */
void registry_check_soon(struct registry *g);

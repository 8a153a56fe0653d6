#pragma once
/*
 * The directory and the table behind it. Changes go to the table first; while the database is away
 * they are accepted into memory, written when it is back, and nobody's lease ends.
 */
#include "domain/directory.h"
#include "service.h"
#include "settings.h"

struct registry {
    struct service *service;
    const struct registry_config *config;
    struct directory *directory;
    uint64_t changes;    /* made to the directory by this process */
    int64_t revision;    /* of the table, as loaded; 0: not yet */
    int64_t loaded_at;   /* mono µs */
    int64_t expire_from; /* mono µs: leases end only after that */
    int64_t started_at;  /* mono µs */
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

/* Fills the directory from the table: before it says it is ready. */
MUST_CHECK enum err CO_FN registry_load(struct registry *g);
/* Whether the table has been read: until then an unknown name may yet be known. */
static inline bool registry_is_loaded(const struct registry *g)
{
    return g->revision > 0;
}

/* Periodic work (service_every): writes what is pending, ends leases, follows other replicas. */
void CO_FN registry_sync(struct service *s, void *arg);
/* Periodic work: probes the instances whose check is due. */
void CO_FN registry_check(struct service *s, void *arg);

/* Periodic work: removes counters of rate limits that are over. */
void CO_FN registry_purge_limits(struct service *s, void *arg);

/* One probe of an instance, now. *details is its JSON answer or a JSON string that tells the
 * failure; true for status 200. */
bool CO_FN registry_probe(struct registry *g, struct arena *a, const struct instance *i,
                          struct str *details);

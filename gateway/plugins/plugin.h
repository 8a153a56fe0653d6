#pragma once
/*
 * Plugins act on an exchange in phases, in Kong's fixed order of priority. Of a plugin that is
 * configured more than once the most specific configuration runs: route with service and consumer,
 * route with consumer, service with consumer, route with service, consumer, route, service, global.
 */
#include "config/kong.h"

struct exchange;

enum plugin_verdict {
    PLUGIN_NEXT,
    PLUGIN_ANSWERED, /* exchange_reply was called; nothing is forwarded */
    PLUGIN_WAIT,     /* access is called again after EXCHANGE_RESUMED */
};

struct plugin {
    const char *name;
    int priority;                     /* higher runs first */
    const struct conf_schema *schema; /* of "config" */
    bool may_scope_consumer;
    bool spares_own; /* not run for the gateway's own endpoints, which probes and scrapers ask */
    /* Checks what the table cannot and computes what requests need, in d->arena. May be NULL. */
    void (*prepare)(struct conf_decoder *d, struct kong_file *f, struct kong_plugin *p);
    /* Before forwarding. Never suspends. May be NULL. */
    enum plugin_verdict (*access)(struct exchange *x, const struct kong_plugin *p);
    /* When the response's head is known, the gateway's own answers included. May be NULL. */
    void (*response)(struct exchange *x, const struct kong_plugin *p);
    /* When the exchange has ended. May be NULL. */
    void (*log)(struct exchange *x, const struct kong_plugin *p);
};

/* NULL when there is no such plugin; *note then says what to use instead, if Kong knows the name.
 */
const struct plugin *plugin_find(struct str name, const char **note);

/* All plugins there are, in no particular order; NULL behind the last. */
const struct plugin *plugin_at(size_t i);

/* The plugins of one route for one consumer (NULL: not identified), highest priority first. */
struct plugin_chain {
    const struct kong_plugin *const *uses;
    size_t count;
    const struct kong_consumer *consumer;
    const struct plugin_chain *next; /* the same route's chain for another consumer */
};

/* The chain of a route (NULL: no route matched, global plugins only), with the chains of consumers
 * that have plugins of their own behind it. In the arena. */
const struct plugin_chain *plugin_chain_new(struct arena *a, const struct kong_file *f,
                                            const struct kong_route *route);
const struct plugin_chain *plugin_chain_for(const struct plugin_chain *first,
                                            const struct kong_consumer *consumer);

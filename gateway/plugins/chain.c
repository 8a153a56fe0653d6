#include "plugins/plugin.h"

/* Kong's order of precedence; 0 when the configuration does not apply. */
static int precedence(const struct kong_plugin *p, const struct kong_route *route,
                      const struct kong_consumer *consumer)
{
    const struct kong_service *service = route ? route->service : NULL;
    if ((p->route && p->route != route) || (p->service && p->service != service) ||
        (p->consumer && p->consumer != consumer))
        return 0;
    int has_route = p->route != NULL, has_service = p->service != NULL;
    if (p->consumer) {
        if (has_route)
            return has_service ? 8 : 7;
        return has_service ? 6 : 4;
    }
    if (has_route)
        return has_service ? 5 : 3;
    return has_service ? 2 : 1;
}

static void chain_add(const struct kong_plugin **uses, size_t *n, const struct kong_plugin *p)
{
    size_t at = *n;
    while (at > 0 && uses[at - 1]->plugin->priority < p->plugin->priority)
        at--;
    memmove(uses + at + 1, uses + at, (*n - at) * sizeof *uses);
    uses[at] = p;
    (*n)++;
}

static struct plugin_chain *chain_for(struct arena *a, const struct kong_file *f,
                                      const struct kong_route *route,
                                      const struct kong_consumer *consumer)
{
    const struct kong_plugin **uses =
        ARENA_ARRAY(a, const struct kong_plugin *, f->plugin_count + 1);
    size_t n = 0;
    for (size_t i = 0; i < f->plugin_count; i++) {
        const struct kong_plugin *p = f->all_plugins[i];
        bool is_spared = p->plugin->spares_own && route && route->index < 0;
        int best = p->enabled && !is_spared ? precedence(p, route, consumer) : 0;
        for (size_t k = 0; best && k < f->plugin_count; k++) {
            const struct kong_plugin *o = f->all_plugins[k];
            if (o->enabled && o->plugin == p->plugin && precedence(o, route, consumer) > best)
                best = 0;
        }
        if (best)
            chain_add(uses, &n, p);
    }
    struct plugin_chain *chain = ARENA_NEW(a, struct plugin_chain);
    *chain = (struct plugin_chain){uses, n, consumer, NULL};
    return chain;
}

const struct plugin_chain *plugin_chain_new(struct arena *a, const struct kong_file *f,
                                            const struct kong_route *route)
{
    struct plugin_chain *first = chain_for(a, f, route, NULL), *last = first;
    for (size_t c = 0; c < f->consumers.count; c++) {
        const struct kong_consumer *consumer =
            &((const struct kong_consumer *)f->consumers.items)[c];
        bool has_own = false;
        for (size_t i = 0; i < f->plugin_count; i++)
            has_own |= f->all_plugins[i]->consumer == consumer && f->all_plugins[i]->enabled;
        if (!has_own)
            continue;
        struct plugin_chain *chain = chain_for(a, f, route, consumer);
        last->next = chain;
        last = chain;
    }
    return first;
}

const struct plugin_chain *plugin_chain_for(const struct plugin_chain *first,
                                            const struct kong_consumer *consumer)
{
    for (const struct plugin_chain *c = first->next; consumer && c; c = c->next)
        if (c->consumer == consumer)
            return c;
    return first;
}

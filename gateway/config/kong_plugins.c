/* The plugins of a route file: where each stands, what it is, its configuration. */
#include "config/kong_link.h"
#include "plugins/plugin.h"

static void add_plugins(struct kong_file *f, const struct conf_list *list,
                        const struct kong_service *s, const struct kong_route *r,
                        const struct kong_consumer *c)
{
    for (size_t i = 0; i < list->count; i++) {
        struct kong_plugin *p = LIST(struct kong_plugin, *list, i);
        p->service = s;
        p->route = r;
        p->consumer = c;
        f->all_plugins[f->plugin_count++] = p;
    }
}

static void collect_plugins(struct conf_decoder *d, struct kong_file *f)
{
    size_t n = f->plugins.count;
    for (size_t i = 0; i < f->services.count; i++)
        n += LIST(struct kong_service, f->services, i)->plugins.count;
    for (size_t i = 0; i < f->route_count; i++)
        n += f->all_routes[i]->plugins.count;
    for (size_t i = 0; i < f->consumers.count; i++)
        n += LIST(struct kong_consumer, f->consumers, i)->plugins.count;
    f->all_plugins = ARENA_ARRAY(d->arena, struct kong_plugin *, n + 1);
    add_plugins(f, &f->plugins, NULL, NULL, NULL);
    for (size_t i = 0; i < f->services.count; i++) {
        struct kong_service *s = LIST(struct kong_service, f->services, i);
        add_plugins(f, &s->plugins, s, NULL, NULL);
    }
    for (size_t i = 0; i < f->route_count; i++)
        add_plugins(f, &f->all_routes[i]->plugins, NULL, f->all_routes[i], NULL);
    for (size_t i = 0; i < f->consumers.count; i++) {
        struct kong_consumer *c = LIST(struct kong_consumer, f->consumers, i);
        add_plugins(f, &c->plugins, NULL, NULL, c);
    }
}

static void link_scope(struct conf_decoder *d, struct kong_file *f, struct kong_plugin *p)
{
    bool is_nested = p->service || p->route || p->consumer;
    if (is_nested && ((p->service && p->service_ref.p) || (p->route && p->route_ref.p) ||
                      (p->consumer && p->consumer_ref.p)))
        problem_add(d->problems, p->line, "a nested plugin must not name what it is nested in");
    if (p->service_ref.p && !(p->service = kong_find_service(f, p->service_ref)))
        problem_add(d->problems, p->line, "service \"%.*s\" does not exist",
                    STR_ARG(p->service_ref));
    if (p->route_ref.p && !(p->route = kong_find_route(f, p->route_ref)))
        problem_add(d->problems, p->line, "route \"%.*s\" does not exist", STR_ARG(p->route_ref));
    if (p->consumer_ref.p && !(p->consumer = kong_find_consumer(f, p->consumer_ref)))
        problem_add(d->problems, p->line, "consumer \"%.*s\" does not exist",
                    STR_ARG(p->consumer_ref));
}

static void check_single(struct conf_decoder *d, const struct kong_file *f, size_t i)
{
    const struct kong_plugin *p = f->all_plugins[i];
    for (size_t k = 0; k < i; k++) {
        const struct kong_plugin *o = f->all_plugins[k];
        if (str_eq(o->name, p->name) && o->service == p->service && o->route == p->route &&
            o->consumer == p->consumer) {
            problem_add(d->problems, p->line,
                        "plugin %.*s is configured twice for the same scope (first on line %d)",
                        STR_ARG(p->name), o->line);
            return;
        }
    }
}

static void link_plugin(struct conf_decoder *d, struct kong_file *f, struct kong_plugin *p)
{
    const char *note = NULL;
    p->plugin = plugin_find(p->name, &note);
    if (!p->plugin) {
        if (p->name.len && note)
            problem_add(d->problems, p->line, "plugin %.*s is not supported; %s", STR_ARG(p->name),
                        note);
        else if (p->name.len)
            problem_add(d->problems, p->line, "unknown plugin \"%.*s\"", STR_ARG(p->name));
        return;
    }
    if (p->consumer && !p->plugin->may_scope_consumer)
        problem_add(d->problems, p->line, "plugin %s cannot be limited to a consumer",
                    p->plugin->name);
    struct conf_path at = {NULL, p->plugin->name, -1}, here = {&at, "config", -1};
    int before = d->problems->count;
    p->config = arena_calloc(d->arena, 1, p->plugin->schema->size);
    conf_decode(d, p->plugin->schema, p->config_node,
                p->config_node ? p->config_node->line : p->line, &here, p->config);
    if (p->plugin->prepare && d->problems->count == before)
        p->plugin->prepare(d, f, p);
}

void kong_link_plugins(struct conf_decoder *d, struct kong_file *f)
{
    collect_plugins(d, f);
    for (size_t i = 0; i < f->plugin_count; i++) {
        link_scope(d, f, f->all_plugins[i]);
        check_single(d, f, i);
        link_plugin(d, f, f->all_plugins[i]);
    }
}

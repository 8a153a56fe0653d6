/* The canonical view: services with all their instances. */
#include "api/handlers.h"
#include "api/view.h"
#include "sync/registry.h"

enum err services_list(struct req *r)
{
    const struct registry *g = lookup_registry(r);
    struct directory_list all = directory_list(g->directory, r->arena, STR_NULL);
    struct service_list_view view = {.revision = g->revision};

    view.services = service_views(r->arena, &all);
    view.count = (int64_t)view.services.count;
    return req_reply_json(r, 200, &SERVICE_LIST_VIEW, &view);
}

enum err services_get(struct req *r)
{
    const struct registry *g = lookup_registry(r);
    struct directory_list all = directory_list(g->directory, r->arena, req_param(r, "name"));

    if (all.count == 0 && !registry_is_loaded(g))
        return ERR_SERVICE_UNAVAILABLE;
    if (all.count == 0)
        return ERR_SERVICE_NOT_FOUND;
    return req_reply_json(r, 200, &SERVICE_VIEW, service_views(r->arena, &all).items);
}

#include "hub.h"

#include <stdlib.h>

#include "idmap.h"
#include "mem.h"

struct ws_hub {
    struct idmap *groups; /* key → struct ws_group */
};

struct ws_group {
    struct list members; /* struct ws_member */
    int64_t key;
};

struct ws_hub *ws_hub_new(void)
{
    struct ws_hub *h = MEM_NEW(struct ws_hub);
    h->groups = idmap_new();
    return h;
}

void ws_hub_free(struct ws_hub *h)
{
    if (!h)
        return;
    idmap_free(h->groups);
    free(h);
}

void ws_hub_join(struct ws_hub *h, int64_t key, struct ws_member *m, struct ws *ws)
{
    struct ws_group *g = idmap_get(h->groups, key);
    if (!g) {
        g = MEM_NEW(struct ws_group);
        list_init(&g->members);
        g->key = key;
        idmap_set(h->groups, key, g);
    }
    m->hub = h;
    m->group = g;
    m->ws = ws;
    list_append(&g->members, &m->node);
}

void ws_hub_leave(struct ws_member *m)
{
    struct ws_group *g = m->group;
    if (!g)
        return;
    list_remove(&m->node);
    m->group = NULL;
    if (!list_is_empty(&g->members))
        return;
    idmap_remove(m->hub->groups, g->key);
    free(g);
}

struct list *ws_hub_members(struct ws_hub *h, int64_t key)
{
    struct ws_group *g = idmap_get(h->groups, key);
    return g ? &g->members : NULL;
}

void ws_hub_close_expired(struct ws_hub *h, int64_t now_s)
{
    size_t it = 0;
    int64_t key;
    void *group;
    while (idmap_next(h->groups, &it, &key, &group)) {
        LIST_EACH(n, &((struct ws_group *)group)->members)
        {
            struct ws_member *m = LIST_ENTRY(n, struct ws_member, node);
            if (m->expires_s && m->expires_s <= now_s)
                ws_close(m->ws, WS_TOKEN_EXPIRED, STR("the token has expired"));
        }
    }
}

bool ws_hub_has(const struct ws_hub *h, int64_t key)
{
    return idmap_get(h->groups, key) != NULL;
}

size_t ws_hub_keys(const struct ws_hub *h, struct arena *a, int64_t **keys)
{
    size_t it = 0, n = 0;
    int64_t key;
    void *group;
    *keys = ARENA_ARRAY(a, int64_t, idmap_count(h->groups) + 1);
    while (idmap_next(h->groups, &it, &key, &group))
        (*keys)[n++] = key;
    return n;
}

void ws_hub_send(struct ws_hub *h, int64_t key, struct ws_frame *f)
{
    struct list *members = ws_hub_members(h, key);
    if (!members)
        return;
    LIST_EACH(n, members)
    ws_send_frame(LIST_ENTRY(n, struct ws_member, node)->ws, f);
}

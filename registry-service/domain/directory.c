#include "domain/directory.h"

#include <stdlib.h>

#include "arena.h"
#include "list.h"
#include "mem.h"

/* A fleet has dozens of instances: a list is searched faster than its keys are hashed. */
struct directory {
    struct list entries;
};

struct entry {
    struct list node;
    struct arena *arena; /* owns the strings and the entry itself */
    struct instance instance;
    enum directory_pending pending;
    bool is_listed; /* scratch of directory_replace */
};

struct directory *directory_new(void)
{
    struct directory *d = MEM_NEW(struct directory);

    list_init(&d->entries);
    return d;
}

static void remove_entry(struct entry *e)
{
    list_remove(&e->node);
    arena_free(e->arena);
}

void directory_free(struct directory *d)
{
    if (!d)
        return;
    LIST_EACH(node, &d->entries)
    remove_entry(LIST_ENTRY(node, struct entry, node));
    free(d);
}

static struct entry *find(const struct directory *d, struct str name, struct str id)
{
    LIST_EACH(node, &d->entries)
    {
        struct entry *e = LIST_ENTRY(node, struct entry, node);
        if (str_eq(e->instance.name, name) && str_eq(e->instance.id, id))
            return e;
    }
    return NULL;
}

/* Keeps the list ordered by name, then registration, then id. */
static bool is_before(const struct instance *a, const struct instance *b)
{
    int order = str_cmp(a->name, b->name);

    if (order)
        return order < 0;
    if (a->registered_at != b->registered_at)
        return a->registered_at < b->registered_at;
    return str_cmp(a->id, b->id) < 0;
}

static void insert(struct directory *d, struct entry *e)
{
    LIST_EACH(node, &d->entries)
    {
        if (is_before(&e->instance, &LIST_ENTRY(node, struct entry, node)->instance)) {
            list_append(node, &e->node);
            return;
        }
    }
    list_append(&d->entries, &e->node);
}

void directory_put(struct directory *d, const struct instance *i, enum directory_pending pending)
{
    struct arena *a = arena_new();
    struct entry *e = ARENA_NEW(a, struct entry), *old = find(d, i->name, i->id);

    e->arena = a;
    e->instance = *i;
    e->instance.name = str_dup(a, i->name);
    e->instance.id = str_dup(a, i->id);
    e->instance.host = str_dup(a, i->host);
    e->instance.health_endpoint = str_dup(a, i->health_endpoint);
    e->instance.version = str_dup(a, i->version);
    e->pending = pending;
    e->is_listed = true;
    if (old)
        remove_entry(old);
    insert(d, e);
}

void directory_drop(struct directory *d, struct str name, struct str id)
{
    struct entry *e = find(d, name, id);

    if (e)
        remove_entry(e);
}

void directory_replace(struct directory *d, const struct instance *rows, size_t n)
{
    LIST_EACH(node, &d->entries)
    {
        struct entry *e = LIST_ENTRY(node, struct entry, node);
        e->is_listed = e->pending != PENDING_NOTHING;
    }
    for (size_t i = 0; i < n; i++) {
        const struct entry *e = find(d, rows[i].name, rows[i].id);
        if (!e || e->pending == PENDING_NOTHING)
            directory_put(d, &rows[i], PENDING_NOTHING);
    }
    LIST_EACH(node, &d->entries)
    {
        struct entry *e = LIST_ENTRY(node, struct entry, node);
        if (!e->is_listed)
            remove_entry(e);
    }
}

const struct instance *directory_find(const struct directory *d, struct str name, struct str id)
{
    const struct entry *e = find(d, name, id);

    return e && e->pending != PENDING_REMOVE ? &e->instance : NULL;
}

const struct instance *directory_pick(const struct directory *d, struct str name)
{
    const struct instance *best = NULL;

    LIST_EACH(node, &d->entries)
    {
        const struct entry *e = LIST_ENTRY(node, struct entry, node);
        if (e->pending != PENDING_REMOVE && str_eq(e->instance.name, name))
            best = instance_better(&e->instance, best);
    }
    return best;
}

static size_t count_entries(const struct directory *d)
{
    size_t n = 0;

    LIST_EACH(node, &d->entries)
    n++;
    return n;
}

struct directory_list directory_list(const struct directory *d, struct arena *a, struct str name)
{
    struct directory_list l = {ARENA_ARRAY(a, const struct instance *, count_entries(d)), 0};

    LIST_EACH(node, &d->entries)
    {
        const struct entry *e = LIST_ENTRY(node, struct entry, node);
        if (e->pending != PENDING_REMOVE && (!name.p || str_eq(e->instance.name, name)))
            l.items[l.count++] = &e->instance;
    }
    return l;
}

static void copy_instance(struct arena *a, const struct instance *from, struct instance *to)
{
    *to = *from;
    to->name = str_dup(a, from->name);
    to->id = str_dup(a, from->id);
    to->host = str_dup(a, from->host);
    to->health_endpoint = str_dup(a, from->health_endpoint);
    to->version = str_dup(a, from->version);
}

size_t directory_pending(const struct directory *d, struct arena *a, enum directory_pending kind,
                         struct instance **out)
{
    size_t n = 0;

    *out = ARENA_ARRAY(a, struct instance, count_entries(d));
    LIST_EACH(node, &d->entries)
    {
        const struct entry *e = LIST_ENTRY(node, struct entry, node);
        if (e->pending == kind)
            copy_instance(a, &e->instance, &(*out)[n++]);
    }
    return n;
}

void directory_settle(struct directory *d, struct str name, struct str id)
{
    struct entry *e = find(d, name, id);

    if (e && e->pending == PENDING_REMOVE)
        remove_entry(e);
    else if (e)
        e->pending = PENDING_NOTHING;
}

#include "api/view_count.h"

#include <stdlib.h>

#include "arena.h"
#include "clock.h"
#include "mem.h"
#include "state.h"
#include "store/filter_json.h"
#include "store/view_store.h"
#include "strmap.h"

#define ENTRY_MAX 2000
#define REFRESH_MS 5000
#define FRESH_US (5 * US_PER_S)
#define ASKED_US (60 * US_PER_S)

struct entry {
    char *filter; /* owned; as it was last asked for, with the ages counted from then */
    size_t filter_len;
    int64_t n, as_of, asked_at;
};

struct view_counts {
    struct strmap *entries; /* owned struct entry by viewer and query */
};

struct view_counts *view_counts_new(void)
{
    struct view_counts *c = MEM_NEW(struct view_counts);

    c->entries = strmap_new();
    return c;
}

static void forget(struct view_counts *c, struct str key)
{
    struct entry *e = strmap_remove(c->entries, key);

    if (e)
        free(e->filter);
    free(e);
}

/* Those that nobody has asked for since then. */
static void forget_unasked(struct view_counts *c, int64_t since)
{
    struct arena *a = arena_new();
    struct str *keys = ARENA_ARRAY(a, struct str, strmap_count(c->entries) + 1), key;
    size_t it = 0, n = 0;
    void *value;

    while (strmap_next(c->entries, &it, &key, &value)) {
        const struct entry *e = value;

        if (e->asked_at < since)
            keys[n++] = str_dup(a, key);
    }
    for (size_t i = 0; i < n; i++)
        forget(c, keys[i]);
    arena_free(a);
}

void view_counts_free(struct view_counts *c)
{
    forget_unasked(c, INT64_MAX);
    strmap_free(c->entries);
    free(c);
}

static void set_filter(struct entry *e, struct str filter)
{
    char *copy = mem_alloc(filter.len + 1);

    memcpy(copy, filter.p, filter.len);
    free(e->filter);
    e->filter = copy;
    e->filter_len = filter.len;
}

/* ---- asking ------------------------------------------------------------------------------- */

enum err view_count(struct req *r, struct db_session *s, const struct ticket_filter *f,
                    struct str query, struct view_count *out)
{
    struct view_counts *c = helpdesk_of(r)->view_counts;
    struct str filter = filter_json(r->arena, f);
    struct str key = str_printf(r->arena, "%lld %lld %d %.*s", (long long)f->viewer_id,
                                (long long)f->reader.id, f->reader.is_staff, STR_ARG(query));
    struct entry *e;
    enum err rc;

    *out = (struct view_count){.as_of = r->now, .is_exact = true};
    if (filter_is_tallied(f))
        return view_store_tally(s, filter, &out->n);
    e = strmap_get(c->entries, key);
    if (e && e->as_of > r->now - ASKED_US) {
        set_filter(e, filter);
        e->asked_at = r->now;
        *out = (struct view_count){.n = e->n, .as_of = e->as_of};
        return ERR_OK;
    }
    rc = view_store_count(s, filter, &out->n);
    out->is_exact = rc == ERR_OK && out->n <= 10000;
    if (rc || strmap_count(c->entries) >= ENTRY_MAX)
        return rc;
    /* Another request may have put it there while this one was counting. */
    e = strmap_get(c->entries, key);
    if (!e) {
        e = MEM_NEW(struct entry);
        strmap_set(c->entries, key, e);
    }
    set_filter(e, filter);
    e->n = out->n;
    e->as_of = e->asked_at = r->now;
    return ERR_OK;
}

/* ---- in the background -------------------------------------------------------------------- */

static void CO_FN count_again(struct service *s, struct view_counts *c, struct str key)
{
    struct entry *e = strmap_get(c->entries, key);
    struct arena *a = arena_new();
    int64_t now = clock_wall_us(), n;
    struct db_session session;

    db_session_init(&session, s->db, a);
    if (e && e->as_of < now - FRESH_US &&
        view_store_count(&session, str_dup(a, str_n(e->filter, e->filter_len)), &n) == ERR_OK) {
        e = strmap_get(c->entries, key);
        if (e) {
            e->n = n;
            e->as_of = now;
        }
    }
    arena_free(a);
}

static void CO_FN refresh(struct service *s, void *arg)
{
    struct helpdesk *h = s->state;
    struct view_counts *c = h->view_counts;
    struct arena *a = arena_new();
    size_t it = 0, n = 0;
    struct str *keys, key;
    void *value;

    forget_unasked(c, clock_wall_us() - ASKED_US);
    keys = ARENA_ARRAY(a, struct str, strmap_count(c->entries) + 1);
    while (strmap_next(c->entries, &it, &key, &value))
        keys[n++] = str_dup(a, key);
    for (size_t i = 0; i < n; i++)
        count_again(s, c, keys[i]);
    arena_free(a);
}

void view_counts_start(struct service *s)
{
    service_every(s, REFRESH_MS, "view counts", refresh, NULL);
}

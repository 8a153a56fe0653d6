#include "api/kb_counts.h"

#include <stdlib.h>

#include "clock.h"
#include "mem.h"
#include "service.h"
#include "state.h"
#include "store/kb_search_store.h"
#include "store/kb_vote_store.h"
#include "strmap.h"

#define FLUSH_MS 2000
/* Different articles, and different searches, between two writes: more are not counted. */
#define VIEWS_MAX 20000
#define GAPS_MAX 256

struct kb_counts {
    struct strmap *views, *gaps; /* counts by id as text, by query; the counts are owned */
};

struct kb_counts *kb_counts_new(void)
{
    struct kb_counts *c = MEM_NEW(struct kb_counts);

    c->views = strmap_new();
    c->gaps = strmap_new();
    return c;
}

static void map_free(struct strmap *m)
{
    struct str key;
    void *value;
    size_t it = 0;

    while (strmap_next(m, &it, &key, &value))
        free(value);
    strmap_free(m);
}

void kb_counts_free(struct kb_counts *c)
{
    if (!c)
        return;
    map_free(c->views);
    map_free(c->gaps);
    free(c);
}

static void count(struct strmap *m, struct str key, size_t most)
{
    int64_t *n = strmap_get(m, key);

    if (!n && strmap_count(m) >= most)
        return;
    if (!n) {
        n = MEM_NEW(int64_t);
        (void)strmap_set(m, key, n);
    }
    (*n)++;
}

void kb_counts_view(struct kb_counts *c, int64_t article_id)
{
    count(c->views, str_n((const char *)&article_id, sizeof article_id), VIEWS_MAX);
}

void kb_counts_gap(struct kb_counts *c, struct str query)
{
    if (query.len)
        count(c->gaps, query, GAPS_MAX);
}

/* Takes what was counted; new counts begin at nothing while it is written. */
static struct strmap *take(struct strmap **m)
{
    struct strmap *taken = *m;

    *m = strmap_new();
    return taken;
}

static enum err CO_FN write_views(struct db_session *s, const struct strmap *m)
{
    size_t it = 0, n = 0, most = strmap_count(m);
    int64_t *ids = ARENA_ARRAY(s->arena, int64_t, most + 1),
            *counts = ARENA_ARRAY(s->arena, int64_t, most + 1);
    struct str key;
    void *value;

    for (; strmap_next(m, &it, &key, &value); n++) {
        memcpy(&ids[n], key.p, sizeof ids[n]);
        counts[n] = *(const int64_t *)value;
    }
    return n ? kb_view_store_add(s, ids, counts, n) : ERR_OK;
}

static enum err CO_FN write_gaps(struct db_session *s, const struct strmap *m)
{
    size_t it = 0, n = 0, most = strmap_count(m);
    struct str *queries = ARENA_ARRAY(s->arena, struct str, most + 1);
    int64_t *counts = ARENA_ARRAY(s->arena, int64_t, most + 1);
    void *value;

    for (; strmap_next(m, &it, &queries[n], &value); n++)
        counts[n] = *(const int64_t *)value;
    return n ? kb_gap_store_add(s, queries, counts, n, clock_wall_us()) : ERR_OK;
}

void kb_counts_flush(struct service *s)
{
    struct helpdesk *h = s->state;
    struct strmap *views = take(&h->kb_counts->views), *gaps = take(&h->kb_counts->gaps);
    struct arena *a = arena_new();
    struct db_session session;

    db_session_init(&session, s->db, a);
    if (write_views(&session, views) != ERR_OK || write_gaps(&session, gaps) != ERR_OK)
        log_warn("some views of articles are not counted");
    arena_free(a);
    map_free(views);
    map_free(gaps);
}

static void CO_FN flush(struct service *s, void *arg)
{
    (void)arg;
    kb_counts_flush(s);
}

void kb_counts_start(struct service *s)
{
    service_every(s, FLUSH_MS, "kb-counts", flush, NULL);
}

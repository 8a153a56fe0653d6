#include "api/presence.h"

#include <stdlib.h>

#include "api/signals.h"
#include "clock.h"
#include "idmap.h"
#include "mem.h"
#include "state.h"
#include "store/presence_store.h"

#define FLUSH_MS 200
/* People entered at once. */
#define BATCH 1000

struct presence {
    struct service *service;
    int64_t process_id; /* 0: not entered */
    int64_t renewed_us;
    struct idmap *changed; /* user id → anything: to be entered or taken out */
    struct idmap *entered; /* user id → anything */
    struct idmap *watched; /* conversation id → struct watched */
};

struct watched {
    int count;
};

/* A map of numbers: values need only not be NULL. */
static char something;

struct presence *presence_new(struct service *s)
{
    struct presence *p = MEM_NEW(struct presence);
    p->service = s;
    p->changed = idmap_new();
    p->entered = idmap_new();
    p->watched = idmap_new();
    return p;
}

void presence_free(struct presence *p)
{
    size_t it = 0;
    int64_t key;
    void *value;
    while (idmap_next(p->watched, &it, &key, &value))
        free(value);
    idmap_free(p->changed);
    idmap_free(p->entered);
    idmap_free(p->watched);
    free(p);
}

/* ---- what happens here -------------------------------------------------------------------- */

void presence_come(struct presence *p, int64_t user_id)
{
    idmap_set(p->changed, user_id, &something);
}

void presence_gone(struct presence *p, int64_t user_id)
{
    if (!ws_hub_has(messaging_state(p->service)->live.people, user_id))
        idmap_set(p->changed, user_id, &something);
}

void presence_watch(struct presence *p, int64_t conversation_id)
{
    struct watched *w = idmap_get(p->watched, conversation_id);
    if (!w) {
        w = MEM_NEW(struct watched);
        idmap_set(p->watched, conversation_id, w);
    }
    w->count++;
}

void presence_unwatch(struct presence *p, int64_t conversation_id)
{
    struct watched *w = idmap_get(p->watched, conversation_id);
    if (w && --w->count == 0) {
        idmap_remove(p->watched, conversation_id);
        free(w);
    }
}

static void ids_of(const struct idmap *m, struct arena *a, size_t max, struct json_array *out)
{
    size_t it = 0, n = idmap_count(m) < max ? idmap_count(m) : max;
    int64_t *ids = ARENA_ARRAY(a, int64_t, n + 1);
    void *value;
    *out = (struct json_array){ids, 0};
    while (out->count < n && idmap_next(m, &it, &ids[out->count], &value))
        out->count++;
}

void presence_watched(const struct presence *p, struct arena *a, struct json_array *ids)
{
    ids_of(p->watched, a, SIZE_MAX, ids);
}

/* ---- telling everybody -------------------------------------------------------------------- */

static void CO_FN tell(struct presence *p, const struct json_array *online,
                       const struct json_array *offline)
{
    const struct event_signal e = {.signal = STR("presence"),
                                   .is_typing = JSON_UNSET,
                                   .online_ids = *online,
                                   .offline_ids = *offline,
                                   .happened_at = clock_wall_us()};
    if (online->count || offline->count)
        signal_send(p->service, &e);
}

/* Splits what has changed, at most a batch of it, into those who are here and those who are not. */
static void take_changed(struct presence *p, struct arena *a, struct json_array *here,
                         struct json_array *away)
{
    struct ws_hub *people = messaging_state(p->service)->live.people;
    struct json_array ids;
    ids_of(p->changed, a, BATCH, &ids);
    int64_t *come = ARENA_ARRAY(a, int64_t, ids.count + 1);
    int64_t *gone = ARENA_ARRAY(a, int64_t, ids.count + 1);
    *here = (struct json_array){come, 0};
    *away = (struct json_array){gone, 0};
    for (size_t i = 0; i < ids.count; i++) {
        int64_t id = ((const int64_t *)ids.items)[i];
        bool is_here = ws_hub_has(people, id), is_entered = idmap_get(p->entered, id);
        idmap_remove(p->changed, id);
        if (is_here && !is_entered)
            come[here->count++] = id;
        else if (!is_here && is_entered)
            gone[away->count++] = id;
    }
}

static void put_back(struct presence *p, const struct json_array *ids)
{
    for (size_t i = 0; i < ids->count; i++)
        idmap_set(p->changed, ((const int64_t *)ids->items)[i], &something);
}

static void note_entered(struct presence *p, const struct json_array *here,
                         const struct json_array *away)
{
    for (size_t i = 0; i < here->count; i++)
        idmap_set(p->entered, ((const int64_t *)here->items)[i], &something);
    for (size_t i = 0; i < away->count; i++)
        idmap_remove(p->entered, ((const int64_t *)away->items)[i]);
}

static enum err CO_FN enter(struct presence *p, struct db_session *db)
{
    struct json_array here, away, online = {0}, offline = {0};
    int64_t now = clock_wall_us();
    take_changed(p, db->arena, &here, &away);
    enum err rc = here.count ? presence_store_come(db, p->process_id, &here, now, &online) : ERR_OK;
    if (rc == ERR_OK && away.count)
        rc = presence_store_go(db, p->process_id, &away, now, &offline);
    if (rc) {
        put_back(p, &here);
        put_back(p, &away);
        return rc;
    }
    note_entered(p, &here, &away);
    tell(p, &online, &offline);
    return ERR_OK;
}

/* ---- the lease ---------------------------------------------------------------------------- */

static int64_t lease_us(const struct presence *p)
{
    return messaging_config(p->service)->presence_lease_s * US_PER_S;
}

/* Everybody who is here is entered anew. */
static void begin_again(struct presence *p)
{
    struct arena *a = arena_new();
    struct json_array ids;
    ids_of(p->entered, a, SIZE_MAX, &ids);
    put_back(p, &ids);
    for (size_t i = 0; i < ids.count; i++)
        idmap_remove(p->entered, ((const int64_t *)ids.items)[i]);
    arena_free(a);
    p->process_id = 0;
}

static enum err CO_FN renew(struct presence *p, struct db_session *db)
{
    struct json_array none = {0}, vanished;
    bool was_there = true;
    int64_t now = clock_wall_us(), mono = clock_mono_us();
    if (p->process_id && mono - p->renewed_us < lease_us(p) / 3)
        return ERR_OK;
    enum err rc = ERR_OK;
    if (p->process_id)
        rc = presence_store_renew(db, p->process_id, now + lease_us(p), &was_there);
    if (rc == ERR_OK && !was_there)
        begin_again(p);
    if (rc == ERR_OK && !p->process_id)
        rc = presence_store_begin(db, now + lease_us(p), &p->process_id);
    if (rc)
        return rc;
    p->renewed_us = mono;
    rc = presence_store_end(db, 0, now, &vanished);
    if (rc == ERR_OK)
        tell(p, &none, &vanished);
    return rc;
}

static void CO_FN flush(struct service *s, void *arg)
{
    struct presence *p = arg;
    enum err rc = ERR_OK;
    /* Many may come at once; the lease does not wait for all of them. */
    do {
        struct arena *a = arena_new();
        struct db_session db;
        db_session_init(&db, s->db, a);
        rc = renew(p, &db);
        if (rc == ERR_OK && idmap_count(p->changed))
            rc = enter(p, &db);
        arena_free(a);
    } while (rc == ERR_OK && idmap_count(p->changed));
}

void presence_start(struct presence *p)
{
    service_every(p->service, FLUSH_MS, "presence", flush, p);
}

void presence_stop(struct presence *p)
{
    struct arena *a = arena_new();
    struct json_array none = {0}, vanished;
    struct db_session db;
    db_session_init(&db, p->service->db, a);
    if (p->process_id && p->service->db &&
        presence_store_end(&db, p->process_id, clock_wall_us(), &vanished) == ERR_OK)
        tell(p, &none, &vanished);
    arena_free(a);
}

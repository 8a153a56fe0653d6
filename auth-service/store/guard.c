#include "store/guard.h"

#include "clock.h"

/* Over the longest a password waits and is hashed: then its process must have died. */
#define RESERVATION_US (60 * US_PER_S)

#define WANTED "unnest($1::text[], $2::text[]) WITH ORDINALITY AS w (kind, key, n)"
#define THRESHOLD "($3::bigint[])[array_position($1::text[], g.kind)]"
#define FAILURES "CASE WHEN g.last_failure_at > $4 THEN g.failures ELSE 0 END"
#define PENDING "CASE WHEN g.reserved_at > $6 THEN g.pending ELSE 0 END"

/* A row that refuses the attempt is not updated, and so not returned. */
DB_WRITE(guard_take, "TTIzzz", "tbz",
         "WITH granted AS (INSERT INTO login_guard AS g "
         "(kind, key, failures, pending, last_failure_at, reserved_at) "
         "SELECT w.kind, lower(w.key), 0, 1, $5, $5 FROM " WANTED " ORDER BY w.n "
         "ON CONFLICT (kind, key) DO UPDATE SET pending = " PENDING " + 1, "
         "reserved_at = greatest(g.reserved_at, $5) "
         "WHERE coalesce(g.locked_until <= $5, true) "
         "AND " PENDING " < greatest(1, " THRESHOLD " - " FAILURES ") RETURNING g.kind) "
         "SELECT w.kind, t.kind IS NOT NULL, l.locked_until FROM " WANTED
         " LEFT JOIN granted t ON t.kind = w.kind "
         "LEFT JOIN login_guard l ON l.kind = w.kind AND l.key = lower(w.key) ORDER BY w.n");

#define NEW_FAILURES                                                                               \
    "CASE $6::text WHEN 'failed' THEN " FAILURES                                                   \
    " + 1 WHEN 'passed' THEN CASE g.kind WHEN 'address' THEN g.failures ELSE 0 END "               \
    "ELSE g.failures END"

/* $7: for how many seconds the first failure that locks does so, the second, and so on. */
DB_WRITE(guard_end, "TTIzztI", "",
         "INSERT INTO login_guard AS g (kind, key, failures, last_failure_at) "
         "SELECT w.kind, lower(w.key), CASE $6::text WHEN 'failed' THEN 1 ELSE 0 END, $5 "
         "FROM " WANTED " ORDER BY w.n "
         "ON CONFLICT (kind, key) DO UPDATE SET pending = greatest(g.pending - 1, 0), "
         "failures = " NEW_FAILURES ", last_failure_at = "
         "CASE $6 WHEN 'failed' THEN greatest(g.last_failure_at, $5) ELSE g.last_failure_at END, "
         "locked_until = CASE $6 WHEN 'failed' THEN CASE WHEN " FAILURES " + 1 >= " THRESHOLD
         " THEN $5 + interval '1 second' * ($7::bigint[])[least(" FAILURES " + 2 - " THRESHOLD
         ", cardinality($7::bigint[]))] ELSE g.locked_until END "
         "WHEN 'passed' THEN CASE g.kind WHEN 'address' THEN g.locked_until END "
         "ELSE g.locked_until END");
DB_WRITE(guard_free, "tt", "",
         "UPDATE login_guard SET failures = 0, locked_until = NULL WHERE kind = $1 "
         "AND key = lower($2)");
DB_WRITE_PLANNED(
    guard_purge, "z", "",
    "DELETE FROM login_guard WHERE last_failure_at < $1 AND coalesce(reserved_at < $1, true) "
    "AND coalesce(locked_until < $1, true)");

/* The parameters of the guards in force; a policy without a threshold guards nothing. */
struct lists {
    struct str kinds[GUARD_MAX], keys[GUARD_MAX];
    int64_t thresholds[GUARD_MAX];
    size_t count;
    int64_t window_s;
};

static void add(struct lists *l, const struct guard *g)
{
    if (g->policy->threshold == 0)
        return;
    l->kinds[l->count] = str_from(g->kind);
    l->keys[l->count] = g->key;
    l->thresholds[l->count++] = g->policy->threshold;
    l->window_s = g->policy->window_s;
}

static enum err CO_FN settle(struct db_session *s, const struct lists *l, const char *outcome,
                             int64_t now)
{
    int64_t durations[LOCKOUT_STEPS];

    if (l->count == 0)
        return ERR_OK;
    for (int i = 0; i < LOCKOUT_STEPS; i++)
        durations[i] = lockout_duration_s(i);
    return db_query(s, &guard_end, NULL, DB_STR_ARRAY(l->kinds, l->count),
                    DB_STR_ARRAY(l->keys, l->count), DB_INT_ARRAY(l->thresholds, l->count),
                    DB_TIME(now - l->window_s * US_PER_S), DB_TIME(now), DB_STR(str_from(outcome)),
                    DB_INT_ARRAY(durations, LOCKOUT_STEPS));
}

enum err CO_FN guard_reserve(struct db_session *s, const struct guard *g, size_t n, int64_t now,
                             enum guard_verdict *verdict, int64_t *locked_until)
{
    struct lists all = {.count = 0}, granted = {.count = 0};
    struct db_result *r;
    enum err rc;

    *verdict = GUARD_GRANTED;
    *locked_until = INT64_MIN;
    for (size_t i = 0; i < n; i++)
        add(&all, &g[i]);
    if (all.count == 0)
        return ERR_OK;
    rc = db_query(s, &guard_take, &r, DB_STR_ARRAY(all.kinds, all.count),
                  DB_STR_ARRAY(all.keys, all.count), DB_INT_ARRAY(all.thresholds, all.count),
                  DB_TIME(now - all.window_s * US_PER_S), DB_TIME(now),
                  DB_TIME(now - RESERVATION_US));
    if (rc)
        return rc;
    for (size_t i = 0, k = 0; i < n; i++) {
        if (g[i].policy->threshold == 0)
            continue;
        if (db_get_bool(r, k, 1)) {
            add(&granted, &g[i]);
        } else {
            int64_t until = db_get_time(r, k, 2);
            *verdict = *verdict == GUARD_LOCKED || until > now ? GUARD_LOCKED : GUARD_BUSY;
            *locked_until = until > *locked_until ? until : *locked_until;
        }
        k++;
    }
    return *verdict == GUARD_GRANTED ? ERR_OK : settle(s, &granted, "released", now);
}

enum err CO_FN guard_settle(struct db_session *s, const struct guard *g, size_t n,
                            enum guard_outcome outcome, int64_t now)
{
    static const char *const WORDS[] = {"passed", "failed", "released"};
    struct lists all = {.count = 0};

    for (size_t i = 0; i < n; i++)
        add(&all, &g[i]);
    return settle(s, &all, WORDS[outcome], now);
}

enum err CO_FN guard_forgive(struct db_session *s, const char *kind, struct str key)
{
    return db_query(s, &guard_free, NULL, DB_STR(str_from(kind)), DB_STR(key));
}

enum err CO_FN guard_store_purge(struct db_session *s, int64_t before)
{
    return db_query(s, &guard_purge, NULL, DB_TIME(before));
}

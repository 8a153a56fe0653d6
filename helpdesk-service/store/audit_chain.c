#include "store/audit_chain.h"

#include "digest.h"
#include "encode.h"
#include "store/audit_row.h"

#define BATCH_TEXT "500"
#define HEX_SIZE (AUDIT_HASH_SIZE * 2 + 1)

static const char *const NOT_AS_SEALED = "it is not what was sealed";
static const char *const MISSING = "it is missing";

/* ---- sealing ------------------------------------------------------------------------------ */

DB_WRITE(audit_lock_head, "", "iy", "SELECT seq, hash FROM audit_head FOR UPDATE SKIP LOCKED");
DB_WRITE(audit_make_months, "z", "",
         "SELECT audit_make_month($1), audit_make_month($1 + interval '31 days')");
#define SAME_KIND                                                                                  \
    "(k.source, k.action, k.object_type, k.is_refused, k.actor_kind, k.actor) = "                  \
    "(e.source, e.action, e.object_type, e.is_refused, e.actor_kind, e.actor)"
/* With the kind, which is NULL when there is no such kind yet. */
DB_WRITE_PLANNED(audit_pick, "", AUDIT_COL_TYPES "it",
                 "SELECT " AUDIT_COLS ", (SELECT k.id FROM audit_kind k WHERE " SAME_KIND
                 ")::bigint, e.ctid::text FROM audit_pending e, LATERAL (SELECT e.*) k "
                 "ORDER BY e.id LIMIT " BATCH_TEXT);
DB_WRITE(audit_add_kinds, "", "",
         "INSERT INTO audit_kind (source, action, object_type, is_refused, actor_kind, actor) "
         "SELECT DISTINCT e.source, e.action, e.object_type, e.is_refused, e.actor_kind, e.actor "
         "FROM audit_pending e WHERE NOT EXISTS (SELECT FROM audit_kind k WHERE " SAME_KIND ")");
DB_WRITE_PLANNED(
    audit_move, "TIITTz", "",
    "WITH p AS (DELETE FROM audit_pending p USING unnest($1, $2, $3, $4, $5) "
    "AS h (place, seq, kind, prev_hash, hash) WHERE p.ctid = h.place::tid "
    "RETURNING h.seq, h.kind, decode(h.prev_hash, 'hex') AS prev_hash, "
    "decode(h.hash, 'hex') AS hash, p.*) "
    "INSERT INTO audit_event (seq, sealed_at, kind_id, at, source_id, actor_id, "
    "on_behalf_of, address, user_agent, trace_id, object_id, object_number, changes, details, "
    "reason, prev_hash, hash) SELECT seq, $6, kind, at, source_id, actor_id, on_behalf_of, "
    "address, user_agent, trace_id, object_id, object_number, changes, details, reason, "
    "prev_hash, hash FROM p ORDER BY seq");
DB_WRITE(audit_set_head, "iyz", "b",
         "WITH h AS (UPDATE audit_head SET seq = $1, hash = $2), "
         "c AS (INSERT INTO audit_checkpoint (day, seq, hash) "
         "SELECT ($3 AT TIME ZONE 'UTC')::date, $1, $2 ON CONFLICT (day) DO NOTHING RETURNING 1) "
         "SELECT EXISTS (SELECT FROM c)");

static void next_hash(struct arena *a, const struct audit_event *e, int64_t sealed_at,
                      struct audit_link *link)
{
    struct buf b;

    buf_init(&b, a);
    buf_add(&b, link->hash, AUDIT_HASH_SIZE);
    audit_canonical(&b, e, ++link->seq, sealed_at);
    sha256(buf_str(&b), link->hash);
}

static struct str hex_of(struct arena *a, const uint8_t hash[AUDIT_HASH_SIZE])
{
    char hex[HEX_SIZE];

    hex_encode(hash, AUDIT_HASH_SIZE, hex);
    return str_dup(a, str_n(hex, HEX_SIZE - 1));
}

static struct str bytes_of(const uint8_t hash[AUDIT_HASH_SIZE])
{
    return str_n((const char *)hash, AUDIT_HASH_SIZE);
}

static bool read_hash(struct str s, uint8_t out[AUDIT_HASH_SIZE])
{
    if (s.len != AUDIT_HASH_SIZE)
        return false;
    memcpy(out, s.p, AUDIT_HASH_SIZE);
    return true;
}

/* The next batch; kinds that are new are added first. */
static enum err CO_FN pick(struct db_session *s, struct db_result **rows)
{
    enum err rc = db_query(s, &audit_pick, rows);
    bool is_known = true;

    for (size_t i = 0; rc == ERR_OK && i < db_rows(*rows); i++)
        is_known = is_known && !db_is_null(*rows, i, AUDIT_COL_COUNT);
    if (rc || is_known)
        return rc;
    rc = db_query(s, &audit_add_kinds, NULL);
    return rc ? rc : db_query(s, &audit_pick, rows);
}

/* Moves the picked rows into the chain behind *link. */
static enum err CO_FN move(struct db_session *s, const struct db_result *rows, int64_t now,
                           struct audit_link *link)
{
    size_t n = db_rows(rows);
    struct str *places = ARENA_ARRAY(s->arena, struct str, n);
    struct str *before = ARENA_ARRAY(s->arena, struct str, n);
    struct str *hashes = ARENA_ARRAY(s->arena, struct str, n);
    int64_t *kinds = ARENA_ARRAY(s->arena, int64_t, n);
    int64_t *seqs = ARENA_ARRAY(s->arena, int64_t, n);
    struct db_result *moved;
    enum err rc;

    for (size_t i = 0; i < n; i++) {
        struct audit_event e;

        audit_from_row(rows, i, &e);
        before[i] = hex_of(s->arena, link->hash);
        next_hash(s->arena, &e, now, link);
        hashes[i] = hex_of(s->arena, link->hash);
        seqs[i] = link->seq;
        kinds[i] = db_get_int(rows, i, AUDIT_COL_COUNT);
        places[i] = db_get_str(rows, i, AUDIT_COL_COUNT + 1);
    }
    rc = db_query(s, &audit_move, &moved, DB_STR_ARRAY(places, n), DB_INT_ARRAY(seqs, n),
                  DB_INT_ARRAY(kinds, n), DB_STR_ARRAY(before, n), DB_STR_ARRAY(hashes, n),
                  DB_TIME(now));
    if (rc)
        return rc;
    return db_affected(moved) == (int64_t)n ? ERR_OK : ERR_INTERNAL_ERROR;
}

struct sealing {
    int64_t now;
    struct audit_sealed *out;
};

static enum err CO_FN seal(struct db_session *s, void *arg)
{
    struct sealing *x = arg;
    struct audit_sealed *out = x->out;
    struct db_result *head, *rows;
    enum err rc = db_query(s, &audit_lock_head, &head);

    *out = (struct audit_sealed){0};
    if (rc == ERR_OK && db_rows(head) == 0) {
        out->is_busy = true;
        return ERR_OK;
    }
    if (rc == ERR_OK)
        rc = pick(s, &rows);
    if (rc || db_rows(rows) == 0)
        return rc;
    out->head.seq = db_get_int(head, 0, 0);
    if (!read_hash(db_get_str(head, 0, 1), out->head.hash))
        return ERR_INTERNAL_ERROR;
    rc = db_query(s, &audit_make_months, NULL, DB_TIME(x->now));
    if (rc == ERR_OK)
        rc = move(s, rows, x->now, &out->head);
    if (rc == ERR_OK)
        rc = db_query(s, &audit_set_head, &head, DB_INT(out->head.seq),
                      DB_STR(bytes_of(out->head.hash)), DB_TIME(x->now));
    if (rc)
        return rc;
    out->is_checkpoint = db_get_bool(head, 0, 0);
    out->count = (int64_t)db_rows(rows);
    return ERR_OK;
}

enum err audit_chain_seal(struct db_session *s, int64_t now, struct audit_sealed *out)
{
    struct sealing x = {now, out};

    return db_transact(s, seal, &x);
}

DB_WRITE(audit_drop_oldest, "z", "t", "SELECT audit_drop_month($1)");

enum err audit_chain_drop_month(struct db_session *s, int64_t before, struct str *name)
{
    struct db_result *rows;
    enum err rc = db_query(s, &audit_drop_oldest, &rows, DB_TIME(before));

    *name = rc ? STR_NULL : db_get_str(rows, 0, 0);
    return rc;
}

/* ---- verifying ---------------------------------------------------------------------------- */

DB_READ(audit_ends, "", "iyiy", "SELECT seq, hash, anchor_seq, anchor_hash FROM audit_head");
/* One more than belong there. */
DB_READ(audit_follow, "ii", AUDIT_COL_TYPES "izyy",
        "SELECT " AUDIT_COLS ", e.seq, e.sealed_at, e.prev_hash, e.hash FROM audit_event e "
        "LEFT JOIN audit_kind k ON k.id = e.kind_id WHERE e.seq > $1 AND e.seq <= $2 "
        "ORDER BY e.seq LIMIT $2 - $1 + 1");
DB_READ(audit_strays, "", "b",
        "SELECT EXISTS (SELECT FROM audit_event WHERE seq > (SELECT seq FROM audit_head)) OR "
        "EXISTS (SELECT FROM audit_event WHERE seq <= (SELECT anchor_seq FROM audit_head))");
DB_READ(audit_checkpoints, "", "iy", "SELECT seq, hash FROM audit_checkpoint ORDER BY seq");

struct verification {
    struct audit_report *report;
    struct audit_link at;                /* verified up to here */
    const struct db_result *checkpoints; /* of which those before next are passed */
    size_t next;
    const struct audit_link *known; /* NULL: none */
};

static enum err broken(struct verification *v, int64_t seq, const char *reason)
{
    v->report->is_valid = false;
    v->report->first_broken = seq;
    v->report->reason = reason;
    return ERR_OK;
}

static bool is_same(const struct audit_link *link, int64_t seq, struct str hash)
{
    return link->seq == seq && str_eq(bytes_of(link->hash), hash);
}

/* Whether the chain still is, where the verification is, what was once written down. */
static bool agrees(struct verification *v)
{
    const struct db_result *marks = v->checkpoints;

    while (v->next < db_rows(marks) && db_get_int(marks, v->next, 0) < v->at.seq)
        v->next++;
    if (v->next < db_rows(marks) && db_get_int(marks, v->next, 0) == v->at.seq &&
        !is_same(&v->at, v->at.seq, db_get_str(marks, v->next, 1)))
        return false;
    return !v->known || v->known->seq != v->at.seq ||
           is_same(&v->at, v->at.seq, bytes_of(v->known->hash));
}

static enum err verify_row(struct arena *a, struct verification *v, const struct db_result *rows,
                           size_t i)
{
    int64_t seq = db_get_int(rows, i, AUDIT_COL_COUNT);
    int64_t sealed_at = db_get_time(rows, i, AUDIT_COL_COUNT + 1);
    bool follows = str_eq(db_get_str(rows, i, AUDIT_COL_COUNT + 2), bytes_of(v->at.hash));
    struct audit_event e;

    if (seq > v->at.seq + 1)
        return broken(v, v->at.seq + 1, MISSING);
    if (seq <= v->at.seq)
        return broken(v, seq, "it is there twice");
    audit_from_row(rows, i, &e);
    next_hash(a, &e, sealed_at, &v->at);
    v->report->events++;
    if (!follows || !is_same(&v->at, seq, db_get_str(rows, i, AUDIT_COL_COUNT + 3)))
        return broken(v, seq, NOT_AS_SEALED);
    return agrees(v) ? ERR_OK : broken(v, seq, "it is not what was written down then");
}

static enum err CO_FN verify_page(struct db_session *s, struct verification *v)
{
    int64_t end = v->report->head.seq, up_to = v->at.seq + AUDIT_SEAL_BATCH;
    struct db_result *rows;
    enum err rc;

    up_to = up_to < end ? up_to : end;
    rc = db_query(s, &audit_follow, &rows, DB_INT(v->at.seq), DB_INT(up_to));
    for (size_t i = 0; rc == ERR_OK && v->report->is_valid && i < db_rows(rows); i++)
        rc = verify_row(s->arena, v, rows, i);
    if (rc == ERR_OK && v->report->is_valid && v->at.seq < up_to)
        return broken(v, v->at.seq + 1, MISSING);
    return rc;
}

static enum err CO_FN read_ends(struct db_session *s, struct verification *v,
                                struct audit_link *head, struct audit_link *anchor)
{
    struct db_result *rows;
    enum err rc = db_query(s, &audit_ends, &rows);

    if (rc)
        return rc;
    if (db_rows(rows) != 1 || !read_hash(db_get_str(rows, 0, 1), head->hash) ||
        !read_hash(db_get_str(rows, 0, 3), anchor->hash))
        return broken(v, 1, "the ends of the chain are not known");
    head->seq = db_get_int(rows, 0, 0);
    anchor->seq = db_get_int(rows, 0, 2);
    return ERR_OK;
}

/* Rows may have been dropped by age since the verification began: it goes on behind them. */
static enum err CO_FN catch_up(struct db_session *s, struct verification *v)
{
    struct audit_report *out = v->report;
    struct audit_link head, anchor;
    enum err rc;

    if (out->is_valid || out->reason != MISSING)
        return ERR_OK;
    rc = read_ends(s, v, &head, &anchor);
    if (rc || out->reason != MISSING || anchor.seq < out->first_broken)
        return rc;
    v->at = anchor;
    out->is_valid = true;
    out->first_broken = AUDIT_NONE;
    out->reason = NULL;
    out->first_seq = anchor.seq + 1;
    return ERR_OK;
}

static enum err CO_FN verify_end(struct db_session *s, struct verification *v)
{
    size_t n = db_rows(v->checkpoints);
    struct db_result *rows;
    enum err rc;

    if (!is_same(&v->at, v->report->head.seq, bytes_of(v->report->head.hash)))
        return broken(v, v->at.seq, NOT_AS_SEALED);
    if ((n && db_get_int(v->checkpoints, n - 1, 0) > v->at.seq) ||
        (v->known && v->known->seq > v->at.seq))
        return broken(v, v->at.seq + 1, MISSING);
    rc = db_query(s, &audit_strays, &rows);
    if (rc == ERR_OK && db_get_bool(rows, 0, 0))
        return broken(v, v->at.seq, "there are rows beside the chain");
    return rc;
}

static enum err CO_FN verify_all(struct db *db, struct verification *v, audit_progress_fn progress,
                                 void *arg)
{
    struct audit_report *out = v->report;
    enum err rc = ERR_OK;

    while (rc == ERR_OK && out->is_valid && v->at.seq < out->head.seq) {
        struct arena *a = arena_new();
        struct db_session s;

        db_session_init(&s, db, a);
        rc = verify_page(&s, v);
        if (rc == ERR_OK)
            rc = catch_up(&s, v);
        arena_free(a);
        if (rc == ERR_OK && progress)
            rc = progress(arg, out->events);
    }
    return rc;
}

enum err audit_chain_verify(struct db *db, const struct audit_link *known,
                            audit_progress_fn progress, void *arg, struct audit_report *out)
{
    struct verification v = {.report = out, .known = known};
    struct arena *a = arena_new();
    struct db_result *checkpoints;
    struct db_session s;
    enum err rc;

    *out = (struct audit_report){.is_valid = true, .first_broken = AUDIT_NONE};
    db_session_init(&s, db, a);
    /* Before the end of the chain, which goes on meanwhile. */
    rc = db_query(&s, &audit_checkpoints, &checkpoints);
    if (rc == ERR_OK) {
        v.checkpoints = checkpoints;
        rc = read_ends(&s, &v, &out->head, &v.at);
    }
    out->first_seq = v.at.seq + 1;
    if (rc == ERR_OK)
        rc = verify_all(db, &v, progress, arg);
    if (rc == ERR_OK && out->is_valid)
        rc = verify_end(&s, &v);
    arena_free(a);
    return rc;
}

#include "write_run.h"

#include "actor.h"
#include "clock.h"
#include "digest.h"
#include "encode.h"
#include "idempotency_store.h"
#include "service.h"

#define KEY_MAX 255
#define KEEP_US US_PER_DAY

struct work {
    struct req *r;
    write_fn fn;
    write_then_fn then; /* NULL: nothing */
    void *arg;
    struct answer answer;
    const struct idempotency_key *key; /* NULL: none */
};

struct str etag_format(struct arena *a, int64_t version)
{
    return str_printf(a, "\"%lld\"", (long long)version);
}

enum err write_check_match(struct req *r, int64_t version)
{
    struct str rest = req_header(r, "If-Match"), tag, present;

    if (str_is_empty(rest))
        return ERR_OK;
    present = etag_format(r->arena, version);
    while (str_next(&rest, ',', &tag)) {
        tag = str_trim(tag);
        if (str_eq(tag, present) || str_eq(tag, STR("*")))
            return ERR_OK;
    }
    req_detail(r, "current_version", str_printf(r->arena, "%lld", (long long)version));
    return ERR_PRECONDITION_FAILED;
}

struct str answer_json(struct arena *a, const struct json_schema *schema, const void *value)
{
    struct json_writer w;
    struct buf b;

    buf_init(&b, a);
    jw_init(&w, &b);
    json_encode(&w, schema, value);
    return buf_str(&b);
}

/* ---- idempotency -------------------------------------------------------------------------- */

/* The key of the request; *given is false without the header. */
static enum err read_key(struct req *r, struct str request, struct idempotency_key *out,
                         bool *given)
{
    struct str key = req_header(r, "Idempotency-Key");
    uint8_t digest[SHA256_SIZE];
    char hex[SHA256_SIZE * 2 + 1];

    *given = key.p && str_eq(r->method, STR("POST"));
    if (!*given)
        return ERR_OK;
    if (str_is_empty(key) || key.len > KEY_MAX || !str_is_utf8(key)) {
        req_field_error(r, "Idempotency-Key", "must have 1 to 255 characters");
        return ERR_INVALID_INPUT;
    }
    sha256(request, digest);
    hex_encode(digest, sizeof digest, hex);
    *out = (struct idempotency_key){
        .principal = actor_is_service(r->actor)
                         ? str_printf(r->arena, "service:%.*s", STR_ARG(r->actor->service))
                         : str_printf(r->arena, "user:%lld", (long long)r->actor->user_id),
        .route = str_printf(r->arena, "%.*s %.*s", STR_ARG(r->method), STR_ARG(r->path)),
        .key = key,
        .request_hash = str_from(arena_strdup(r->arena, hex)),
    };
    return ERR_OK;
}

static enum err CO_FN replay(struct req *r, struct db_session *s, const struct idempotency_key *k,
                             bool *found)
{
    struct stored_answer a;
    enum err rc = idempotency_store_find(s, k, found, &a);

    if (rc == ERR_VALIDATION_ERROR) {
        req_field_error(r, "Idempotency-Key", "was used for a different request");
        return rc;
    }
    if (rc || !*found)
        return rc;
    req_set_header(r, "Idempotency-Replayed", STR("true"));
    if (a.location.p)
        req_set_header(r, "Location", a.location);
    if (a.etag.p)
        req_set_header(r, "ETag", a.etag);
    return req_reply(r, (int)a.status, "application/json", a.body);
}

/* ---- the transaction ---------------------------------------------------------------------- */

static struct str etag_of(struct req *r, const struct answer *a)
{
    return a->version ? etag_format(r->arena, a->version) : STR_NULL;
}

static enum err CO_FN run_work(struct db_session *s, void *arg)
{
    struct work *w = arg;
    struct stored_answer stored;
    enum err rc;

    w->answer = (struct answer){0};
    rc = w->fn(w->r, s, w->arg, &w->answer);
    if (w->answer.status == 0)
        w->answer.status = 200;
    if (rc || !w->key)
        return rc;
    stored = (struct stored_answer){
        .status = w->answer.status,
        .location = w->answer.location,
        .etag = etag_of(w->r, &w->answer),
        .body = w->answer.kept.p ? w->answer.kept : w->answer.body,
    };
    return idempotency_store_put(s, w->key, &stored, w->r->now);
}

static enum err reply(struct req *r, const struct answer *a)
{
    if (a->location.p)
        req_set_header(r, "Location", a->location);
    if (a->version)
        req_set_header(r, "ETag", etag_of(r, a));
    if (a->status == 204)
        return req_reply_empty(r, 204);
    return req_reply(r, a->status, "application/json", a->body);
}

/* Whether a faster request with the key may be why: seen by its row, or by what it made. */
static bool may_be_overtaken(const struct req *r, enum err rc)
{
    return !req_is_answered(r) &&
           (rc == ERR_CONFLICT || rc == ERR_DUPLICATE_RESOURCE || rc == ERR_PRECONDITION_FAILED);
}

static enum err CO_FN run(struct req *r, struct str request, struct work *w, bool is_one_statement)
{
    struct idempotency_key key;
    struct db_session *s;
    bool given, found = false;
    enum err rc = read_key(r, request, &key, &given);

    if (rc == ERR_OK)
        rc = req_db(r, &s);
    if (rc == ERR_OK && given)
        rc = replay(r, s, &key, &found);
    if (rc || found)
        return rc;
    w->key = given ? &key : NULL;
    rc = is_one_statement && !given ? run_work(s, w) : db_transact(s, run_work, w);
    if (given && may_be_overtaken(r, rc)) {
        enum err again = replay(r, s, &key, &found);
        if (again || found)
            return again;
    }
    if (rc)
        return rc;
    if (w->then)
        w->then(r, w->arg, &w->answer);
    return reply(r, &w->answer);
}

enum err write_run(struct req *r, struct str request, write_fn fn, void *arg)
{
    struct work w = {.r = r, .fn = fn, .arg = arg};

    return run(r, request, &w, false);
}

enum err write_run_statement(struct req *r, struct str request, write_fn fn, write_then_fn then,
                             void *arg)
{
    struct work w = {.r = r, .fn = fn, .then = then, .arg = arg};

    return run(r, request, &w, true);
}

enum err write_run_then(struct req *r, struct str request, write_fn fn, write_then_fn then,
                        void *arg)
{
    struct work w = {.r = r, .fn = fn, .then = then, .arg = arg};

    return run(r, request, &w, false);
}

enum err write_require_key(struct req *r)
{
    if (req_header(r, "Idempotency-Key").p)
        return ERR_OK;
    req_field_error(r, "Idempotency-Key", "is required here, so that repeating does no harm");
    return ERR_INVALID_INPUT;
}

enum err write_purge(struct db_session *s, int64_t now)
{
    return idempotency_store_purge(s, now - KEEP_US);
}

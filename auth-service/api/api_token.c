/* Personal API tokens: made, listed and revoked by people, exchanged for JWTs by programs. */
#include "api_token.h"

#include <inttypes.h>

#include "api/admin_handlers.h"
#include "api/audit.h"
#include "api/token.h"
#include "api/view.h"
#include "clock.h"
#include "store/api_token.h"
#include "store/user.h"
#include "write_run.h"

#define TOKENS_PER_PERSON 100
#define DEFAULT_AGE_US (90 * US_PER_DAY)
/* Of the JWT, which the gateway and the programs keep. */
#define JWT_LIFE_S 300
#define HINT_LEN 10
#define PAGE_SIZE 100
#define SCOPES_MAX 64

/* ---- views --------------------------------------------------------------------------------- */

struct token_view_full {
    int64_t id, user_id;
    struct str name, token, hint;
    struct json_array scopes;
    int64_t version, created_at, expires_at, last_used_at;
    struct str last_used_address;
    int64_t revoked_at;
    struct str revoked_reason;
};
#define VIEW_AT(member) offsetof(struct token_view_full, member)
static const struct json_field VIEW_FIELDS[] = {
    {"id", JK_INT, VIEW_AT(id)},
    {"user_id", JK_INT, VIEW_AT(user_id)},
    {"name", JK_STR, VIEW_AT(name)},
    {"token", JK_STR, VIEW_AT(token),
     .doc = "shown once, when it is made, else null; it cannot be had again"},
    {"hint", JK_STR, VIEW_AT(hint), .doc = "how the token begins"},
    {"scopes", JK_STR_ARRAY, VIEW_AT(scopes), .doc = "names of GET /api/v1/permissions"},
    {"version", JK_INT, VIEW_AT(version)},
    {"created_at", JK_TIME, VIEW_AT(created_at)},
    {"expires_at", JK_TIME, VIEW_AT(expires_at)},
    {"last_used_at", JK_TIME, VIEW_AT(last_used_at), .doc = "to the minute"},
    {"last_used_address", JK_STR, VIEW_AT(last_used_address)},
    {"revoked_at", JK_TIME, VIEW_AT(revoked_at)},
    {"revoked_reason", JK_STR, VIEW_AT(revoked_reason)},
};
JSON_SCHEMA(API_TOKEN_VIEW, "ApiToken", struct token_view_full, VIEW_FIELDS);

struct token_list {
    struct json_array results;
    int64_t next;
};
static const struct json_field LIST_FIELDS[] = {
    {"results", JK_ARRAY, offsetof(struct token_list, results), .sub = &API_TOKEN_VIEW,
     .doc = "newest first"},
    {"next", JK_INT, offsetof(struct token_list, next),
     .doc = "the value of before for the next page, null at the end"},
};
JSON_SCHEMA(API_TOKEN_LIST_VIEW, "ApiTokenList", struct token_list, LIST_FIELDS);

/* text is absent but when the token is new. */
static struct token_view_full view_of(struct arena *a, const struct api_token *t, struct str text)
{
    struct str *scopes = ARENA_ARRAY(a, struct str, t->scope_count);

    for (size_t i = 0; i < t->scope_count; i++)
        scopes[i] = t->scopes[i];
    return (struct token_view_full){
        .id = t->id,
        .user_id = t->user_id,
        .name = t->name,
        .token = text,
        .hint = t->hint,
        .scopes = {scopes, t->scope_count},
        .version = t->version,
        .created_at = t->created_at,
        .expires_at = t->expires_at,
        .last_used_at = t->last_used_at,
        .last_used_address = t->last_used_address,
        .revoked_at = t->revoked_at,
        .revoked_reason = t->revoked_reason,
    };
}

static struct str body_of(struct arena *a, const struct api_token *t, struct str text)
{
    struct token_view_full view = view_of(a, t, text);

    return answer_json(a, &API_TOKEN_VIEW, &view);
}

/* Of a token with a new text, which is kept nowhere: a replay does not tell it. */
static struct answer answer_of(struct arena *a, const struct api_token *t, struct str text)
{
    return (struct answer){
        .body = body_of(a, t, text),
        .kept = body_of(a, t, STR_NULL),
        .version = t->version,
    };
}

/* ---- making -------------------------------------------------------------------------------- */

#define BODY_AT(member) offsetof(struct api_token_body, member)
static const struct json_field BODY_FIELDS[] = {
    {"name", JK_STR, BODY_AT(name), JF_REQUIRED | JF_NON_EMPTY, 1, 100},
    {"scopes", JK_STR_ARRAY, BODY_AT(scopes), JF_REQUIRED, 0, SCOPES_MAX,
     .doc = "names of GET /api/v1/permissions that one's roles have"},
    {"expires_at", JK_TIME, BODY_AT(expires_at), .doc = "default: in 90 days"},
    {"expires_in_days", JK_INT, BODY_AT(expires_in_days), 0, 1, 3650,
     .doc = "instead of expires_at"},
};
JSON_SCHEMA(API_TOKEN_BODY, "ApiTokenRequest", struct api_token_body, BODY_FIELDS);

static const struct json_field ROTATE_FIELDS[] = {
    {"expires_at", JK_TIME, BODY_AT(expires_at), .doc = "default: as long as the old one lived"},
    {"expires_in_days", JK_INT, BODY_AT(expires_in_days), 0, 1, 3650},
};
JSON_SCHEMA(API_TOKEN_ROTATE_BODY, "ApiTokenRotation", struct api_token_body, ROTATE_FIELDS);

/* When the token ends: as wanted, else after default_age, within the setting. */
static enum err choose_end(struct req *r, const struct api_token_body *body, int64_t default_age,
                           int64_t *out)
{
    int64_t max = auth_app(r)->config->api_token_max_age_s * US_PER_S;

    *out = r->now + (default_age < max ? default_age : max);
    if (body && body->expires_at != JSON_NO_TIME)
        *out = body->expires_at;
    else if (body && body->expires_in_days != JSON_NO_INT)
        *out = r->now + body->expires_in_days * US_PER_DAY;
    if (*out > r->now && *out - r->now <= max)
        return ERR_OK;
    req_field_error(r, "expires_at", *out <= r->now ? "must be in the future" : "is too far away");
    return ERR_VALIDATION_ERROR;
}

/* Canonical names, each once. ERR_VALIDATION_ERROR when one is no permission. */
static enum err read_scopes(struct req *r, const struct json_array *wanted, struct api_token *t)
{
    const struct str *names = wanted->items;
    struct str *out = ARENA_ARRAY(r->arena, struct str, wanted->count);
    bool seen[PERM_COUNT] = {false};

    for (size_t i = 0; i < wanted->count; i++) {
        enum permission p = permission_of(names[i]);
        if (p == PERM_NONE) {
            req_field_error(r, arena_printf(r->arena, "scopes[%zu]", i), "is no permission");
            continue;
        }
        if (!seen[p])
            out[t->scope_count++] = str_from(permission_name(p));
        seen[p] = true;
    }
    t->scopes = out;
    return req_has_field_errors(r) ? ERR_VALIDATION_ERROR : ERR_OK;
}

/* The first scope that the person's roles of this moment do not have; absent when there is none. */
static struct str scope_beyond(struct arena *a, const struct user *u, const struct api_token *t)
{
    struct jwt_claims claims = token_claims(a, u, 0);
    struct actor actor;

    actor_from_claims(&actor, &claims);
    for (size_t i = 0; i < t->scope_count; i++)
        if (!actor_may(&actor, permission_of(t->scopes[i])))
            return t->scopes[i];
    return STR_NULL;
}

struct making {
    struct api_token token;
    struct str hash, text, beyond;
};

static enum err CO_FN insert_token(struct req *r, struct db_session *s, void *arg,
                                   struct answer *out)
{
    struct making *m = arg;
    struct audit_event event;
    struct user owner;
    enum err rc = choose_end(r, r->body, DEFAULT_AGE_US, &m->token.expires_at);

    if (rc == ERR_OK)
        rc = user_store_lock(s, m->token.user_id, &owner);
    if (rc == ERR_OK && !owner.active)
        rc = ERR_FORBIDDEN;
    if (rc)
        return rc;
    m->beyond = scope_beyond(s->arena, &owner, &m->token);
    if (m->beyond.p)
        return ERR_FORBIDDEN;
    rc = api_token_store_insert(s, &m->token, m->hash, TOKENS_PER_PERSON);
    if (rc)
        return rc;
    *out = answer_of(r->arena, &m->token, m->text);
    out->status = 201;
    out->location = str_printf(r->arena, "/api/v1/tokens/%" PRId64, m->token.id);
    event = audit_of(r, "token.create", "token", m->token.id);
    return audit_put(s, &event);
}

static struct str make_text(struct arena *a, struct api_token *t, struct str *hash)
{
    char text[API_TOKEN_LEN + 1], digest[API_TOKEN_HASH_LEN + 1];
    struct str out;

    api_token_make(text);
    api_token_hash(str_from(text), digest);
    out = str_dup(a, str_from(text));
    *hash = str_dup(a, str_from(digest));
    t->hint = str_slice(out, 0, HINT_LEN);
    return out;
}

enum err CO_FN api_token_post(struct req *r)
{
    const struct api_token_body *body = r->body;
    struct making m = {.token = {.user_id = r->actor->user_id,
                                 .name = str_trim(body->name),
                                 .created_at = r->now,
                                 .last_used_at = INT64_MIN,
                                 .revoked_at = INT64_MIN}};
    enum err rc = read_scopes(r, &body->scopes, &m.token);

    if (rc)
        return rc;
    m.text = make_text(r->arena, &m.token, &m.hash);
    req_set_header(r, "Cache-Control", STR("no-store"));
    rc = write_run(r, req_body_text(r), insert_token, &m);
    if (rc && m.beyond.p) {
        struct audit_event e = audit_of(r, "token.create", "user", r->actor->user_id);
        e.details = audit_detail(r->arena, "scope", m.beyond);
        (void)audit_refuse(r, &e, rc);
        req_detail_str(r, "scope", m.beyond);
        return req_failf(r, ERR_FORBIDDEN, "a scope goes beyond your own permissions");
    }
    return rc;
}

/* ---- reading ------------------------------------------------------------------------------- */

static const struct json_field QUERY_FIELDS[] = {
    {"user_id", JK_INT, offsetof(struct api_token_query, user_id), JF_COERCE, 1, INT64_C(1) << 53,
     .doc = "another person's; needs USER_ADMIN"},
    {"before", JK_INT, offsetof(struct api_token_query, before), JF_COERCE, 1, INT64_C(1) << 53,
     .doc = "next of the page before"},
};
JSON_SCHEMA(API_TOKEN_QUERY, "ApiTokenQuery", struct api_token_query, QUERY_FIELDS);

enum err CO_FN api_token_list_get(struct req *r)
{
    const struct api_token_query *q = r->query_args;
    int64_t user_id = q->user_id == JSON_NO_INT ? r->actor->user_id : q->user_id;
    struct token_list reply = {.next = JSON_NO_INT};
    struct token_view_full *views;
    struct api_token *tokens;
    struct db_session *s;
    size_t n;
    enum err rc;

    if (user_id != r->actor->user_id && !actor_may(r->actor, PERM_USER_ADMIN))
        return ERR_FORBIDDEN;
    rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = api_token_store_list(s, user_id, q->before, PAGE_SIZE, &tokens, &n);
    if (rc)
        return rc;
    views = ARENA_ARRAY(r->arena, struct token_view_full, n);
    for (size_t i = 0; i < n; i++)
        views[i] = view_of(r->arena, &tokens[i], STR_NULL);
    reply.results = (struct json_array){views, n};
    if (n == PAGE_SIZE)
        reply.next = tokens[n - 1].id;
    return req_reply_json(r, 200, &API_TOKEN_LIST_VIEW, &reply);
}

/* One's own, or with USER_ADMIN anybody's; others' do not exist. */
static enum err CO_FN find_token(struct req *r, struct db_session *s, bool for_owner_only,
                                 bool lock, struct api_token *out)
{
    int64_t id;
    enum err rc;

    if (!req_param_int(r, "id", &id))
        return ERR_NOT_FOUND;
    rc = api_token_store_by_id(s, id, lock, out);
    if (rc || out->user_id == r->actor->user_id)
        return rc;
    return !for_owner_only && actor_may(r->actor, PERM_USER_ADMIN) ? ERR_OK : ERR_NOT_FOUND;
}

enum err CO_FN api_token_get(struct req *r)
{
    struct api_token token;
    struct db_session *s;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = find_token(r, s, false, false, &token);
    if (rc)
        return rc;
    req_set_header(r, "ETag", etag_of_version(r->arena, token.version));
    req_set_header(r, "Cache-Control", STR("no-store"));
    return req_reply(r, 200, "application/json", body_of(r->arena, &token, STR_NULL));
}

/* ---- revoking and rotating ----------------------------------------------------------------- */

struct changing {
    struct req *r;
    int64_t if_version;
    struct api_token token;
};

static enum err CO_FN lock_token(struct changing *c, struct db_session *s, bool for_owner_only)
{
    enum err rc = find_token(c->r, s, for_owner_only, true, &c->token);

    if (rc)
        return rc;
    return c->if_version == JSON_NO_INT || c->if_version == c->token.version
               ? ERR_OK
               : ERR_PRECONDITION_FAILED;
}

static enum err CO_FN revoke_token(struct db_session *s, void *arg)
{
    struct changing *c = arg;
    struct audit_event event;
    enum err rc = lock_token(c, s, false);

    if (rc || c->token.revoked_at != INT64_MIN)
        return rc;
    event = audit_of(c->r, "token.revoke", "token", c->token.id);
    rc = api_token_store_revoke(
        s, c->token.id, c->token.user_id == c->r->actor->user_id ? "owner" : "admin", c->r->now);
    return rc ? rc : audit_put(s, &event);
}

enum err CO_FN api_token_delete(struct req *r)
{
    struct changing c = {.r = r};
    struct db_session *s;
    enum err rc = user_if_match(r, &c.if_version);

    if (rc == ERR_OK)
        rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = db_transact(s, revoke_token, &c);
    return rc ? rc : req_reply_empty(r, 204);
}

static enum err CO_FN rotate_token(struct req *r, struct db_session *s, void *arg,
                                   struct answer *out)
{
    struct changing *c = arg;
    struct api_token *t = &c->token;
    struct audit_event event;
    struct str hash, text;
    enum err rc = lock_token(c, s, true);

    if (rc)
        return rc;
    if (t->revoked_at != INT64_MIN)
        return ERR_CONFLICT;
    rc = choose_end(r, r->body, t->expires_at - t->created_at, &t->expires_at);
    if (rc)
        return rc;
    text = make_text(r->arena, t, &hash);
    rc = api_token_store_rotate(s, t->id, hash, t->hint, t->expires_at);
    if (rc)
        return rc;
    t->version++;
    t->last_used_at = INT64_MIN;
    t->last_used_address = STR_NULL;
    *out = answer_of(r->arena, t, text);
    event = audit_of(r, "token.rotate", "token", t->id);
    return audit_put(s, &event);
}

enum err CO_FN api_token_rotate(struct req *r)
{
    struct changing c = {.r = r};
    enum err rc = user_if_match(r, &c.if_version);

    if (rc)
        return rc;
    req_set_header(r, "Cache-Control", STR("no-store"));
    return write_run(r, req_body_text(r), rotate_token, &c);
}

/* ---- exchanging ---------------------------------------------------------------------------- */

static struct str joined(struct arena *a, const struct api_token *t)
{
    struct buf b;

    buf_init(&b, a);
    for (size_t i = 0; i < t->scope_count; i++) {
        if (i)
            buf_add_char(&b, ' ');
        buf_add_str(&b, t->scopes[i]);
    }
    return buf_str(&b);
}

struct exchange {
    struct str access;
    int64_t token_id, expires_in;
};

static enum err CO_FN exchange(struct req *r, struct str text, struct str address,
                               struct exchange *out)
{
    struct auth_app *app = auth_app(r);
    char hash[API_TOKEN_HASH_LEN + 1];
    struct api_token token;
    struct user owner;
    struct jwt_claims claims;
    struct db_session *s;
    enum err rc = req_db(r, &s);

    if (rc)
        return rc;
    api_token_hash(text, hash);
    rc = api_token_store_use(s, str_from(hash), address, r->now, &token, &owner);
    if (rc)
        return rc;
    claims = token_claims(r->arena, &owner, r->now);
    claims.token_type = STR("access");
    claims.scope = joined(r->arena, &token);
    claims.jti = str_printf(r->arena, "api-token:%" PRId64, token.id);
    claims.exp = claims.iat + JWT_LIFE_S;
    if (claims.exp > token.expires_at / US_PER_S)
        claims.exp = token.expires_at / US_PER_S;
    if (claims.exp <= claims.iat)
        return ERR_TOKEN_INVALID;
    *out = (struct exchange){jwt_sign(app->service->jwt, r->arena, &claims), token.id,
                             claims.exp - claims.iat};
    return ERR_OK;
}

enum err CO_FN api_token_exchange(struct req *r, struct str token, struct str *jwt)
{
    struct exchange x;
    enum err rc = exchange(r, token, r->peer, &x);

    if (rc == ERR_OK)
        *jwt = x.access;
    return rc;
}

static const struct json_field INTROSPECT_FIELDS[] = {
    {"token", JK_STR, offsetof(struct introspect_body, token),
     JF_REQUIRED | JF_NON_EMPTY | JF_SECRET},
    {"address", JK_STR, offsetof(struct introspect_body, address), 0, 0, 64,
     .doc = "of the client who uses it"},
};
JSON_SCHEMA(INTROSPECT_BODY, "IntrospectRequest", struct introspect_body, INTROSPECT_FIELDS);

struct introspect_view {
    int8_t active;
    struct str access;
    int64_t expires_in;
    struct str token_id;
};
static const struct json_field ANSWER_FIELDS[] = {
    {"active", JK_BOOL, offsetof(struct introspect_view, active)},
    {"access", JK_STR, offsetof(struct introspect_view, access), JF_OMIT,
     .doc = "a JWT of the owner, limited to the token's scopes; may be kept for 60 s"},
    {"expires_in", JK_INT, offsetof(struct introspect_view, expires_in), JF_OMIT, .doc = "seconds"},
    {"token_id", JK_STR, offsetof(struct introspect_view, token_id), JF_OMIT},
};
JSON_SCHEMA(INTROSPECT_VIEW, "Introspection", struct introspect_view, ANSWER_FIELDS);

enum err CO_FN api_token_introspect(struct req *r)
{
    const struct introspect_body *body = r->body;
    struct introspect_view view = {.active = JSON_FALSE, .expires_in = JSON_NO_INT};
    struct exchange x;
    enum err rc = ERR_TOKEN_INVALID;

    if (api_token_is_well_formed(body->token))
        rc = exchange(r, body->token, body->address.p ? body->address : STR(""), &x);
    if (rc && rc != ERR_TOKEN_INVALID)
        return rc;
    if (rc == ERR_OK)
        view = (struct introspect_view){JSON_TRUE, x.access, x.expires_in,
                                        str_printf(r->arena, "%" PRId64, x.token_id)};
    req_set_header(r, "Cache-Control", STR("no-store"));
    return req_reply_json(r, 200, &INTROSPECT_VIEW, &view);
}

#include "api/caller.h"

#include "actor.h"
#include "api/attempt.h"
#include "domain/token_id.h"
#include "store/login.h"
#include "store/session.h"
#include "store/user.h"

enum err CO_FN caller_load(struct req *r, struct db_session *s, struct caller *out)
{
    struct token_id id;
    int64_t generation;
    bool open = true;
    enum err rc;

    out->session = STR_NULL;
    if (token_id_parse(r->actor->jti, &id)) {
        out->session = id.session;
        rc = session_store_is_open(s, id.session, r->now, &generation, &open);
        if (rc)
            return rc;
    }
    rc = user_store_by_id(s, r->actor->user_id, &out->user);
    if (rc)
        return rc;
    return open && out->user.active ? ERR_OK : ERR_TOKEN_INVALID;
}

enum err CO_FN caller_prove(struct req *r, struct db_session *s, const struct caller *c,
                            struct str password)
{
    const struct attempt attempt = attempt_at_password(r, c->user.email);
    struct str hash;
    enum err rc = credential_store_find(s, c->user.id, &hash);

    if (rc == ERR_OK)
        rc = attempt_begin(r, s, &attempt);
    return rc ? rc : attempt_password(r, s, &attempt, password, hash);
}

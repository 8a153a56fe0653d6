#include "api/administer.h"

#include "api/token.h"
#include "domain/administration.h"
#include "store/user.h"

/* The actor with the roles of this moment. One whom this database does not know is as the token
 * says: its signature is ours. */
static enum err CO_FN actor_now(struct db_session *s, const struct actor *a, struct actor *out)
{
    struct jwt_claims claims;
    struct user u;
    enum err rc = user_store_by_id(s, a->user_id, &u);

    *out = *a;
    if (rc)
        return rc == ERR_USER_NOT_FOUND ? ERR_OK : rc;
    if (!u.active)
        return ERR_FORBIDDEN;
    claims = token_claims(s->arena, &u, 0);
    actor_from_claims(out, &claims);
    return ERR_OK;
}

enum err CO_FN administer_system(struct db_session *s, const struct actor *a, struct str system)
{
    struct actor now;
    enum err rc;

    if (!may_administer_system(a, system))
        return ERR_FORBIDDEN;
    rc = actor_now(s, a, &now);
    if (rc)
        return rc;
    return may_administer_system(&now, system) ? ERR_OK : ERR_FORBIDDEN;
}

enum err CO_FN administer_person(struct db_session *s, const struct actor *a, const struct user *u)
{
    struct actor now;
    enum err rc;

    if (a->user_id == u->id)
        return ERR_OK;
    if (!may_administer_person(a, u))
        return ERR_FORBIDDEN;
    rc = actor_now(s, a, &now);
    if (rc)
        return rc;
    return may_administer_person(&now, u) ? ERR_OK : ERR_FORBIDDEN;
}

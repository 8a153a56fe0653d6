#pragma once
/* The rules of domain/administration.h for a request: by its token, and by the roles its actor has
 * at this moment, as a token outlives a role. For use inside the transaction of the change. */
#include "actor.h"
#include "db.h"
#include "domain/user.h"

/* ERR_FORBIDDEN. */
MUST_CHECK enum err CO_FN administer_system(struct db_session *s, const struct actor *a,
                                            struct str system);
/* Anybody may change themselves as far as the operation lets them. */
MUST_CHECK enum err CO_FN administer_person(struct db_session *s, const struct actor *a,
                                            const struct user *u);

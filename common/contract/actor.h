#pragma once
/* Who asks: the verified identity behind a request, and what roles allow it to do. */
#include <stdbool.h>
#include <stdint.h>

#include "jwt.h"
#include "str.h"

struct actor {
    int64_t user_id;    /* 0 for services */
    struct str service; /* absent for people */
    struct str email, name;
    struct str role; /* user, staff, admin */
    const struct jwt_role *roles;
    size_t role_count;
    struct str scope; /* permission names; absent: all that the roles allow */
    struct str jti;
    int64_t issued_s, expires_s; /* iat and exp */
};

/* The permission table: who may do what, denied by default. */
enum permission {
    PERM_NONE,
#define X(name, text, roles) PERM_##name,
#include "permission.def"
#undef X
    PERM_COUNT
};

/* Role names in any case. Without any roles the role word stands for its own: user = hdts Employee,
 * staff = hdts Ticket Coordinator, admin = hdts Admin and tts Admin. All accept NULL: false. */
bool actor_has_role(const struct actor *a, const char *system, const char *role);
/* By the permission table, and within the actor's scope. */
bool actor_may(const struct actor *a, enum permission p);
/* Ticket Coordinator or Admin of hdts. */
bool actor_is_staff(const struct actor *a);
/* hdts Admin or tts Admin. */
bool actor_is_admin(const struct actor *a);
static inline bool actor_is_service(const struct actor *a)
{
    return a && a->service.p;
}
/* In any case; PERM_NONE when there is none of that name. */
enum permission permission_of(struct str name);
/* "TICKET_CREATE"; "" for no permission. */
const char *permission_name(int p);
/* What it is good for, in words. */
const char *permission_text(int p);
/* "hdts:Ticket Coordinator|hdts:Admin", for documents and the test matrix; "*" is any person. */
const char *permission_roles(int p);

/* Strings stay borrowed from the claims. A service is only who carries a token of type service. */
void actor_from_claims(struct actor *a, const struct jwt_claims *c);

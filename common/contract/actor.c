#include "actor.h"

#include <stddef.h>

/* What the role word of a token stands for when it carries no roles of its own. */
static const struct {
    const char *word, *system, *role;
} implied[] = {
    {"user", "hdts", "Employee"},
    {"staff", "hdts", "Ticket Coordinator"},
    {"admin", "hdts", "Admin"},
    {"admin", "tts", "Admin"},
};

static const struct {
    const char *name, *text, *roles;
} permissions[] = {
    [PERM_NONE] = {"", "", ""},
#define X(name, text, roles) [PERM_##name] = {#name, text, roles},
#include "permission.def"
#undef X
};

static bool is_implied(struct str word, struct str system, struct str role)
{
    for (size_t i = 0; i < sizeof implied / sizeof implied[0]; i++) {
        if (str_ieq(word, str_from(implied[i].word)) &&
            str_ieq(system, str_from(implied[i].system)) &&
            str_ieq(role, str_from(implied[i].role)))
            return true;
    }
    return false;
}

static bool has_role(const struct actor *a, struct str system, struct str role)
{
    if (!a || a->user_id <= 0)
        return false;
    for (size_t i = 0; i < a->role_count; i++) {
        if (str_ieq(a->roles[i].system, system) && str_ieq(a->roles[i].role, role))
            return true;
    }
    return a->role_count == 0 && is_implied(a->role, system, role);
}

bool actor_has_role(const struct actor *a, const char *system, const char *role)
{
    return has_role(a, str_from(system), str_from(role));
}

/* One alternative of the table: "*", "service" or "system:role". */
static bool matches(const struct actor *a, struct str alternative)
{
    struct str role = alternative, system;

    if (str_eq(alternative, STR("*")))
        return a->user_id > 0;
    if (str_eq(alternative, STR("service")))
        return actor_is_service(a);
    return str_next(&role, ':', &system) && has_role(a, system, role);
}

static bool scope_allows(const struct actor *a, enum permission p)
{
    struct str rest = a->scope, word;

    if (!a->scope.p)
        return true;
    while (str_next(&rest, ' ', &word)) {
        if (str_ieq(word, str_from(permissions[p].name)))
            return true;
    }
    return false;
}

bool actor_may(const struct actor *a, enum permission p)
{
    struct str rest, alternative;

    if (!a || p <= PERM_NONE || p >= PERM_COUNT || !scope_allows(a, p))
        return false;
    rest = str_from(permissions[p].roles);
    while (str_next(&rest, '|', &alternative)) {
        if (matches(a, alternative))
            return true;
    }
    return false;
}

bool actor_is_staff(const struct actor *a)
{
    return actor_has_role(a, "hdts", "Ticket Coordinator") || actor_has_role(a, "hdts", "Admin");
}

bool actor_is_admin(const struct actor *a)
{
    return actor_has_role(a, "hdts", "Admin") || actor_has_role(a, "tts", "Admin");
}

enum permission permission_of(struct str name)
{
    for (int p = PERM_NONE + 1; p < PERM_COUNT; p++)
        if (str_ieq(name, str_from(permissions[p].name)))
            return (enum permission)p;
    return PERM_NONE;
}

const char *permission_name(int p)
{
    return permissions[p > PERM_NONE && p < PERM_COUNT ? p : PERM_NONE].name;
}

const char *permission_text(int p)
{
    return permissions[p > PERM_NONE && p < PERM_COUNT ? p : PERM_NONE].text;
}

const char *permission_roles(int p)
{
    return permissions[p > PERM_NONE && p < PERM_COUNT ? p : PERM_NONE].roles;
}

void actor_from_claims(struct actor *a, const struct jwt_claims *c)
{
    *a = (struct actor){
        .user_id = c->user_id,
        .email = c->email,
        .name = c->name,
        .role = c->role,
        .roles = c->roles,
        .role_count = c->role_count,
        .scope = c->scope,
        .jti = c->jti,
        .issued_s = c->iat,
        .expires_s = c->exp,
    };
    if (c->user_id == 0 && str_eq(c->token_type, STR("service")))
        a->service = c->sub;
}

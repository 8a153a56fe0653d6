#include "domain/administration.h"

static const char *const BUILT_IN[] = {"hdts", "tts"};

bool may_administer_system(const struct actor *a, struct str system)
{
    for (size_t i = 0; i < sizeof BUILT_IN / sizeof BUILT_IN[0]; i++)
        if (str_ieq(system, str_from(BUILT_IN[i])))
            return actor_has_role(a, BUILT_IN[i], "Admin");
    return actor_is_admin(a);
}

bool may_administer_person(const struct actor *a, const struct user *u)
{
    if (!actor_is_admin(a))
        return false;
    for (size_t i = 0; i < u->role_count; i++)
        if (str_ieq(u->roles[i].role, STR("Admin")) &&
            !may_administer_system(a, u->roles[i].system))
            return false;
    return true;
}

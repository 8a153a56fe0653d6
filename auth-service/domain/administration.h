#pragma once
/*
 * Who may administer what. The roles of a built-in system are granted by its own Admins only, so
 * that nobody hands out more than they have; roles of other systems, which carry no permissions, by
 * any administrator. Who is an Admin somewhere is changed only by Admins of that system: a new
 * address is as good as the password.
 */
#include "actor.h"
#include "domain/user.h"

bool may_administer_system(const struct actor *a, struct str system);
bool may_administer_person(const struct actor *a, const struct user *u);

#include "domain/user.h"

static const struct {
    struct str word;
    int64_t role_ids[USER_SUMMARY_ROLES_MAX];
    size_t count;
} SUMMARIES[] = {
    {{"user", 4}, {ROLE_HDTS_EMPLOYEE}, 1},
    {{"staff", 5}, {ROLE_HDTS_COORDINATOR}, 1},
    {{"admin", 5}, {ROLE_HDTS_ADMIN, ROLE_TTS_ADMIN}, 2},
};

bool user_has_role(const struct user *u, struct str system, struct str role)
{
    for (size_t i = 0; i < u->role_count; i++)
        if (str_eq(u->roles[i].system, system) && str_eq(u->roles[i].role, role))
            return true;
    return false;
}

struct str user_role_summary(const struct user *u)
{
    if (user_has_role(u, STR("hdts"), STR("Admin")))
        return STR("admin");
    if (user_has_role(u, STR("hdts"), STR("Ticket Coordinator")))
        return STR("staff");
    return STR("user");
}

bool user_summary_roles(struct str word, int64_t role_ids[USER_SUMMARY_ROLES_MAX], size_t *n)
{
    for (size_t i = 0; i < sizeof SUMMARIES / sizeof SUMMARIES[0]; i++) {
        if (!str_ieq(word, SUMMARIES[i].word))
            continue;
        memcpy(role_ids, SUMMARIES[i].role_ids, sizeof SUMMARIES[i].role_ids);
        *n = SUMMARIES[i].count;
        return true;
    }
    return false;
}

struct str user_full_name(struct arena *a, struct str first, struct str last, struct str email)
{
    ptrdiff_t at;

    first = str_trim(first);
    last = str_trim(last);
    if (first.len && last.len)
        return str_printf(a, "%.*s %.*s", STR_ARG(first), STR_ARG(last));
    if (first.len || last.len)
        return first.len ? first : last;
    at = str_index(email, '@', 0);
    return at > 0 ? str_slice(email, 0, (size_t)at) : email;
}

void user_set_text(struct str *field, struct str wanted, bool *changed)
{
    if (!wanted.p)
        return;
    wanted = str_trim(wanted);
    if (str_eq(*field, wanted))
        return;
    *field = wanted;
    *changed = true;
}

void user_rename(struct arena *a, struct user *u, const struct user_names *names, bool *changed)
{
    bool parts_changed = false;

    user_set_text(&u->first_name, names->first, &parts_changed);
    user_set_text(&u->last_name, names->last, &parts_changed);
    if (!str_is_empty(str_trim(names->full)))
        user_set_text(&u->full_name, names->full, changed);
    else if (parts_changed)
        u->full_name = user_full_name(a, u->first_name, u->last_name, u->email);
    *changed |= parts_changed;
}

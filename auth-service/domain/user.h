#pragma once
/* A person as this service knows them, and what their roles add up to. */
#include <stdbool.h>
#include <stdint.h>

#include "str.h"

struct user_role {
    struct str system, role;
    int64_t system_role_id;
};

struct user {
    int64_t id;
    struct str email; /* as written; compared without regard to case */
    struct str first_name, last_name, full_name, department, phone;
    bool active;
    int64_t version; /* grows with every change of the person or their roles */
    int64_t created_at, updated_at, last_login_at; /* µs, the last INT64_MIN before any login */
    int64_t email_verified_at; /* µs; INT64_MIN: nobody has proved that the address is theirs */
    int64_t proof_version;     /* a login is void when it has grown meanwhile */
    int64_t erased_at;         /* µs; INT64_MIN: not. Only the id of an erased person is left */
    const struct user_role *roles;
    size_t role_count;
};

/* The ids the first migration gives to the built-in roles. */
enum {
    ROLE_HDTS_EMPLOYEE = 1,
    ROLE_HDTS_COORDINATOR = 2,
    ROLE_HDTS_ADMIN = 3,
    ROLE_TTS_REVIEWER = 4,
    ROLE_TTS_APPROVER = 5,
    ROLE_TTS_ADMIN = 6,
};

bool user_has_role(const struct user *u, struct str system, struct str role);

/* The one-word summary of the roles: admin for an hdts Admin, staff for a Ticket Coordinator, else
 * user. */
struct str user_role_summary(const struct user *u);

#define USER_SUMMARY_ROLES_MAX 2
/* The roles a summary word stands for when a person is created with it; false for other words. */
bool user_summary_roles(struct str word, int64_t role_ids[USER_SUMMARY_ROLES_MAX], size_t *n);

/* "first last", or the part of the address before the @ when both are empty. */
struct str user_full_name(struct arena *a, struct str first, struct str last, struct str email);

/* Takes over a wanted value, trimmed; an absent one changes nothing. *changed is set, never
 * cleared.
 */
void user_set_text(struct str *field, struct str wanted, bool *changed);

struct user_names {
    struct str first, last, full; /* absent: keep */
};
/* A full name that is not given follows a change of the others. */
void user_rename(struct arena *a, struct user *u, const struct user_names *names, bool *changed);

/* Who may do what: people by role, services, scopes, and what a token becomes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "actor.h"

#define ROLE(s, r)                                                                                 \
    {                                                                                              \
        {s, sizeof(s) - 1}, {r, sizeof(r) - 1}, 1                                                  \
    }

static const struct jwt_role employee_roles[] = {ROLE("hdts", "Employee")};
static const struct jwt_role coordinator_roles[] = {ROLE("hdts", "Ticket Coordinator")};
static const struct jwt_role reviewer_roles[] = {ROLE("tts", "Reviewer")};
static const struct jwt_role hdts_admin_roles[] = {ROLE("HDTS", "admin")};
static const struct jwt_role tts_admin_roles[] = {ROLE("hdts", "Employee"), ROLE("tts", "Admin")};
static const struct jwt_role odd_roles[] = {ROLE("hdts", "Admin "), ROLE("", "Admin"),
                                            ROLE("tts:Admin", ""), ROLE("*", "*")};

#define PERSON(r)                                                                                  \
    {                                                                                              \
        .user_id = 7, .roles = (r), .role_count = sizeof(r) / sizeof((r)[0])                       \
    }
static const struct actor employee = PERSON(employee_roles),
                          coordinator = PERSON(coordinator_roles),
                          reviewer = PERSON(reviewer_roles), hdts_admin = PERSON(hdts_admin_roles),
                          tts_admin = PERSON(tts_admin_roles), odd = PERSON(odd_roles),
                          service = {.service = {"x-service", 9}}, nobody = {.user_id = 0};

/* One letter an actor: Employee, Coordinator, Reviewer, hdts Admin, tts Admin, Service, Odd roles.
 */
static const struct {
    enum permission permission;
    const char *name, *allowed;
} matrix[] = {
    {PERM_TICKET_CREATE, "TICKET_CREATE", "ECRHTSO"},
    {PERM_TICKET_READ, "TICKET_READ", "ECRHTSO"},
    {PERM_TICKET_COMMENT, "TICKET_COMMENT", "ECRHTO"},
    {PERM_TICKET_WORK, "TICKET_WORK", "CH"},
    {PERM_TICKET_READ_ALL, "TICKET_READ_ALL", "HTS"},
    {PERM_TASK_OWNED, "TASK_OWNED", "CHT"},
    {PERM_TASK_ACT, "TASK_ACT", "ECRHTO"},
    {PERM_TASK_READ_ALL, "TASK_READ_ALL", "HTS"},
    {PERM_TASK_ADMIN, "TASK_ADMIN", "T"},
    {PERM_OWNER_ESCALATE, "OWNER_ESCALATE", "CH"},
    {PERM_OWNER_TRANSFER, "OWNER_TRANSFER", "HT"},
    {PERM_WORKFLOW_READ, "WORKFLOW_READ", "ECRHTSO"},
    {PERM_WORKFLOW_ADMIN, "WORKFLOW_ADMIN", "T"},
    {PERM_ASSIGNMENT_ADMIN, "ASSIGNMENT_ADMIN", "T"},
    {PERM_USER_READ, "USER_READ", "CHTS"},
    {PERM_USER_ADMIN, "USER_ADMIN", "HT"},
    {PERM_NOTIFICATION_OWN, "NOTIFICATION_OWN", "ECRHTO"},
    {PERM_NOTIFICATION_SEND, "NOTIFICATION_SEND", "CHTS"},
    {PERM_NOTIFICATION_ADMIN, "NOTIFICATION_ADMIN", "HT"},
    {PERM_MESSAGE, "MESSAGE", "ECRHTO"},
    {PERM_CATALOGUE_ADMIN, "CATALOGUE_ADMIN", "HT"},
    {PERM_KB_EDIT, "KB_EDIT", "CHT"},
    {PERM_AUDIT_READ, "AUDIT_READ", "HTS"},
    {PERM_ANALYTICS_READ, "ANALYTICS_READ", "CHTS"},
    {PERM_WEBHOOK_ADMIN, "WEBHOOK_ADMIN", "HT"},
    {PERM_OPERATE, "OPERATE", "HTS"},
};

static void test_matrix(void **state)
{
    static const struct {
        char letter;
        const struct actor *actor;
    } actors[] = {
        {'E', &employee},   {'C', &coordinator}, {'R', &reviewer},
        {'H', &hdts_admin}, {'T', &tts_admin},   {'S', &service},
        {'O', &odd},        {'-', &nobody},      {'-', NULL},
    };

    assert_int_equal(sizeof matrix / sizeof matrix[0], PERM_COUNT - 1);
    for (size_t i = 0; i < sizeof matrix / sizeof matrix[0]; i++) {
        assert_string_equal(permission_name((int)matrix[i].permission), matrix[i].name);
        for (size_t k = 0; k < sizeof actors / sizeof actors[0]; k++) {
            bool want = strchr(matrix[i].allowed, actors[k].letter) != NULL;

            if (actor_may(actors[k].actor, matrix[i].permission) != want)
                fail_msg("%s for %c", matrix[i].name, actors[k].letter);
        }
    }
}

static void test_unknown_permissions_are_denied(void **state)
{
    assert_false(actor_may(&hdts_admin, PERM_NONE));
    assert_false(actor_may(&hdts_admin, PERM_COUNT));
    assert_string_equal(permission_name(PERM_NONE), "");
    assert_string_equal(permission_name(PERM_COUNT), "");
    assert_string_equal(permission_name(-1), "");
    assert_string_equal(permission_roles(-1), "");
    assert_string_equal(permission_roles(PERM_WORKFLOW_ADMIN), "tts:Admin");
}

static void test_predicates(void **state)
{
    static const struct {
        const struct actor *actor;
        bool is_staff, is_admin, is_service;
    } cases[] = {
        {&employee, false, false, false}, {&coordinator, true, false, false},
        {&reviewer, false, false, false}, {&hdts_admin, true, true, false},
        {&tts_admin, false, true, false}, {&service, false, false, true},
        {&odd, false, false, false},      {NULL, false, false, false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(actor_is_staff(cases[i].actor), cases[i].is_staff);
        assert_int_equal(actor_is_admin(cases[i].actor), cases[i].is_admin);
        assert_int_equal(actor_is_service(cases[i].actor), cases[i].is_service);
    }
    assert_true(actor_has_role(&reviewer, "TTS", "reviewer"));
    assert_false(actor_has_role(&reviewer, "hdts", "Reviewer"));
}

/* The role word counts only where a token carries no roles. */
static void test_role_word(void **state)
{
    struct actor a = {.user_id = 7, .role = STR("admin")};

    assert_true(actor_has_role(&a, "hdts", "Admin") && actor_has_role(&a, "tts", "Admin"));
    a.role = STR("Staff");
    assert_true(actor_is_staff(&a) && !actor_is_admin(&a));
    a.role = STR("user");
    assert_true(actor_has_role(&a, "hdts", "Employee") && !actor_is_staff(&a));
    a.role = STR("root");
    assert_false(actor_is_staff(&a) || actor_is_admin(&a));
    a.role = STR("admin");
    a.roles = employee_roles;
    a.role_count = 1;
    assert_false(actor_is_staff(&a) || actor_is_admin(&a));
    a = (struct actor){.service = STR("x-service"), .role = STR("admin")};
    assert_false(actor_is_staff(&a) || actor_is_admin(&a));
}

static void test_scope_narrows(void **state)
{
    struct actor a = hdts_admin;

    a.scope = STR("ticket_read TICKET_WORK WORKFLOW_ADMIN");
    assert_true(actor_may(&a, PERM_TICKET_READ));
    assert_true(actor_may(&a, PERM_TICKET_WORK));
    assert_false(actor_may(&a, PERM_TICKET_CREATE));
    assert_false(actor_may(&a, PERM_WORKFLOW_ADMIN)); /* it gives nothing that the roles do not */
    a.scope = STR("");
    assert_false(actor_may(&a, PERM_TICKET_READ));
}

static void test_from_claims(void **state)
{
    struct jwt_claims c = {.sub = STR("7"),
                           .user_id = 7,
                           .email = STR("a@b.c"),
                           .role = STR("staff"),
                           .roles = coordinator_roles,
                           .role_count = 1,
                           .iat = 5,
                           .exp = 99,
                           .jti = STR("j"),
                           .token_type = STR("access")};
    struct actor a;

    actor_from_claims(&a, &c);
    assert_int_equal(a.user_id, 7);
    assert_true(str_eq(a.email, STR("a@b.c")) && str_eq(a.jti, STR("j")));
    assert_int_equal(a.issued_s, 5);
    assert_int_equal(a.expires_s, 99);
    assert_true(actor_is_staff(&a) && !actor_is_service(&a));

    c = (struct jwt_claims){.sub = STR("auth-service"), .token_type = STR("service")};
    actor_from_claims(&a, &c);
    assert_true(actor_is_service(&a) && str_eq(a.service, STR("auth-service")));

    /* neither a person's token nor one of another type makes a service */
    c = (struct jwt_claims){.sub = STR("auth-service"), .token_type = STR("access")};
    actor_from_claims(&a, &c);
    assert_false(actor_is_service(&a) || actor_may(&a, PERM_TICKET_READ));
    c = (struct jwt_claims){.sub = STR("7"), .user_id = 7, .token_type = STR("service")};
    actor_from_claims(&a, &c);
    assert_false(actor_is_service(&a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matrix),        cmocka_unit_test(test_unknown_permissions_are_denied),
        cmocka_unit_test(test_predicates),    cmocka_unit_test(test_role_word),
        cmocka_unit_test(test_scope_narrows), cmocka_unit_test(test_from_claims),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

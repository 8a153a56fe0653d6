#include "seed/demo.h"

#include "api/account.h"
#include "clock.h"
#include "store/user.h"

#define DEMO_ROLES_MAX 3

static const struct demo_person {
    const char *email, *first_name, *last_name, *department;
    int64_t role_ids[DEMO_ROLES_MAX]; /* 0 ends */
} PEOPLE[] = {
    {"admin@example.com", "Ada", "Admin", "IT Department", {ROLE_HDTS_ADMIN, ROLE_TTS_ADMIN}},
    {"coordinator@example.com", "Carla", "Coordinator", "IT Department", {ROLE_HDTS_COORDINATOR}},
    {"coordinator2@example.com", "Colin", "Cruz", "Asset Department", {ROLE_HDTS_COORDINATOR}},
    {"coordinator3@example.com", "Chen", "Li", "Budget Department", {ROLE_HDTS_COORDINATOR}},
    {"reviewer@example.com", "Rita", "Reviewer", "IT Department", {ROLE_TTS_REVIEWER}},
    {"reviewer2@example.com", "Ravi", "Rao", "Asset Department", {ROLE_TTS_REVIEWER}},
    {"approver@example.com", "Anton", "Approver", "IT Department", {ROLE_TTS_APPROVER}},
    {"approver2@example.com", "Aiko", "Abe", "Budget Department", {ROLE_TTS_APPROVER}},
    {"employee@example.com", "Emil", "Employee", "Engineering", {ROLE_HDTS_EMPLOYEE}},
    {"employee2@example.com", "Elena", "Novak", "Finance", {ROLE_HDTS_EMPLOYEE}},
    {"employee3@example.com", "Farid", "Haddad", "Sales", {ROLE_HDTS_EMPLOYEE}},
    {"employee4@example.com", "Grace", "Okafor", "Engineering", {ROLE_HDTS_EMPLOYEE}},
    {"employee5@example.com", "Hugo", "Martin", "Finance", {ROLE_HDTS_EMPLOYEE}},
    {"employee6@example.com", "Ines", "Costa", "Sales", {ROLE_HDTS_EMPLOYEE}},
    {"employee7@example.com", "Jonas", "Berg", "Engineering", {ROLE_HDTS_EMPLOYEE}},
    {"employee8@example.com", "Kavya", "Iyer", "Engineering", {ROLE_HDTS_EMPLOYEE}},
    {"employee9@example.com", "Liam", "Walsh", "Sales", {ROLE_HDTS_EMPLOYEE}},
    {"employee10@example.com", "Mariana", "Lopez", "Finance", {ROLE_HDTS_EMPLOYEE}},
    {"employee11@example.com", "Noor", "Rahman", "IT Department", {ROLE_HDTS_EMPLOYEE}},
    {"employee12@example.com", "Olga", "Petrova", "Asset Department", {ROLE_HDTS_EMPLOYEE}},
    {"employee13@example.com", "Paul", "Schmidt", "Budget Department", {ROLE_HDTS_EMPLOYEE}},
    {"employee14@example.com", "Quynh", "Tran", "Engineering", {ROLE_HDTS_EMPLOYEE}},
};

static enum err CO_FN create_person(struct auth_app *app, struct db_session *s,
                                    const struct demo_person *p)
{
    const struct change_origin origin = {
        .now = clock_wall_us(),
        .audit.actor = STR("auth-service"),
    };
    struct account_new wanted = {
        .email = str_from(p->email),
        .password = app->config->demo_password,
        .first_name = str_from(p->first_name),
        .last_name = str_from(p->last_name),
        .department = str_from(p->department),
        .role_ids = p->role_ids,
        .granted_by = JSON_NO_INT,
        .email_is_verified = true,
    };
    struct user user;
    enum err rc = user_store_by_email(s, wanted.email, &user);

    if (rc != ERR_USER_NOT_FOUND)
        return rc;
    while (wanted.role_count < DEMO_ROLES_MAX && p->role_ids[wanted.role_count])
        wanted.role_count++;
    rc = account_create(app, s, &wanted, &origin, &user);
    /* Another process was faster. */
    return rc == ERR_DUPLICATE_RESOURCE ? ERR_OK : rc;
}

enum err CO_FN demo_people_create(struct auth_app *app)
{
    for (size_t i = 0; i < sizeof PEOPLE / sizeof PEOPLE[0]; i++) {
        struct arena *a = arena_new();
        struct db_session s;
        enum err rc;

        db_session_init(&s, app->service->db, a);
        rc = create_person(app, &s, &PEOPLE[i]);
        arena_free(a);
        if (rc)
            return rc;
    }
    return ERR_OK;
}

#include "events/publish.h"

#include <inttypes.h>

struct event_user user_event(struct arena *a, const struct user *u)
{
    struct event_user_role *roles = ARENA_ARRAY(a, struct event_user_role, u->role_count);

    for (size_t i = 0; i < u->role_count; i++)
        roles[i] = (struct event_user_role){u->roles[i].system, u->roles[i].role,
                                            u->roles[i].system_role_id};
    return (struct event_user){
        .id = u->id,
        .email = u->email,
        .name = u->full_name,
        .department = u->department,
        .active = u->active,
        .version = u->version,
        .roles = {roles, u->role_count},
    };
}

enum err CO_FN user_event_put(struct db_session *s, const char *type, const struct user *u,
                              const struct change_origin *origin)
{
    const struct event_user payload = user_event(s->arena, u);
    const struct event_meta meta = {
        .source = "auth-service",
        .type = type,
        .subject = str_printf(s->arena, "%" PRId64, u->id),
        .time = origin->now,
        .log = origin->log,
        .time_overridden = origin->time_overridden,
    };

    return event_put(s, &meta, &EVENT_USER, &payload);
}

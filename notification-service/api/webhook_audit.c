#include "api/webhook_audit.h"

#include "actor.h"
#include "domain/webhook_rules.h"
#include "event.h"

/* The URL may hold a secret; its host does not. */
static struct str details_of(struct arena *a, const struct webhook *hook)
{
    struct json_writer w;
    struct buf b;
    struct str host = STR("");
    (void)webhook_url_problem(hook->url, &host);
    buf_init(&b, a);
    jw_init(&w, &b);
    jw_object(&w);
    JW_STR(&w, "host", host);
    jw_end_object(&w);
    return buf_str(&b);
}

enum err webhook_audit(struct req *r, struct db_session *s, const char *action,
                       const struct webhook *hook)
{
    const struct event_audit payload = {
        .action = str_from(action),
        .result = STR("allowed"),
        .actor_id = r->actor->user_id,
        .target_type = STR("webhook"),
        .target_id = str_printf(r->arena, "%lld", (long long)hook->id),
        .address = r->peer,
        .trace_id = r->log.trace_id,
        .details = details_of(r->arena, hook),
    };
    const struct event_meta meta = {.source = "notification-service",
                                    .type = "audit.recorded",
                                    .subject =
                                        str_printf(r->arena, "webhook-%lld", (long long)hook->id),
                                    .time = r->now,
                                    .log = r->log};
    return event_put(s, &meta, &EVENT_AUDIT, &payload);
}

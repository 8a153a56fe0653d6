#include "events/publish.h"

#include <string.h>

#include "celery.h"
#include "clock.h"
#include "json.h"

enum err publish_task(struct db_session *s, const struct cause *c, const char *type,
                      const struct event_task *payload)
{
    struct event_meta meta = {
        .source = SERVICE_NAME,
        .type = type,
        .subject = payload->ticket_number,
        .time = c->now,
        .log = c->log,
        .time_overridden = c->time_overridden,
    };
    struct event_task full = *payload;
    full.actor_id = c->actor_id;
    full.actor_name = c->actor_name;
    return event_put(s, &meta, &EVENT_TASK, &full);
}

struct event_task publish_blank(void)
{
    return (struct event_task){
        .task_item_id = JSON_NO_INT,
        .assignee_id = JSON_NO_INT,
        .owner_id = JSON_NO_INT,
        .requester_id = JSON_NO_INT,
        .due_at = JSON_NO_TIME,
    };
}

static struct event_task describe(const struct pooled_item *i)
{
    struct event_task e = publish_blank();
    e.task_id = i->task_id;
    e.task_item_id = i->item_id;
    e.ticket_number = i->ticket_number;
    e.subject = i->subject;
    e.workflow_name = i->workflow_name;
    e.step = i->step;
    e.role = i->role;
    e.status = i->status;
    e.notes = i->notes;
    e.assignee_id = i->assignee_id;
    e.assignee_name = i->assignee_name;
    e.owner_id = i->owner_id;
    e.owner_name = i->owner_name;
    e.requester_id = i->requester_id;
    return e;
}

enum err publish_assigned(struct db_session *s, const struct cause *c, const struct pooled_item *i)
{
    struct event_task e = describe(i);
    return publish_task(s, c, "task.assigned", &e);
}

enum err publish_pooled(struct db_session *s, const struct cause *c, const struct waiting_item *w)
{
    struct event_task e = describe(&w->item);
    int64_t *ids = ARENA_ARRAY(s->arena, int64_t, w->admin_count + 1);
    memcpy(ids, w->admin_count ? w->admin_ids : ids, w->admin_count * sizeof *ids);
    e.reason = w->reason;
    e.admin_ids = (struct json_array){ids, w->admin_count};
    return publish_task(s, c, "task.pooled", &e);
}

static enum err CO_FN put(struct db_session *s, const struct cause *c, const char *task,
                          struct str args, struct str kwargs, struct str key)
{
    char text[TIME_TEXT_SIZE];
    struct str at = STR_NULL;
    if (c->time_overridden)
        at = str_n(text, time_format_ms(c->now, text));
    return celery_put(s, HELPDESK_QUEUE, task, args, kwargs, key, &c->log, at);
}

enum err publish_owner(struct db_session *s, const struct cause *c, struct str ticket_number,
                       int64_t owner_id)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, s->arena);
    jw_init(&w, &b);
    jw_object(&w);
    JW_STR(&w, "ticket_number", ticket_number);
    JW_INT(&w, "owner_id", owner_id);
    jw_end_object(&w);
    return put(s, c, "update_ticket_owner", STR("[]"), buf_str(&b), ticket_number);
}

enum err publish_status(struct db_session *s, const struct cause *c, struct str ticket_number,
                        enum ticket_status status)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, s->arena);
    jw_init(&w, &b);
    jw_array(&w);
    jw_str(&w, ticket_number);
    jw_str(&w, str_from(ticket_status_helpdesk(status)));
    jw_end_array(&w);
    return put(s, c, "send_ticket_status", buf_str(&b), STR("{}"), ticket_number);
}

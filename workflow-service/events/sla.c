#include "clock.h"
#include "events/events.h"
#include "events/publish.h"
#include "log.h"
#include "metrics.h"
#include "store/clock_store.h"

#define BATCH 100

static struct metric timer_lag = {
    .name = "sla_timer_lag_seconds",
    .help = "How long after it was due a warning or breach was noticed.",
    .kind = METRIC_HISTOGRAM,
};
static struct metric fired = {
    .name = "sla_events_total",
    .help = "Warnings and breaches of deadlines.",
    .kind = METRIC_COUNTER,
    .labels = "event",
};

struct batch {
    struct cause cause;
    struct clock_event *events;
    size_t count;
};

static enum err CO_FN fire(struct db_session *s, void *arg)
{
    struct batch *b = arg;
    enum err rc = clock_store_fire(s, b->cause.now, BATCH, &b->events, &b->count);
    for (size_t i = 0; rc == ERR_OK && i < b->count; i++) {
        const struct clock_event *c = &b->events[i];
        struct event_task e = publish_blank();
        e.task_id = c->task_id;
        e.task_item_id = c->item_id;
        e.ticket_number = c->ticket_number;
        e.subject = c->subject;
        e.workflow_name = c->workflow_name;
        e.step = c->step;
        e.role = c->role;
        e.status = c->status;
        e.assignee_id = c->assignee_id;
        e.assignee_name = c->assignee_name;
        e.owner_id = c->owner_id;
        e.owner_name = c->owner_name;
        e.requester_id = c->requester_id;
        e.metric = c->metric;
        e.due_at = c->due_at;
        rc = publish_task(s, &b->cause, c->is_breach ? "sla.breached" : "sla.warning", &e);
    }
    return rc;
}

static void observe(const struct batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        struct str label = b->events[i].is_breach ? STR("breach") : STR("warning");
        metric_add(metric_series(&fired, &label), 1);
        metric_observe(metric_series(&timer_lag, NULL),
                       (double)b->events[i].late_us / (double)US_PER_S);
    }
}

void sla_job(struct service *s, void *arg)
{
    struct batch b = {.count = BATCH};
    while (b.count == BATCH && !s->is_draining) {
        struct arena *a = arena_new();
        struct db_session session;
        db_session_init(&session, s->db, a);
        cause_from_system(&b.cause);
        enum err rc = db_transact(&session, fire, &b);
        if (rc == ERR_OK)
            observe(&b);
        arena_free(a);
        if (rc)
            return;
    }
}

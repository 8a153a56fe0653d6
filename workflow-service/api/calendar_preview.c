/* What a change of a calendar would do, without doing it: deadlines are computed in chunks, so that
 * memory stays the same however many clocks there are. */
#include "api/calendar_json.h"
#include "api/calendars.h"
#include "api/field.h"
#include "service.h"
#include "store/preview_store.h"

#define CHUNK 1000
#define MAX_CLOCKS 100000
#define SAMPLE 20

struct moved_doc {
    struct str ticket_number, metric;
    int64_t old_due_at, new_due_at, old_breach_at, new_breach_at;
};

struct preview_reply {
    int64_t examined, changed;
    int8_t is_complete;
    struct json_array sample;
};

static const struct json_field MOVED_FIELDS[] = {
    FIELD(moved_doc, JK_STR, ticket_number),  FIELD(moved_doc, JK_STR, metric),
    FIELD(moved_doc, JK_TIME, old_due_at),    FIELD(moved_doc, JK_TIME, new_due_at),
    FIELD(moved_doc, JK_TIME, old_breach_at), FIELD(moved_doc, JK_TIME, new_breach_at),
};
static JSON_SCHEMA(MOVED_DOC, "MovedDeadline", struct moved_doc, MOVED_FIELDS);

static const struct json_field REPLY_FIELDS[] = {
    FIELD(preview_reply, JK_INT, examined),
    FIELD(preview_reply, JK_INT, changed),
    {.name = "is_complete",
     .kind = JK_BOOL,
     .offset = offsetof(struct preview_reply, is_complete),
     .doc = "false: there are more clocks than were looked at"},
    FIELD_LIST(preview_reply, sample, MOVED_DOC),
};
JSON_SCHEMA(CALENDAR_PREVIEW_REPLY, "CalendarPreview", struct preview_reply, REPLY_FIELDS);

struct walk {
    struct req *r;
    const struct calendar *calendar;
    struct preview_reply reply;
    struct moved_doc sample[SAMPLE];
};

static void compare(struct walk *w, const struct preview_clock *p)
{
    struct sla_clock c = p->clock;
    sla_clock_schedule(&c, w->calendar);
    w->reply.examined++;
    if (c.due_at == p->clock.due_at && c.breach_at == p->clock.breach_at)
        return;
    if (w->reply.changed++ < SAMPLE)
        w->sample[w->reply.sample.count++] = (struct moved_doc){
            .ticket_number = str_dup(w->r->arena, p->ticket_number),
            .metric = str_dup(w->r->arena, p->metric),
            .old_due_at = p->clock.due_at,
            .new_due_at = c.due_at,
            .old_breach_at = p->clock.breach_at,
            .new_breach_at = c.breach_at,
        };
}

/* A chunk has memory of its own. */
static enum err CO_FN walk_chunk(struct walk *w, struct preview_place *place)
{
    struct arena *a = arena_new();
    struct db_session session;
    struct preview_clock *clocks;
    size_t n = 0;
    db_session_init(&session, req_service(w->r)->db, a);
    enum err rc = preview_store_clocks(&session, place, CHUNK, &clocks, &n);
    for (size_t i = 0; i < n; i++)
        compare(w, &clocks[i]);
    arena_free(a);
    return rc;
}

static enum err CO_FN walk_all(struct walk *w, const int64_t *workflows, size_t n)
{
    w->reply.is_complete = JSON_TRUE;
    for (size_t i = 0; i < n; i++) {
        struct preview_place place = {workflows[i], 0, 0};
        while (place.workflow_id != INT64_MIN) {
            if (w->reply.examined >= MAX_CLOCKS) {
                w->reply.is_complete = JSON_FALSE;
                return ERR_OK;
            }
            enum err rc = walk_chunk(w, &place);
            if (rc)
                return rc;
        }
    }
    return ERR_OK;
}

enum err calendars_preview(struct req *r)
{
    struct walk *w = ARENA_NEW(r->arena, struct walk);
    struct calendar_doc doc;
    struct calendar ready;
    struct db_session *s;
    const int64_t *workflows;
    size_t count;
    int64_t id;
    enum err rc = req_param_int(r, "id", &id) ? req_db(r, &s) : ERR_NOT_FOUND;
    if (rc == ERR_OK)
        rc = calendar_store_find(s, id, &doc);
    if (rc == ERR_OK)
        rc = calendar_apply(r, r->body, &doc, &ready);
    if (rc == ERR_OK)
        rc = preview_store_workflows(s, id, &workflows, &count);
    if (rc)
        return req_fail(r, rc);
    w->r = r;
    w->calendar = &ready;
    w->reply.sample.items = w->sample;
    rc = walk_all(w, workflows, count);
    return rc ? req_fail(r, rc) : req_reply_json(r, 200, &CALENDAR_PREVIEW_REPLY, &w->reply);
}

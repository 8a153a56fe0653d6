#include "store/audit.h"

#include "event.h"
#include "outbox.h"

#define AGENT_MAX 200

DB_WRITE(audit_insert,
         "zitttt"
         "btttjT",
         "",
         "WITH " OUTBOX_CTE("$12") " INSERT INTO audit_event (at, actor_id, actor, action, "
                                   "target_type, target_id, refused, "
                                   "address, user_agent, trace_id, details) VALUES ($1, $2, $3, "
                                   "$4, $5, $6, $7, $8, $9, $10, "
                                   "coalesce($11, '{}'::jsonb))");

DB_READ(audit_list, "itttbzzii",
        "iz"
        "itttt"
        "btttj",
        "SELECT id, at, actor_id, actor, action, target_type, target_id, refused, address, "
        "user_agent, trace_id, details FROM audit_event "
        "WHERE ($1::bigint IS NULL OR actor_id = $1) AND ($2::text IS NULL OR action = $2) "
        "AND ($3::text IS NULL OR target_type = $3) AND ($4::text IS NULL OR target_id = $4) "
        "AND ($5::boolean IS NULL OR refused = $5) AND ($6::timestamptz IS NULL OR at >= $6) "
        "AND ($7::timestamptz IS NULL OR at < $7) AND ($8::bigint IS NULL OR id < $8) "
        "ORDER BY id DESC LIMIT $9");

/* A client may send anything as its name. */
static struct str readable(struct str s)
{
    s = str_slice(s.p ? s : STR(""), 0, AGENT_MAX);
    return str_is_utf8(s) ? s : STR("");
}

static struct str or_empty(struct str s)
{
    return s.p ? s : STR("");
}

/* The message that takes the event to the fleet's trail. */
static enum err message_of(struct arena *a, const struct audit_event *e, struct outbox_entry *out)
{
    const struct audit_origin *o = &e->origin;
    const struct event_audit payload = {
        .action = str_from(e->action),
        .result = e->refused ? STR("refused") : STR("allowed"),
        .actor_id = o->actor_id,
        .actor = o->actor,
        .target_type = str_from(e->target_type),
        .target_id = e->target_id,
        .address = o->address,
        .user_agent = readable(o->user_agent),
        .trace_id = o->trace_id,
        .details = e->details,
    };
    const struct event_meta meta = {
        .source = "auth-service",
        .type = "audit.recorded",
        .time = o->at,
        .log = {.trace_id = o->trace_id},
    };

    return event_entry(a, &meta, &EVENT_AUDIT, &payload, out);
}

enum err CO_FN audit_put(struct db_session *s, const struct audit_event *e)
{
    const struct audit_origin *o = &e->origin;
    struct outbox_entry message;
    enum err rc = message_of(s->arena, e, &message);

    if (rc)
        return rc;
    rc = db_query(s, &audit_insert, NULL, DB_TIME(o->at),
                  o->actor_id > 0 ? DB_INT(o->actor_id) : DB_NULL, DB_STR(o->actor),
                  DB_STR(str_from(e->action)), DB_STR(str_from(e->target_type)),
                  DB_STR(e->target_id), DB_BOOL(e->refused), DB_STR(or_empty(o->address)),
                  DB_STR(readable(o->user_agent)), DB_STR(or_empty(o->trace_id)),
                  DB_STR(e->details), outbox_rows(s->arena, &message, 1));
    if (rc == ERR_OK)
        outbox_written(s);
    return rc;
}

static struct audit_row read_row(const struct db_result *r, size_t row)
{
    int64_t actor_id = db_get_int(r, row, 2);

    return (struct audit_row){
        .id = db_get_int(r, row, 0),
        .at = db_get_time(r, row, 1),
        .actor_id = actor_id,
        .actor = db_get_str(r, row, 3),
        .action = db_get_str(r, row, 4),
        .target_type = db_get_str(r, row, 5),
        .target_id = db_get_str(r, row, 6),
        .refused = db_get_bool(r, row, 7),
        .address = db_get_str(r, row, 8),
        .user_agent = db_get_str(r, row, 9),
        .trace_id = db_get_str(r, row, 10),
        .details = db_get_str(r, row, 11),
    };
}

enum err CO_FN audit_store_list(struct db_session *s, const struct audit_filter *f,
                                struct audit_row **out, size_t *n)
{
    struct db_result *r;
    struct db_value refused = f->refused < 0 ? DB_NULL : DB_BOOL(f->refused);
    enum err rc = db_query(s, &audit_list, &r, DB_OPT_INT(f->actor_id), DB_STR(f->action),
                           DB_STR(f->target_type), DB_STR(f->target_id), refused, DB_TIME(f->from),
                           DB_TIME(f->to), DB_OPT_INT(f->before_id), DB_INT(f->limit));
    if (rc)
        return rc;
    *n = db_rows(r);
    *out = ARENA_ARRAY(s->arena, struct audit_row, *n);
    for (size_t i = 0; i < *n; i++)
        (*out)[i] = read_row(r, i);
    return ERR_OK;
}

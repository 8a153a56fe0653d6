#include "store/audit_store.h"

#include "arena.h"

#define FIELDS 18
#define AGENT_MAX 200
#define SOURCE "helpdesk-service"

DB_WRITE(audit_put, "T", "", "WITH " AUDIT_CTE("$1") " SELECT");

struct audit_event audit_event_of(const struct cause *c, const char *action)
{
    bool is_person = c->actor_id != CAUSE_SYSTEM;

    return (struct audit_event){
        .at = c->now,
        .source = STR(SOURCE),
        .actor_kind = is_person      ? STR("person")
                      : c->service.p ? STR("service")
                                     : STR("system"),
        .actor_id = is_person ? c->actor_id : AUDIT_NONE,
        .actor = c->service,
        .on_behalf_of = AUDIT_NONE,
        .address = c->address,
        .user_agent = c->user_agent,
        .trace_id = c->log.trace_id,
        .action = str_from(action),
    };
}

static struct str number(struct arena *a, int64_t v)
{
    return v == AUDIT_NONE ? STR_NULL : str_printf(a, "%lld", (long long)v);
}

/* A client may send anything as its name. */
static struct str readable(struct str s)
{
    size_t n = s.len < AGENT_MAX ? s.len : AGENT_MAX;

    while (n > 0 && n < s.len && ((unsigned char)s.p[n] & 0xC0) == 0x80)
        n--;
    s = str_n(s.p, n);
    return str_is_utf8(s) ? s : STR_NULL;
}

struct db_value audit_row(struct arena *a, const struct audit_event *e)
{
    struct str *v = ARENA_ARRAY(a, struct str, FIELDS);
    const struct str fields[FIELDS] = {
        number(a, e->at),
        e->source,
        e->source_id,
        e->actor_kind,
        number(a, e->actor_id),
        e->actor,
        number(a, e->on_behalf_of),
        e->address,
        readable(e->user_agent),
        e->trace_id,
        e->action,
        e->is_refused ? STR("t") : STR("f"),
        e->object_type,
        e->object_id,
        e->object_number,
        e->changes,
        e->details,
        e->reason,
    };

    memcpy(v, fields, sizeof fields);
    return DB_STR_ARRAY(v, FIELDS);
}

enum err audit_store_put(struct db_session *s, const struct audit_event *e)
{
    return db_send(s, &audit_put, audit_row(s->arena, e));
}

#include "domain/audit.h"
#include <stdio.h>

static void add_text(struct buf *out, struct str s)
{
    if (!s.p) {
        BUF_LIT(out, "-,");
        return;
    }
    buf_add_i64(out, (int64_t)s.len);
    buf_add_char(out, ':');
    buf_add_str(out, s);
    buf_add_char(out, ',');
}

static void add_number(struct buf *out, int64_t v)
{
    char text[24];

    if (v == AUDIT_NONE)
        add_text(out, STR_NULL);
    else
        add_text(out, str_n(text, (size_t)snprintf(text, sizeof text, "%lld", (long long)v)));
}

void audit_canonical(struct buf *out, const struct audit_event *e, int64_t seq, int64_t sealed_at)
{
    add_number(out, seq);
    add_number(out, sealed_at);
    add_number(out, e->at);
    add_text(out, e->source);
    add_text(out, e->source_id);
    add_text(out, e->actor_kind);
    add_number(out, e->actor_id);
    add_text(out, e->actor);
    add_number(out, e->on_behalf_of);
    add_text(out, e->address);
    add_text(out, e->user_agent);
    add_text(out, e->trace_id);
    add_text(out, e->action);
    add_number(out, e->is_refused);
    add_text(out, e->object_type);
    add_text(out, e->object_id);
    add_text(out, e->object_number);
    add_text(out, e->changes);
    add_text(out, e->details);
    add_text(out, e->reason);
}

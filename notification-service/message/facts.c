#include "message/facts.h"

#include "event.h"

struct str facts_of(struct arena *a, const struct occasion *o)
{
    const struct fact facts[] = {
        {"ticket_number", o->ticket_number},
        {"subject", o->subject},
        {"status", o->status},
        {"old_status", o->old_status},
        {"priority", o->priority},
        {"actor", o->actor_name},
        {"owner", o->owner_name},
        {"step", o->step},
        {"role", o->role},
        {"text", o->text},
        {"outcome", o->outcome},
        {"metric", o->metric},
        {"rating", o->rating > 0 ? str_printf(a, "%lld", (long long)o->rating) : STR_NULL},
        {NULL, STR_NULL},
    };
    return facts_with(a, STR_NULL, facts);
}

struct str facts_of_message(struct arena *a, const struct event_message *m)
{
    const struct occasion o = {.actor_name = m->sender_name,
                               .text = notice_preview(a, m->content),
                               .ticket_number = m->ticket_number};
    return facts_of(a, &o);
}

static bool is_among(struct str key, const struct fact *facts)
{
    for (; facts->name; facts++)
        if (facts->value.p && str_eq(key, str_from(facts->name)))
            return true;
    return false;
}

const struct json *facts_view(struct arena *a, struct str facts)
{
    const struct json *v;
    const char *why;
    if (!facts.len || json_parse(a, facts, &v, &why))
        return NULL;
    return v;
}

struct str facts_with(struct arena *a, struct str facts, const struct fact *more)
{
    const struct json *old = facts_view(a, facts), *value;
    struct json_writer w;
    struct buf b;
    struct str key;
    buf_init(&b, a);
    jw_init(&w, &b);
    jw_object(&w);
    for (size_t i = 0; json_type(old) == JSON_OBJECT && i < json_count(old); i++) {
        value = json_member(old, i, &key);
        if (is_among(key, more))
            continue;
        jw_key(&w, key);
        jw_value(&w, value);
    }
    for (; more->name; more++) {
        if (!more->value.p)
            continue;
        jw_key(&w, str_from(more->name));
        jw_str(&w, more->value);
    }
    jw_end_object(&w);
    return buf_str(&b);
}

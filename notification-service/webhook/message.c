#include "webhook/message.h"

#include "rand.h"

static struct json_writer *begin(struct arena *a, struct str type, int64_t time)
{
    struct json_writer *w = ARENA_NEW(a, struct json_writer);
    struct buf *b = ARENA_NEW(a, struct buf);
    buf_init(b, a);
    jw_init(w, b);
    jw_object(w);
    JW_STR(w, "type", type);
    JW_TIME_MS(w, "timestamp", time);
    JW_KEY(w, "data");
    jw_object(w);
    return w;
}

static struct str end(struct json_writer *w)
{
    jw_end_object(w);
    jw_end_object(w);
    return buf_str(w->out);
}

struct str webhook_body_of_event(struct arena *a, const struct event *e,
                                 const struct webhook_type *t, int64_t seq)
{
    struct json_writer *w = begin(a, e->type, e->time);
    for (size_t i = 0; i < json_count(e->data); i++) {
        struct str name;
        const struct json *value = json_member(e->data, i, &name);
        if (!webhook_type_has_member(t, name))
            continue;
        jw_key(w, name);
        jw_value(w, value);
    }
    if (seq)
        JW_INT(w, "seq", seq);
    return end(w);
}

struct str webhook_body_of_ping(struct arena *a, int64_t webhook_id, int64_t now)
{
    struct json_writer *w = begin(a, STR(WEBHOOK_PING), now);
    JW_INT(w, "webhook_id", webhook_id);
    return end(w);
}

struct str webhook_message_id(struct arena *a)
{
    char hex[33];
    rand_hex(hex, 16);
    return str_printf(a, "msg_%s", hex);
}

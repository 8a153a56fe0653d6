#include "celery.h"

#include <unistd.h>

#include "clock.h"
#include "rand.h"
#include "trace.h"

/* ---- decoding ------------------------------------------------------------------------------ */

/* Celery writes isoformat(): RFC 3339, or without an offset when its clock is UTC anyway. */
static bool read_time(struct arena *a, struct str text, int64_t *out)
{
    *out = INT64_MIN;
    if (text.len == 0)
        return true;
    return time_parse(text, out) || time_parse(str_printf(a, "%.*sZ", STR_ARG(text)), out);
}

static const char *read_headers(struct arena *a, const struct mq_message *m,
                                struct celery_task *out)
{
    out->name = mq_header_get(m, "task");
    out->id = mq_header_get(m, "id");
    if (out->name.len == 0)
        return "the header task is missing";
    if (out->id.len == 0)
        return "the header id is missing";
    struct str retries = mq_header_get(m, "retries");
    out->retries = 0;
    if (retries.len && (!str_to_i64(retries, &out->retries) || out->retries < 0))
        return "the header retries is not a number";
    if (!read_time(a, mq_header_get(m, "eta"), &out->eta_us))
        return "the header eta is not a time";
    if (!read_time(a, mq_header_get(m, "expires"), &out->expires_us))
        return "the header expires is not a time";
    if (m->content_type.len && !str_ieq(m->content_type, STR("application/json")))
        return "the content type is not application/json";
    if (m->content_encoding.len && !str_ieq(m->content_encoding, STR("utf-8")))
        return "the content encoding is not utf-8";
    return NULL;
}

static const char *read_body(struct arena *a, struct str body, struct celery_task *out)
{
    const struct json *v;
    const char *why = NULL;
    if (json_parse(a, body, &v, &why) != ERR_OK)
        return why;
    if (json_type(v) != JSON_ARRAY || json_count(v) < 2)
        return "the body is not [args, kwargs, embed]";
    out->args = json_at(v, 0);
    out->kwargs = json_at(v, 1);
    if (json_type(out->args) != JSON_ARRAY)
        return "the arguments are not an array";
    if (json_type(out->kwargs) != JSON_OBJECT)
        return "the keyword arguments are not an object";
    return NULL;
}

enum err celery_decode(struct arena *a, const struct mq_message *m, struct celery_task *out,
                       const char **why)
{
    *out = (struct celery_task){0};
    *why = read_headers(a, m, out);
    if (!*why)
        *why = read_body(a, m->body, out);
    return *why ? ERR_INVALID_PAYLOAD : ERR_OK;
}

const struct json *celery_arg(const struct celery_task *t, size_t i, const char *name)
{
    const struct json *positional = json_at(t->args, i);
    return positional ? positional : json_get(t->kwargs, name);
}

/* ---- encoding ------------------------------------------------------------------------------ */

struct str celery_headers(struct arena *a, const char *task, struct str id,
                          const struct log_context *log, struct str time_override)
{
    static const struct log_context none;
    struct str traceparent = traceparent_write(a, log ? log : &none);
    char host[256] = "localhost";
    (void)!gethostname(host, sizeof host - 1);
    struct buf out;
    struct json_writer w;
    buf_init(&out, a);
    jw_init(&w, &out);
    jw_object(&w);
    JW_STR(&w, "lang", STR("py"));
    JW_STR(&w, "task", str_from(task));
    JW_STR(&w, "id", id);
    JW_NULL(&w, "shadow");
    JW_NULL(&w, "eta");
    JW_NULL(&w, "expires");
    JW_NULL(&w, "group");
    JW_NULL(&w, "group_index");
    JW_INT(&w, "retries", 0);
    JW_STR(&w, "root_id", id);
    JW_NULL(&w, "parent_id");
    JW_STR(&w, "argsrepr", STR(""));
    JW_STR(&w, "kwargsrepr", STR(""));
    JW_STR(&w, "origin", str_printf(a, "tts%d@%s", (int)getpid(), host));
    JW_BOOL(&w, "ignore_result", true);
    if (traceparent.len)
        JW_STR(&w, "traceparent", traceparent);
    if (traceparent.len && log->trace_state.len)
        JW_STR(&w, "tracestate", log->trace_state);
    if (time_override.len)
        JW_STR(&w, "x-tts-time", time_override);
    jw_end_object(&w);
    return buf_str(&out);
}

struct str celery_body(struct arena *a, struct str args, struct str kwargs)
{
    return str_printf(
        a, "[%.*s,%.*s,{\"callbacks\":null,\"errbacks\":null,\"chain\":null,\"chord\":null}]",
        STR_ARG(args.len ? args : STR("[]")), STR_ARG(kwargs.len ? kwargs : STR("{}")));
}

void celery_entry(struct arena *a, const char *queue, const char *task, struct str args,
                  struct str kwargs, struct str key, const struct log_context *log,
                  struct str time_override, struct outbox_entry *out)
{
    char *id = arena_alloc(a, UUID_TEXT_SIZE);
    rand_uuid(id);
    *out = (struct outbox_entry){
        .routing_key = str_from(queue),
        .message_id = str_from(id),
        .correlation_id = str_from(id),
        .content_type = STR("application/json"),
        .headers_json = celery_headers(a, task, str_from(id), log, time_override),
        .body = celery_body(a, args, kwargs),
        .key = key,
    };
}

enum err celery_put(struct db_session *s, const char *queue, const char *task, struct str args,
                    struct str kwargs, struct str key, const struct log_context *log,
                    struct str time_override)
{
    struct outbox_entry entry;
    celery_entry(s->arena, queue, task, args, kwargs, key, log, time_override, &entry);
    return outbox_put(s, &entry);
}

/* The CloudEvents envelope around payloads, out to the outbox and back from deliveries. */
#include "event.h"

#include <stddef.h>
#include <string.h>

#include "clock.h"
#include "migrate.h"
#include "outbox.h"
#include "rand.h"
#include "trace.h"

const struct event_kind EVENT_CATALOGUE[] = {
#define X(type, schema, source, text) {type, &(schema), source, text},
#include "event.def"
#undef X
};
const size_t EVENT_CATALOGUE_COUNT = sizeof EVENT_CATALOGUE / sizeof EVENT_CATALOGUE[0];

const struct event_kind *event_kind(struct str type)
{
    for (size_t i = 0; i < EVENT_CATALOGUE_COUNT; i++) {
        if (str_eq(type, str_from(EVENT_CATALOGUE[i].type)))
            return &EVENT_CATALOGUE[i];
    }
    return NULL;
}

/* ---- out ---------------------------------------------------------------------------------- */

static void put_present(struct json_writer *w, const char *key, struct str value)
{
    if (!value.p)
        return;
    jw_key(w, str_from(key));
    jw_str(w, value);
}

static struct str headers_text(struct arena *a, const struct event_meta *meta, struct str trace)
{
    struct json_writer w;
    struct buf b;

    if (!trace.p && !meta->time_overridden)
        return STR_NULL;
    buf_init(&b, a);
    jw_init(&w, &b);
    jw_object(&w);
    put_present(&w, "traceparent", trace);
    if (trace.p)
        put_present(&w, "tracestate", meta->log.trace_state);
    if (meta->time_overridden)
        JW_TIME_MS(&w, "x-tts-time", meta->time);
    jw_end_object(&w);
    return buf_str(&b);
}

static struct str body_text(struct arena *a, const struct event_meta *meta, struct str id,
                            struct str trace, const struct json_schema *schema, const void *payload)
{
    struct json_writer w;
    struct buf b;

    buf_init(&b, a);
    jw_init(&w, &b);
    jw_object(&w);
    JW_STR(&w, "specversion", STR("1.0"));
    JW_STR(&w, "id", id);
    JW_STR(&w, "source", str_from(meta->source));
    JW_STR(&w, "type", str_from(meta->type));
    put_present(&w, "subject", meta->subject);
    JW_TIME_MS(&w, "time", meta->time);
    JW_STR(&w, "datacontenttype", STR("application/json"));
    put_present(&w, "traceparent", trace);
    if (trace.p)
        put_present(&w, "tracestate", meta->log.trace_state);
    JW_KEY(&w, "data");
    json_encode(&w, schema, payload);
    jw_end_object(&w);
    return buf_str(&b);
}

enum err event_entry(struct arena *a, const struct event_meta *meta,
                     const struct json_schema *schema, const void *payload,
                     struct outbox_entry *out)
{
    const struct event_kind *kind = event_kind(str_from(meta->type));
    struct str trace = traceparent_write(a, &meta->log);
    char *id = arena_alloc(a, UUID_TEXT_SIZE);

    if (!kind || kind->schema != schema) {
        log_error("event is not in the catalogue", LOG_CSTR("type", meta->type));
        return ERR_INTERNAL_ERROR;
    }
    rand_uuid(id);
    *out = (struct outbox_entry){
        .exchange = STR(MQ_EVENTS_EXCHANGE),
        .routing_key = str_from(meta->type),
        .message_id = str_from(id),
        .correlation_id = meta->log.request_id,
        .type = str_from(meta->type),
        .content_type = STR("application/cloudevents+json"),
        .headers_json = headers_text(a, meta, trace),
        .body = body_text(a, meta, str_from(id), trace, schema, payload),
        .key = meta->subject,
    };
    return ERR_OK;
}

enum err CO_FN event_put(struct db_session *s, const struct event_meta *meta,
                         const struct json_schema *schema, const void *payload)
{
    struct outbox_entry e;
    enum err rc = event_entry(s->arena, meta, schema, payload, &e);

    return rc ? rc : outbox_put(s, &e);
}

/* ---- in ----------------------------------------------------------------------------------- */

struct envelope {
    struct str specversion, content_type;
    struct event event;
};

#define AT(member) offsetof(struct envelope, event.member)
static const struct json_field envelope_fields[] = {
    {"specversion", JK_ENUM, offsetof(struct envelope, specversion), JF_REQUIRED, .choices = "1.0"},
    {"id", JK_STR, AT(id), JF_REQUIRED | JF_NON_EMPTY},
    {"source", JK_STR, AT(source), JF_REQUIRED | JF_NON_EMPTY},
    {"type", JK_STR, AT(type), JF_REQUIRED | JF_NON_EMPTY},
    {"subject", JK_STR, AT(subject)},
    {"time", JK_TIME, AT(time)},
    {"datacontenttype", JK_ENUM, offsetof(struct envelope, content_type),
     .choices = "application/json"},
    {"data", JK_ANY, AT(data)},
};
static JSON_SCHEMA(ENVELOPE, "CloudEvent", struct envelope, envelope_fields);

enum err event_decode(struct arena *a, const struct mq_message *m, struct event *out)
{
    struct json_problem *problems;
    const struct json *body;
    struct envelope e;
    const char *why;

    *out = (struct event){0};
    if (json_parse(a, m->body, &body, &why) || json_decode(a, &ENVELOPE, body, &e, &problems))
        return ERR_INVALID_PAYLOAD;
    if (e.event.time == JSON_NO_TIME)
        e.event.time = m->timestamp_s * US_PER_S;
    *out = e.event;
    return ERR_OK;
}

enum err event_data(struct arena *a, const struct event *e, const struct json_schema *schema,
                    void *out, const char **why)
{
    struct json_problem *problems;

    *why = NULL;
    if (json_decode(a, schema, e->data, out, &problems) == ERR_OK)
        return ERR_OK;
    *why = arena_printf(a, "%.*s%s%s", STR_ARG(problems->field), problems->field.len ? ": " : "",
                        problems->message);
    return ERR_INVALID_PAYLOAD;
}

#include "api/webhook_view.h"

static void put_texts(struct json_writer *w, const struct str *items, size_t n)
{
    jw_array(w);
    for (size_t i = 0; i < n; i++)
        jw_str(w, items[i]);
    jw_end_array(w);
}

/* Values of headers are credentials more often than not. */
static void put_headers(struct json_writer *w, const struct webhook *hook)
{
    jw_object(w);
    for (size_t i = 0; i < hook->header_count; i++) {
        jw_key(w, hook->header_names[i]);
        jw_str(w, STR("***"));
    }
    jw_end_object(w);
}

static void put_int(struct json_writer *w, int64_t v)
{
    if (v == JSON_NO_INT)
        jw_null(w);
    else
        jw_int(w, v);
}

void webhook_view(struct json_writer *w, const struct webhook *hook, struct str secret)
{
    jw_object(w);
    JW_INT(w, "id", hook->id);
    JW_STR(w, "url", hook->url);
    JW_STR(w, "description", hook->description);
    JW_KEY(w, "event_types");
    put_texts(w, hook->event_types, hook->event_type_count);
    JW_KEY(w, "headers");
    put_headers(w, hook);
    if (secret.p)
        JW_STR(w, "secret", secret);
    JW_TIME(w, "previous_secret_expires_at", hook->previous_secret_until);
    JW_BOOL(w, "enabled", hook->is_enabled);
    JW_STR(w, "disabled_reason", hook->disabled_reason);
    JW_TIME(w, "disabled_at", hook->disabled_at);
    JW_INT(w, "failures", hook->failures);
    JW_TIME(w, "failing_since", hook->failing_since);
    JW_TIME(w, "paused_until", hook->paused_until);
    JW_TIME(w, "last_success_at", hook->last_success_at);
    JW_TIME(w, "last_failure_at", hook->last_failure_at);
    JW_INT(w, "created_by", hook->created_by);
    JW_INT(w, "version", hook->version);
    JW_TIME(w, "created_at", hook->created_at);
    JW_TIME(w, "updated_at", hook->updated_at);
    jw_end_object(w);
}

void webhook_view_delivery(struct json_writer *w, const struct webhook_delivery *d)
{
    JW_INT(w, "id", d->id);
    JW_INT(w, "webhook_id", d->webhook_id);
    JW_STR(w, "message_id", d->message_id);
    JW_STR(w, "event_type", d->type);
    JW_STR(w, "status", d->status);
    JW_INT(w, "attempts", d->attempts);
    JW_TIME(w, "next_attempt_at", d->next_attempt_at);
    JW_KEY(w, "last_status");
    put_int(w, d->last_status);
    JW_STR(w, "last_error", d->last_error);
    JW_TIME(w, "delivered_at", d->delivered_at);
    JW_TIME_MS(w, "created_at", d->created_at);
}

void webhook_view_attempt(struct json_writer *w, const struct webhook_attempt *a)
{
    jw_object(w);
    JW_TIME_MS(w, "started_at", a->started_at);
    JW_INT(w, "duration_ms", a->duration_ms);
    JW_KEY(w, "status");
    put_int(w, a->status);
    JW_STR(w, "error", a->error);
    JW_STR(w, "reply", a->reply);
    jw_end_object(w);
}

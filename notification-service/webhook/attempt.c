#include "webhook/attempt.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "clock.h"
#include "config.h"
#include "domain/webhook_address.h"
#include "json.h"
#include "webhook/secret.h"

#define CONNECT_TIMEOUT_MS 5000
#define HEADERS_MAX 24

/* ---- where to ----------------------------------------------------------------------------- */

static bool may_connect(void *arg, const struct sockaddr *address)
{
    const struct webhooks *w = arg;
    uint8_t bytes[16] = {[10] = 0xff, [11] = 0xff};
    if (address->sa_family == AF_INET)
        memcpy(bytes + 12, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
    else if (address->sa_family == AF_INET6)
        memcpy(bytes, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
    else
        return false;
    return webhook_address_is_public(bytes) || cidr_list_has_address(&w->allowed, bytes);
}

/* ---- what --------------------------------------------------------------------------------- */

struct request {
    struct http_call_header headers[HEADERS_MAX];
    size_t count;
};

static void add(struct request *r, const char *name, struct str value)
{
    if (r->count < HEADERS_MAX)
        r->headers[r->count++] = (struct http_call_header){name, value};
}

static enum err add_signature(struct webhooks *w, struct arena *a, const struct webhook_due *d,
                              int64_t timestamp_s, struct request *r)
{
    struct str secrets[2], signature;
    size_t n = 0;
    enum err rc = webhook_open(w, a, d->webhook_id, d->secret, &secrets[n++]);
    if (rc == ERR_OK && d->previous_secret.p)
        rc = webhook_open(w, a, d->webhook_id, d->previous_secret, &secrets[n++]);
    if (rc == ERR_OK)
        rc = webhook_sign(a, secrets, n, d->message_id, timestamp_s, d->body, &signature);
    if (rc)
        return ERR_INTERNAL_ERROR;
    add(r, "webhook-id", d->message_id);
    add(r, "webhook-timestamp", str_printf(a, "%lld", (long long)timestamp_s));
    add(r, "webhook-signature", signature);
    return ERR_OK;
}

static enum err add_own_headers(struct webhooks *w, struct arena *a, const struct webhook_due *d,
                                struct request *r)
{
    const struct json *headers;
    const char *why;
    struct str text;
    if (webhook_open(w, a, d->webhook_id, d->headers, &text) ||
        json_parse(a, text, &headers, &why) != ERR_OK)
        return ERR_INTERNAL_ERROR;
    for (size_t i = 0; i < json_count(headers); i++) {
        struct str name;
        const struct json *value = json_member(headers, i, &name);
        add(r, str_cstr(a, name), json_str(value));
    }
    return ERR_OK;
}

/* ---- how it went -------------------------------------------------------------------------- */

/* The start of a text from outside, as what the database takes as text. */
static struct str kept(struct arena *a, struct str text)
{
    struct str start = str_dup(
        a, str_slice(text, 0, text.len < WEBHOOK_REPLY_KEPT ? text.len : WEBHOOK_REPLY_KEPT));
    char *p = (char *)(uintptr_t)start.p;
    if (str_is_empty(start))
        return STR_NULL;
    for (size_t i = 0; i < start.len; i++)
        if (!p[i])
            p[i] = '?';
    /* It may end within a character. */
    for (size_t cut = 0; cut < 4 && cut < start.len; cut++)
        if (str_is_utf8(str_slice(start, 0, start.len - cut)))
            return str_slice(start, 0, start.len - cut);
    for (size_t i = 0; i < start.len; i++)
        if ((unsigned char)p[i] >= 0x80)
            p[i] = '?';
    return start;
}

static struct str problem_of(struct arena *a, enum err rc, const struct http_answer *answer)
{
    if (rc == ERR_FORBIDDEN)
        return STR("the address is not allowed");
    if (rc == ERR_TIMEOUT)
        return STR("no answer in time");
    if (rc)
        return answer->problem.len ? kept(a, answer->problem) : str_from(err_text(rc));
    if (answer->status >= 300 && answer->status < 400)
        return str_printf(a, "answered %d: redirects are not followed", answer->status);
    return str_printf(a, "answered %d", answer->status);
}

static enum err CO_FN call(struct webhooks *w, struct arena *a, const struct webhook_due *d,
                           const struct request *r, struct http_answer *answer)
{
    const struct webhook_config *c = &notification_config(w->service)->webhook;
    const struct http_call call = {
        .method = "POST",
        .url = d->url,
        .headers = r->headers,
        .header_count = r->count,
        .body = d->body,
        .timeout_ms = (int)c->timeout_s * 1000,
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .max_reply_bytes = WEBHOOK_REPLY_KEPT,
        .cut_reply = true,
        .may_connect = may_connect,
        .guard_arg = w,
    };
    return http_client_call(w->service->http, a, &call, answer);
}

static void describe(struct arena *a, enum err rc, const struct http_answer *answer,
                     struct webhook_result *out)
{
    bool is_answered = rc == ERR_OK;
    bool is_fine = is_answered && answer->status >= 200 && answer->status < 300;
    bool is_busy = is_answered && (answer->status == 429 || answer->status == 503);
    out->attempt.status = is_answered ? answer->status : INT64_MIN;
    out->attempt.error = is_fine ? STR_NULL : problem_of(a, rc, answer);
    out->attempt.reply = is_answered ? kept(a, answer->body) : STR_NULL;
    out->retry_after_s = is_busy ? answer->retry_after_s : 0;
    out->is_gone = is_answered && answer->status == 410;
}

enum err webhook_attempt(struct webhooks *w, struct arena *a, const struct webhook_due *d,
                         struct webhook_result *out)
{
    int64_t started = clock_wall_us(), mono = clock_mono_us();
    struct request r = {.count = 0};
    struct http_answer answer = {0};
    *out = (struct webhook_result){.attempt = {.started_at = started, .status = INT64_MIN}};
    enum err rc = add_signature(w, a, d, started / US_PER_S, &r);
    if (rc == ERR_OK)
        rc = add_own_headers(w, a, d, &r);
    if (rc) {
        out->attempt.error = STR("its secret cannot be opened with SECRET_KEY");
        return ERR_OK;
    }
    add(&r, "User-Agent", str_printf(a, "TTS-Webhooks/%s", service_version()));
    rc = call(w, a, d, &r, &answer);
    if (rc == ERR_CANCELLED)
        return rc;
    out->attempt.duration_ms = (clock_mono_us() - mono) / US_PER_MS;
    describe(a, rc, &answer, out);
    return ERR_OK;
}

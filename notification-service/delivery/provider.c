#include "delivery/provider.h"

#include "config.h"
#include "delivery/access.h"
#include "encode.h"
#include "post.h"

#define TIMEOUT_MS 10000
#define REPLY_MAX 65536
#define SMS_CHARS_MAX 1600
#define WHY_MAX 200

/* Developers find in a file what a provider would be given. */
static enum err record(struct service *s, struct arena *a, const struct delivery *d,
                       const char **why)
{
    if (s->is_production) {
        *why = "no provider is configured for this channel";
        return ERR_INVALID_INPUT;
    }
    const char *name = arena_printf(a, "%lld.%.*s", (long long)d->id, STR_ARG(d->channel));
    struct str text = str_printf(a, "To: %.*s\nTitle: %.*s\n\n%.*s\n", STR_ARG(d->address),
                                 STR_ARG(d->title), STR_ARG(d->message));
    return mail_write_file(a, notification_config(s)->mail.dir, name, text, why);
}

static struct str base_of(struct str url)
{
    return str_has_suffix(url, STR("/")) ? str_slice(url, 0, url.len - 1) : url;
}

/* A text of the provider's reply for the log and the delivery: short, and without controls. */
static const char *told(struct arena *a, int status, struct str text)
{
    struct buf b;
    buf_init(&b, a);
    buf_printf(&b, "the provider answered %d", status);
    if (text.len)
        BUF_LIT(&b, ": ");
    for (size_t i = 0; i < text.len && i < WHY_MAX; i++)
        buf_add_char(&b, text.p[i] >= ' ' && text.p[i] < 0x7F ? text.p[i] : '?');
    return buf_cstr(&b);
}

/* 4xx is about the message, but for those that are about the account or the moment. */
static enum err judge(int status)
{
    if (status >= 200 && status < 300)
        return ERR_OK;
    if (status == 401 || status == 403 || status == 408 || status == 429 || status < 400 ||
        status >= 500)
        return ERR_SERVICE_UNAVAILABLE;
    return ERR_INVALID_INPUT;
}

static enum err CO_FN call(struct service *s, struct arena *a, struct http_call *c,
                           struct http_answer *out, const char **why)
{
    c->method = "POST";
    c->timeout_ms = TIMEOUT_MS;
    c->max_reply_bytes = REPLY_MAX;
    enum err rc = http_client_call(s->http, a, c, out);
    /* An address that cannot be called is a mistake in the settings: it may be put right. */
    if (rc)
        *why = rc == ERR_TIMEOUT ? "the provider did not answer in time"
                                 : "the provider cannot be reached";
    return rc == ERR_INVALID_INPUT ? ERR_SERVICE_UNAVAILABLE : rc;
}

static void add_form(struct buf *b, const char *name, struct str value)
{
    buf_printf(b, "%s%s=", b->len ? "&" : "", name);
    percent_encode(b, value);
}

static struct str first_chars(struct str s, size_t max)
{
    size_t i = 0, chars = 0;
    for (; i < s.len; i++)
        if (((unsigned char)s.p[i] & 0xC0) != 0x80 && chars++ == max)
            break;
    return str_slice(s, 0, i);
}

static struct str basic_authorization(struct arena *a, const struct provider_config *p)
{
    struct str plain = str_printf(a, "%.*s:%.*s", STR_ARG(p->account), STR_ARG(p->token));
    char *encoded = arena_alloc(a, BASE64_SIZE(plain.len));
    size_t n = base64_encode(plain.p, plain.len, encoded);
    return str_printf(a, "Basic %.*s", (int)n, encoded);
}

enum err provider_send_sms(struct service *s, struct arena *a, const struct delivery *d,
                           const char **why)
{
    const struct provider_config *p = &notification_config(s)->sms;
    struct http_answer answer;
    const struct json *v = NULL;
    const char *unused;
    struct buf body;
    if (str_eq(p->kind, STR("record")))
        return record(s, a, d, why);
    if (!d->address.len) {
        *why = "no number is known for this person";
        return ERR_INVALID_INPUT;
    }
    buf_init(&body, a);
    add_form(&body, "To", d->address);
    add_form(&body, "From", p->from);
    add_form(&body, "Body", first_chars(d->message, SMS_CHARS_MAX));
    const struct http_call_header headers[] = {
        {"Authorization", basic_authorization(a, p)},
        {"Content-Type", STR("application/x-www-form-urlencoded")},
    };
    struct http_call c = {
        .url = str_printf(a, "%.*s/2010-04-01/Accounts/%.*s/Messages.json",
                          STR_ARG(base_of(p->url)), STR_ARG(p->account)),
        .headers = headers,
        .header_count = 2,
        .body = buf_str(&body),
    };
    enum err rc = call(s, a, &c, &answer, why);
    if (rc)
        return rc;
    rc = judge(answer.status);
    if (rc && json_parse(a, answer.body, &v, &unused) == ERR_OK)
        *why = told(a, answer.status, json_str(json_get(v, "message")));
    else if (rc)
        *why = told(a, answer.status, STR(""));
    return rc;
}

static struct str push_body(struct arena *a, const struct delivery *d)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, a);
    jw_init(&w, &b);
    jw_object(&w);
    JW_KEY(&w, "message");
    jw_object(&w);
    JW_STR(&w, "token", d->address);
    JW_KEY(&w, "notification");
    jw_object(&w);
    JW_STR(&w, "title", d->title);
    JW_STR(&w, "body", first_chars(d->message, SMS_CHARS_MAX));
    jw_end_object(&w);
    JW_KEY(&w, "data"); /* values are strings there */
    jw_object(&w);
    JW_STR(&w, "notification_id", str_printf(a, "%lld", (long long)d->notification_id));
    JW_STR(&w, "type", d->type);
    if (d->ticket_number.len)
        JW_STR(&w, "ticket_number", d->ticket_number);
    jw_end_object(&w);
    jw_end_object(&w);
    jw_end_object(&w);
    return buf_str(&b);
}

static enum err judge_push(struct service *s, struct arena *a, const struct http_answer *answer,
                           const char **why)
{
    const struct json *v = NULL;
    const char *unused;
    enum err rc = judge(answer->status);
    if (rc == ERR_OK)
        return ERR_OK;
    if (answer->status == 401)
        access_forget(s);
    if (json_parse(a, answer->body, &v, &unused) != ERR_OK)
        v = NULL;
    *why = told(a, answer->status, json_str(json_get(json_get(v, "error"), "message")));
    return answer->status == 404 ? ERR_NOT_FOUND : rc;
}

enum err provider_send_push(struct service *s, struct arena *a, const struct delivery *d,
                            const char **why)
{
    const struct provider_config *p = &notification_config(s)->push;
    struct http_answer answer;
    struct str token;
    if (str_eq(p->kind, STR("record")))
        return record(s, a, d, why);
    if (!d->address.len) {
        *why = "this person has no device";
        return ERR_INVALID_INPUT;
    }
    enum err rc = access_token(s, a, &token, why);
    if (rc)
        return rc;
    const struct http_call_header header = {"Authorization",
                                            str_printf(a, "Bearer %.*s", STR_ARG(token))};
    struct http_call c = {
        .url = str_printf(a, "%.*s/v1/projects/%.*s/messages:send", STR_ARG(base_of(p->url)),
                          STR_ARG(access_project(s, a))),
        .headers = &header,
        .header_count = 1,
        .body = push_body(a, d),
    };
    rc = call(s, a, &c, &answer, why);
    return rc ? rc : judge_push(s, a, &answer, why);
}

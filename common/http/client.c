/* HTTP exchanges with other programs. */
#include "client.h"

#include "buf.h"
#include "plain.h"
#include "transfer.h"

#define DEFAULT_MAX_REPLY (8 * 1024 * 1024)

struct reply_sink {
    struct buf body;
    int64_t max;
};

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
    struct reply_sink *s = arg;
    size_t len = size * n;
    if ((int64_t)(s->body.len + len) > s->max)
        return 0;
    buf_add(&s->body, p, len);
    return len;
}

static bool is_one_line(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == '\0')
            return false;
    return true;
}

/* The header lines; false when a value would break out of its line. */
static bool build_headers(struct arena *a, const struct http_call *call, struct curl_slist **out)
{
    bool has_type = false;
    *out = transfer_append(NULL, a, "Expect:", STR(""), "");
    for (size_t i = 0; i < call->header_count; i++) {
        const struct http_call_header *h = &call->headers[i];
        if (!is_one_line(h->value) || !is_one_line(str_from(h->name)))
            return false;
        has_type = has_type || str_ieq(str_from(h->name), STR("content-type"));
        /* "Name;" is curl's way to send an empty value. */
        const char *separator = h->value.len ? ": " : ";";
        *out = transfer_append(*out, a, arena_printf(a, "%s%s", h->name, separator), h->value, "");
    }
    if (call->body.p && !has_type)
        *out = transfer_append(*out, a, "Content-Type: application/json", STR(""), "");
    return true;
}

static void set_method(CURL *easy, const struct http_call *call)
{
    struct str method = str_from(call->method);
    if (str_eq(method, STR("HEAD")))
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else if (call->body.p || str_eq(method, STR("POST"))) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->body.p ? call->body.p : "");
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
    } else {
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
    }
}

static enum err judge(const struct transfer *t)
{
    curl_off_t ready_us = 0;
    long status = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
    bool was_reached = ready_us > 0;
    switch ((int)t->result) {
    case CURLE_OK:
        return ERR_OK;
    case CURLE_OPERATION_TIMEDOUT:
        return was_reached ? ERR_TIMEOUT : ERR_SERVICE_UNAVAILABLE;
    case CURLE_URL_MALFORMAT:
        return ERR_INVALID_INPUT;
    case CURLE_UNSUPPORTED_PROTOCOL: /* of the URL, or HTTP/0.9 */
        return was_reached ? ERR_BAD_GATEWAY : ERR_INVALID_INPUT;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
        return ERR_SERVICE_UNAVAILABLE;
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        return status ? ERR_BAD_GATEWAY : ERR_SERVICE_UNAVAILABLE;
    default:
        return ERR_BAD_GATEWAY;
    }
}

static void read_answer(struct transfer *t, struct arena *a, struct reply_sink *sink,
                        struct http_answer *out)
{
    long status = 0;
    char *type = NULL;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &type);
    out->status = (int)status;
    out->body = buf_str(&sink->body);
    out->content_type = str_from(type ? arena_strdup(a, type) : NULL);
}

static enum err CO_FN curl_call(struct http_client *c, struct arena *a,
                                const struct http_call *call, struct http_answer *out)
{
    struct transfer t;
    struct reply_sink sink = {.max = call->max_reply_bytes};
    struct curl_slist *headers = NULL;
    if (!sink.max)
        sink.max = DEFAULT_MAX_REPLY;
    buf_init(&sink.body, a);
    enum err rc = transfer_open(c);
    if (rc)
        return rc;
    if (!is_one_line(call->url) || !build_headers(a, call, &headers)) {
        curl_slist_free_all(headers);
        return ERR_INVALID_INPUT;
    }
    transfer_init(&t, c, call->timeout_ms, call->connect_timeout_ms);
    curl_easy_setopt(t.easy, CURLOPT_URL, str_cstr(a, call->url));
    curl_easy_setopt(t.easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(t.easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(t.easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(t.easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(t.easy, CURLOPT_WRITEDATA, &sink);
    set_method(t.easy, call);
    rc = transfer_run(&t);
    if (rc == ERR_OK)
        rc = judge(&t);
    if (rc == ERR_OK)
        read_answer(&t, a, &sink, out);
    transfer_release(&t);
    curl_slist_free_all(headers);
    return rc;
}

enum err CO_FN http_client_call(struct http_client *c, struct arena *a,
                                const struct http_call *call, struct http_answer *out)
{
    *out = (struct http_answer){0};
    if (plain_takes(call->url))
        return plain_call(http_client_plain(c), a, call, out);
    return curl_call(c, a, call, out);
}

/* Mail through an SMTP server (RFC 5321), spoken by libcurl. */
#include "client.h"

#include "clock.h"
#include "transfer.h"

#define DEFAULT_TIMEOUT_MS 30000

struct mail_source {
    struct str left;
};

static size_t on_upload(char *p, size_t size, size_t n, void *arg)
{
    struct mail_source *s = arg;
    size_t len = size * n < s->left.len ? size * n : s->left.len;
    memcpy(p, s->left.p, len);
    s->left = str_slice(s->left, len, s->left.len);
    return len;
}

/* Nothing in it can end the command it is put into. */
static bool is_address(struct str s, bool may_be_empty)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == '<' || s.p[i] == '>' || s.p[i] == 0x7f)
            return false;
    return s.len > 0 || may_be_empty;
}

static bool are_addresses(const struct mail_call *call)
{
    for (size_t i = 0; i < call->to_count; i++)
        if (!is_address(call->to[i], false))
            return false;
    return call->to_count > 0 && is_address(call->from, true) && is_address(call->url, false);
}

/* Encryption that is only taken where it is offered need not know the server; a password must. */
static void set_security(CURL *easy, struct arena *a, const struct mail_call *call)
{
    bool has_password = str_index(call->url, '@', 0) >= 0;
    bool is_required =
        call->tls == MAIL_TLS_REQUIRED || (call->tls == MAIL_TLS_AUTO && has_password);
    bool is_verified = is_required || str_has_prefix(call->url, STR("smtps:"));
    long use = is_required ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_TRY;
    curl_easy_setopt(easy, CURLOPT_USE_SSL,
                     call->tls == MAIL_TLS_OFF ? (long)CURLUSESSL_NONE : use);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, is_verified ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, is_verified ? 2L : 0L);
    if (call->ca_file.len)
        curl_easy_setopt(easy, CURLOPT_CAINFO, str_cstr(a, call->ca_file));
}

static enum err judge(struct transfer *t)
{
    long code = 0;
    if (t->result == CURLE_OK)
        return ERR_OK;
    if (t->result == CURLE_OPERATION_TIMEDOUT)
        return ERR_TIMEOUT;
    if (t->result == CURLE_URL_MALFORMAT || t->result == CURLE_UNSUPPORTED_PROTOCOL)
        return ERR_INVALID_INPUT;
    /* What is wrong with the connection is not about this mail either. */
    if (t->result == CURLE_USE_SSL_FAILED)
        return ERR_SERVICE_UNAVAILABLE;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &code);
    /* A refused login is about the account, not about this mail. */
    bool is_about_mail = code >= 500 && code <= 599 && t->result != CURLE_LOGIN_DENIED;
    return is_about_mail ? ERR_INVALID_INPUT : ERR_SERVICE_UNAVAILABLE;
}

static enum err CO_FN run(struct transfer *t, struct arena *a, const char **why)
{
    /* curl waits for the answers to the mail's end and to QUIT without leaving its call. */
    enum err rc = transfer_run_blocking(t);
    if (rc) {
        *why = err_text(rc);
        return rc;
    }
    rc = judge(t);
    if (rc)
        *why = arena_strdup(a, t->error[0] ? t->error : curl_easy_strerror(t->result));
    return rc;
}

/* The call's time, shortened by the coroutine's deadline. */
static int remaining_ms(const struct mail_call *call)
{
    int ms = call->timeout_ms ? call->timeout_ms : DEFAULT_TIMEOUT_MS;
    int64_t deadline = co_deadline(co_self());
    int64_t left = deadline ? (deadline - clock_mono_us()) / US_PER_MS : ms;
    if (left < 1)
        left = 1;
    return left < ms ? (int)left : ms;
}

enum err CO_FN mail_send(struct http_client *c, struct arena *a, const struct mail_call *call,
                         const char **why)
{
    struct transfer t;
    struct mail_source source = {call->message};
    struct curl_slist *to = NULL;
    *why = "";
    if (!are_addresses(call)) {
        *why = "malformed address";
        return ERR_INVALID_INPUT;
    }
    enum err rc = transfer_open(c);
    if (rc) {
        *why = "no mail can be sent from here";
        return rc;
    }
    for (size_t i = 0; i < call->to_count; i++)
        to = transfer_append(to, a, "<", call->to[i], ">");
    transfer_init(&t, c, remaining_ms(call), 0);
    curl_easy_setopt(t.easy, CURLOPT_URL, str_cstr(a, call->url));
    curl_easy_setopt(t.easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    set_security(t.easy, a, call);
    curl_easy_setopt(t.easy, CURLOPT_MAIL_FROM, arena_printf(a, "<%.*s>", STR_ARG(call->from)));
    curl_easy_setopt(t.easy, CURLOPT_MAIL_RCPT, to);
    curl_easy_setopt(t.easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(t.easy, CURLOPT_READFUNCTION, on_upload);
    curl_easy_setopt(t.easy, CURLOPT_READDATA, &source);
    curl_easy_setopt(t.easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)call->message.len);
    curl_easy_setopt(t.easy, CURLOPT_FORBID_REUSE, 1L);
    rc = run(&t, a, why);
    transfer_release(&t);
    curl_slist_free_all(to);
    return rc;
}

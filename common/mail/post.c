#include "post.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mail.h"
#include "trace.h"

#define SEND_TIMEOUT_MS 10000

static bool write_whole(int fd, struct str text)
{
    while (text.len) {
        ssize_t n = write(fd, text.p, text.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        text = str_slice(text, (size_t)n, text.len);
    }
    return true;
}

enum err mail_write_file(struct arena *a, struct str dir, const char *file, struct str text,
                         const char **why)
{
    const char *folder = str_cstr(a, dir);
    const char *name = arena_printf(a, "%s/%s", folder, file);
    const char *part = arena_printf(a, "%s.part", name);
    if (mkdir(folder, 0755) < 0 && errno != EEXIST) {
        *why = arena_printf(a, "%s: %s", folder, strerror(errno));
        return ERR_SERVICE_UNAVAILABLE;
    }
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write_whole(fd, text);
    if (fd >= 0 && close(fd) < 0)
        ok = false;
    if (ok && rename(part, name) == 0)
        return ERR_OK;
    *why = arena_printf(a, "%s: %s", name, strerror(errno));
    return ERR_SERVICE_UNAVAILABLE;
}

static enum mail_tls tls_of(struct str word)
{
    if (str_eq(word, STR("required")))
        return MAIL_TLS_REQUIRED;
    return str_eq(word, STR("off")) ? MAIL_TLS_OFF : MAIL_TLS_AUTO;
}

static enum err CO_FN post(struct http_client *c, struct arena *a, const struct mail_outlet *o,
                           const char *file, struct str to, struct str message, const char **why)
{
    if (!mail_address_is_safe(to)) {
        *why = "the address is not usable";
        return ERR_INVALID_INPUT;
    }
    if (!o->smtp_url.len)
        return mail_write_file(a, o->dir, file, message, why);
    const struct mail_call call = {.url = o->smtp_url,
                                   .from = mail_address(o->from),
                                   .to = &to,
                                   .to_count = 1,
                                   .message = message,
                                   .tls = tls_of(o->starttls),
                                   .ca_file = o->ca_file,
                                   .timeout_ms = SEND_TIMEOUT_MS};
    return mail_send(c, a, &call, why);
}

enum err CO_FN mail_post(struct http_client *c, struct arena *a, const struct mail_outlet *o,
                         const char *file, struct str to, struct str message, const char **why)
{
    struct trace_child span;
    trace_child_begin(&span, co_local());
    enum err rc = post(c, a, o, file, to, message, why);
    const struct log_field fields[] = {
        LOG_CSTR("network.protocol.name", o->smtp_url.len ? "smtp" : "file"),
        LOG_I("tts.mail.size", (int64_t)message.len),
        LOG_CSTR("error.type", rc ? err_code(rc) : ""),
    };
    trace_child_end(&span, SPAN_CLIENT, STR("send mail"), rc ? err_code(rc) : NULL, fields,
                    sizeof fields / sizeof fields[0]);
    return rc;
}

struct str mail_domain(const struct mail_outlet *o)
{
    struct str address = mail_address(o->from);
    ptrdiff_t at = str_index(address, '@', 0);
    return str_slice(address, (size_t)(at + 1), address.len);
}

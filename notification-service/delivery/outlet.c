#include "delivery/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "domain/mail.h"

#define SEND_TIMEOUT_MS 10000

/* ---- files -------------------------------------------------------------------------------- */

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

/* A file appears under its name only when it is complete. */
static enum err write_file(struct service *s, struct arena *a, const struct delivery *d,
                           const char *suffix, struct str text, const char **why)
{
    const char *dir = str_cstr(a, notification_config(s)->mail_dir);
    const char *name = arena_printf(a, "%s/%lld.%s", dir, (long long)d->id, suffix);
    const char *part = arena_printf(a, "%s.part", name);
    if (mkdir(dir, 0755) < 0 && errno != EEXIST) {
        *why = arena_printf(a, "%s: %s", dir, strerror(errno));
        return ERR_SERVICE_UNAVAILABLE;
    }
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    bool ok = fd >= 0 && write_whole(fd, text);
    if (fd >= 0 && close(fd) < 0)
        ok = false;
    if (ok && rename(part, name) == 0)
        return ERR_OK;
    *why = arena_printf(a, "%s: %s", name, strerror(errno));
    return ERR_SERVICE_UNAVAILABLE;
}

/* ---- mail --------------------------------------------------------------------------------- */

static struct str sender_domain(const struct notification_config *c)
{
    struct str address = mail_address(c->mail_from);
    ptrdiff_t at = str_index(address, '@', 0);
    return str_slice(address, (size_t)(at + 1), address.len);
}

static struct str compose(struct service *s, struct arena *a, const struct delivery *d)
{
    const struct notification_config *c = notification_config(s);
    struct str domain = sender_domain(c);
    struct str link = mail_ticket_link(a, c->ticket_url, d->ticket_number);
    const struct mail m = {
        .from = c->mail_from,
        .to_address = d->address,
        .to_name = d->name,
        .subject = d->title,
        .text = str_printf(a, "%.*s\n%s%.*s%s", STR_ARG(d->message), link.len ? "\n" : "",
                           STR_ARG(link), link.len ? "\n" : ""),
        /* The time keeps ids apart from those of a database that was there before. */
        .message_id = str_printf(a, "delivery-%lld.%llx@%.*s", (long long)d->id,
                                 (unsigned long long)d->created_at, STR_ARG(domain)),
        .thread_id = d->ticket_number.len ? str_printf(a, "ticket-%.*s@%.*s",
                                                       STR_ARG(d->ticket_number), STR_ARG(domain))
                                          : STR_NULL,
        .date = d->created_at,
    };
    return mail_compose(a, &m);
}

static enum err CO_FN send_mail(struct service *s, struct arena *a, const struct delivery *d,
                                const char **why)
{
    const struct notification_config *c = notification_config(s);
    if (!d->address.len) {
        *why = "no address is known for this person yet";
        return ERR_USER_NOT_FOUND;
    }
    if (!mail_address_is_safe(d->address)) {
        *why = "the address is not usable";
        return ERR_INVALID_INPUT;
    }
    struct str message = compose(s, a, d);
    if (!c->smtp_url.len)
        return write_file(s, a, d, "eml", message, why);
    const struct mail_call call = {.url = c->smtp_url,
                                   .from = mail_address(c->mail_from),
                                   .to = &d->address,
                                   .to_count = 1,
                                   .message = message,
                                   .timeout_ms = SEND_TIMEOUT_MS};
    return mail_send(s->http, a, &call, why);
}

/* ---- short messages ----------------------------------------------------------------------- */

/* There is no provider; developers find in a file what it would be given. */
static enum err send_short(struct service *s, struct arena *a, const struct delivery *d,
                           const char **why)
{
    if (s->is_production) {
        *why = "no provider is configured for this channel";
        return ERR_INVALID_INPUT;
    }
    struct str text = str_printf(a, "To: %.*s\nTitle: %.*s\n\n%.*s\n", STR_ARG(d->address),
                                 STR_ARG(d->title), STR_ARG(d->message));
    return write_file(s, a, d, str_cstr(a, d->channel), text, why);
}

enum err outlet_send(struct service *s, struct arena *a, const struct delivery *d, const char **why)
{
    return str_eq(d->channel, STR("email")) ? send_mail(s, a, d, why) : send_short(s, a, d, why);
}

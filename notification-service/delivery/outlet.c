#include "delivery/outlet.h"

#include "config.h"
#include "mail.h"

static const char *file_name(struct arena *a, const struct delivery *d, struct str suffix)
{
    return arena_printf(a, "%lld.%.*s", (long long)d->id, STR_ARG(suffix));
}

/* ---- mail --------------------------------------------------------------------------------- */

static struct str compose(struct service *s, struct arena *a, const struct delivery *d)
{
    const struct notification_config *c = notification_config(s);
    struct str domain = mail_domain(&c->mail);
    struct str link = mail_link(a, c->ticket_url, STR("{number}"), d->ticket_number);
    const struct mail m = {
        .from = c->mail.from,
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
    if (!d->address.len) {
        *why = "no address is known for this person yet";
        return ERR_USER_NOT_FOUND;
    }
    return mail_post(s->http, a, &notification_config(s)->mail, file_name(a, d, STR("eml")),
                     d->address, compose(s, a, d), why);
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
    return mail_write_file(a, notification_config(s)->mail.dir, file_name(a, d, d->channel), text,
                           why);
}

enum err outlet_send(struct service *s, struct arena *a, const struct delivery *d, const char **why)
{
    return str_eq(d->channel, STR("email")) ? send_mail(s, a, d, why) : send_short(s, a, d, why);
}

#include "delivery/outlet.h"

#include "config.h"
#include "delivery/provider.h"
#include "mail.h"
#include "message/letter.h"
#include "store/recipient_store.h"

/* ---- mail --------------------------------------------------------------------------------- */

static struct str compose(struct service *s, struct arena *a, const struct delivery *d,
                          const struct letter *l)
{
    const struct notification_config *c = notification_config(s);
    struct str domain = mail_domain(&c->mail);
    const struct mail m = {
        .from = c->mail.from,
        .to_address = d->address,
        .to_name = d->name,
        .subject = d->title,
        .text = l->text,
        .html = l->html,
        .unsubscribe_url = l->unsubscribe_url,
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

static enum err CO_FN send_mail(struct service *s, struct db_session *db, const struct delivery *d,
                                const char **why)
{
    struct letter letter;
    if (!d->address.len) {
        *why = "no address is known for this person yet";
        return ERR_USER_NOT_FOUND;
    }
    enum err rc = letter_write(s, db, d, &letter);
    if (rc)
        return rc;
    return mail_post(s->http, db->arena, &notification_config(s)->mail,
                     arena_printf(db->arena, "%lld.eml", (long long)d->id), d->address,
                     compose(s, db->arena, d, &letter), why);
}

/* ---- still wanted? ------------------------------------------------------------------------ */

static enum err CO_FN check(struct db_session *db, const struct delivery *d, enum channel channel,
                            const char **why)
{
    enum event_group group = group_parse(d->event_group);
    struct wishes wishes;
    if (d->is_inactive) {
        *why = "the person is deactivated";
        return ERR_FORBIDDEN;
    }
    if (d->user_id <= 0 || group == GROUP_COUNT)
        return ERR_OK;
    enum err rc = recipient_store_wishes(db, d->user_id, &wishes);
    if (rc || matrix_is_on(&wishes, group, channel))
        return rc;
    *why = "the person does not want it any more";
    return ERR_FORBIDDEN;
}

enum err outlet_send(struct service *s, struct db_session *db, const struct delivery *d,
                     const char **why)
{
    enum channel channel = channel_parse(d->channel);
    enum err rc = check(db, d, channel, why);
    if (rc)
        return rc;
    if (channel == CHANNEL_EMAIL)
        return send_mail(s, db, d, why);
    return channel == CHANNEL_SMS ? provider_send_sms(s, db->arena, d, why)
                                  : provider_send_push(s, db->arena, d, why);
}

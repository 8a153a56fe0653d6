#include "events/publish.h"

#include "config.h"
#include "domain/shipped.h"
#include "event.h"
#include "events/dispatch.h"
#include "message/facts.h"
#include "message/wording.h"
#include "store/message_store.h"
#include "store/recipient_store.h"
#include "store/trace_store.h"

static bool is_on_purpose(const struct announcement *a)
{
    return a->channel.len > 0;
}

/* The person is the subject: a person's events keep their order. */
static enum err CO_FN put(struct db_session *db, const char *type,
                          const struct event_notification *payload, struct log_context log)
{
    const struct event_meta meta = {.source = "notification-service",
                                    .type = type,
                                    .subject =
                                        str_printf(db->arena, "%lld", (long long)payload->user_id),
                                    .time = payload->created_at,
                                    .log = log};
    return event_put(db, &meta, &EVENT_NOTIFICATION, payload);
}

static enum err CO_FN lock(struct db_session *db, const struct announcement *a,
                           struct recipient *out)
{
    *out = (struct recipient){0};
    if (a->user_id)
        return recipient_store_lock(db, a->user_id, a->now, out);
    return recipient_store_lock_address(db, dispatch_key(db->arena, a));
}

static unsigned channels_of(const struct announcement *a, const struct recipient *who)
{
    if (is_on_purpose(a))
        return CHANNEL_BIT(channel_parse(a->channel));
    return matrix_channels(&who->wishes, a->group, a->offered);
}

/* Title and message, in the person's language. */
static enum err CO_FN put_into_words(struct service *s, struct db_session *db,
                                     const struct announcement *a, const struct recipient *who,
                                     struct new_notification *n)
{
    struct wording w;
    n->language = who->language;
    n->title = a->title;
    n->message = a->message;
    if (!a->template.p)
        return ERR_OK;
    enum err rc =
        wording_find(db, a->template, who->language, notification_config(s)->language, &w);
    if (rc)
        return rc;
    const struct fact more[] = {{"name", who->name}, {"email", who->email}, {NULL, STR_NULL}};
    const struct json *view = facts_view(db->arena, facts_with(db->arena, a->facts, more));
    n->title = wording_plain(db->arena, w.subject, view);
    n->message = wording_plain(db->arena, w.message, view);
    if (!n->title.len)
        n->title = a->type;
    n->language = w.language;
    n->template = a->template;
    n->facts = a->facts;
    return ERR_OK;
}

/* Where it is told first: in the app if there, else on the only or the first channel. */
static enum channel main_channel(unsigned channels)
{
    int c = CHANNEL_IN_APP;
    while (!(channels & CHANNEL_BIT(c)))
        c++;
    return (enum channel)c;
}

static enum err CO_FN store(struct service *s, struct db_session *db, const struct announcement *a,
                            const struct recipient *who, enum channel channel,
                            struct notification *out, bool *is_new)
{
    struct new_notification n = {
        .user_id = a->user_id,
        .type = a->type,
        .ticket_id = a->ticket_id,
        .ticket_number = a->ticket_number,
        .channel = channel_word(channel),
        .data = a->data,
        .event_id = a->event_id,
        .message_id = a->message_id,
        .event_group = is_on_purpose(a) ? STR_NULL : group_word(a->group),
        .is_urgent = a->is_urgent,
        .now = a->now,
        .is_read = a->is_history,
    };
    enum err rc = put_into_words(s, db, a, who, &n);
    return rc ? rc : notification_store_add(db, &n, out, is_new);
}

enum err announce(struct service *s, struct db_session *db, const struct announcement *a,
                  struct notification *out, bool *is_new)
{
    struct recipient who;
    *is_new = false;
    enum err rc = lock(db, a, &who);
    if (rc)
        return rc;
    unsigned channels = channels_of(a, &who);
    if (!channels)
        return ERR_OK;
    rc = store(s, db, a, &who, main_channel(channels), out, is_new);
    if (rc || !*is_new || a->is_history)
        return rc;
    rc = dispatch(s, db, a, &who, channels, out);
    if (rc == ERR_OK && channels != CHANNEL_BIT(CHANNEL_IN_APP))
        rc = trace_store_keep(db, out->id, &a->log);
    if (rc || !(channels & CHANNEL_BIT(CHANNEL_IN_APP)))
        return rc;
    const struct event_notification payload = {.id = out->id,
                                               .change_id = JSON_NO_INT,
                                               .user_id = a->user_id,
                                               .type = out->type,
                                               .title = out->title,
                                               .message = out->message,
                                               .ticket_number = a->ticket_number,
                                               .is_read = JSON_FALSE,
                                               .created_at = a->now};
    return put(db, "notification.created", &payload, a->log);
}

/* ---- messages that change or are gone ------------------------------------------------------ */

/* What is told instead. */
struct rewording {
    struct str template, facts;
    struct str why;  /* what waits to be sent is not sent; absent: it is, with the new words */
    int64_t version; /* of the message; 0: that does not matter */
};

/* The words for somebody who was told of it. */
static enum err CO_FN words_for(struct service *s, struct db_session *db, const struct told *who,
                                const struct rewording *r, struct other_words *out)
{
    struct wording w;
    enum err rc =
        wording_find(db, r->template, who->language, notification_config(s)->language, &w);
    if (rc)
        return rc;
    const struct fact more[] = {{"name", who->name}, {"email", who->email}, {NULL, STR_NULL}};
    const struct json *view = facts_view(db->arena, facts_with(db->arena, r->facts, more));
    *out = (struct other_words){
        .title = wording_plain(db->arena, w.subject, view),
        .message = wording_plain(db->arena, w.message, view),
        .template = r->template,
        .facts = r->facts,
        .language = w.language,
        .why = r->why,
        .version = r->version,
    };
    if (!out->title.len)
        out->title = r->template;
    return ERR_OK;
}

static enum err CO_FN tell_otherwise(struct service *s, struct db_session *db,
                                     const struct told *who, const struct rewording *r,
                                     struct log_context log)
{
    struct other_words words;
    struct notification n;
    int64_t change_id;
    enum err rc = words_for(s, db, who, r, &words);
    if (rc == ERR_OK)
        rc = message_store_reword(db, who->id, &words, &n, &change_id);
    if (rc == ERR_NOT_FOUND) /* deleted meanwhile, or it says so or something newer already */
        return ERR_OK;
    if (rc || !who->is_in_app)
        return rc;
    const struct event_notification payload = {.id = n.id,
                                               .change_id = change_id,
                                               .user_id = n.user_id,
                                               .type = n.type,
                                               .title = n.title,
                                               .message = n.message,
                                               .ticket_number = n.ticket_number,
                                               .is_read = n.is_read ? JSON_TRUE : JSON_FALSE,
                                               .created_at = n.created_at};
    return put(db, "notification.changed", &payload, log);
}

static enum err CO_FN tell_all_otherwise(struct service *s, struct db_session *db,
                                         int64_t message_id, const struct rewording *r,
                                         struct log_context log)
{
    const struct told *told;
    size_t n;
    enum err rc = message_store_told(db, message_id, &told, &n);
    for (size_t i = 0; rc == ERR_OK && i < n; i++)
        rc = tell_otherwise(s, db, &told[i], r, log);
    return rc;
}

enum err announce_gone(struct service *s, struct db_session *db, const struct event_message *m,
                       int64_t now, struct log_context log)
{
    const struct occasion o = {.actor_name = m->sender_name, .ticket_number = m->ticket_number};
    const struct rewording gone = {.template = STR(SHIPPED_MESSAGE_GONE),
                                   .facts = facts_of(db->arena, &o),
                                   .why = STR("the message is gone")};
    bool is_new;
    enum err rc = message_store_end(db, m->id, now, &is_new);
    return rc || !is_new ? rc : tell_all_otherwise(s, db, m->id, &gone, log);
}

enum err announce_edited(struct service *s, struct db_session *db, const struct event_message *m,
                         struct log_context log)
{
    const struct rewording edited = {.template = STR(SHIPPED_MESSAGE_RECEIVED),
                                     .facts = facts_of_message(db->arena, m),
                                     .version = m->version > 0 ? m->version : 0};
    return tell_all_otherwise(s, db, m->id, &edited, log);
}

enum err announce_read(struct db_session *db, int64_t user_id, int64_t now, struct log_context log)
{
    const struct event_notification payload = {
        .change_id = JSON_NO_INT, .user_id = user_id, .is_read = JSON_UNSET, .created_at = now};
    return put(db, "notification.read", &payload, log);
}

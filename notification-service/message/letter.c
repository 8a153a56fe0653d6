#include "message/letter.h"

#include "clock.h"
#include "config.h"
#include "domain/shipped.h"
#include "mail.h"
#include "message/facts.h"
#include "message/unsubscribe.h"
#include "message/wording.h"
#include "store/digest_store.h"

/* More than these are only counted. */
#define ITEMS_MAX 100
#define TIME_SHOWN 16 /* of "2026-01-12T10:30:00Z" */

static struct str link_to(struct service *s, struct arena *a, struct str ticket_number)
{
    return mail_link(a, notification_config(s)->ticket_url, STR("{number}"), ticket_number);
}

static struct str when(struct arena *a, int64_t us)
{
    char text[TIME_TEXT_SIZE];
    time_format_s(us, text);
    text[10] = ' ';
    return str_dup(a, str_n(text, TIME_SHOWN));
}

static void write_items(struct service *s, struct json_writer *w, struct arena *a,
                        const struct digest_items *items)
{
    JW_KEY(w, "items");
    jw_array(w);
    for (size_t i = 0; i < items->count; i++) {
        const struct digest_item *item = &items->items[i];
        jw_object(w);
        JW_STR(w, "title", item->title);
        JW_STR(w, "message", item->message);
        JW_STR(w, "ticket_number", item->ticket_number);
        JW_STR(w, "link", link_to(s, a, item->ticket_number));
        JW_STR(w, "time", when(a, item->created_at));
        jw_end_object(w);
    }
    jw_end_array(w);
    JW_INT(w, "count", items->total);
    JW_INT(w, "more", items->total - (int64_t)items->count);
}

/* The facts of a digest: what it lists. */
static enum err CO_FN digest_facts(struct service *s, struct db_session *db,
                                   const struct delivery *d, struct str *out)
{
    struct digest_items items;
    struct json_writer w;
    struct buf b;
    enum err rc = digest_store_items(db, d->id, ITEMS_MAX, &items);
    if (rc)
        return rc;
    buf_init(&b, db->arena);
    jw_init(&w, &b);
    jw_object(&w);
    write_items(s, &w, db->arena, &items);
    jw_end_object(&w);
    *out = buf_str(&b);
    return ERR_OK;
}

static struct str unsubscribe_of(struct service *s, struct arena *a, const struct delivery *d)
{
    struct wishes shipped = {0};
    enum event_group group = group_parse(d->event_group);
    if (d->user_id <= 0)
        return STR_NULL;
    if (str_eq(d->type, STR(SHIPPED_DIGEST)))
        return unsubscribe_url(s, a, d->user_id, GROUP_COUNT);
    if (group == GROUP_COUNT || matrix_is_locked(&shipped, group, CHANNEL_EMAIL))
        return STR_NULL;
    return unsubscribe_url(s, a, d->user_id, group);
}

enum err letter_write(struct service *s, struct db_session *db, const struct delivery *d,
                      struct letter *out)
{
    struct arena *a = db->arena;
    struct str name = d->template.len ? d->template : STR(SHIPPED_MESSAGE), facts = d->facts;
    struct wording w;
    enum err rc = str_eq(d->type, STR(SHIPPED_DIGEST)) ? digest_facts(s, db, d, &facts) : ERR_OK;
    if (rc == ERR_OK)
        rc = wording_find(db, name, d->language, notification_config(s)->language, &w);
    if (rc == ERR_NOT_FOUND) /* one of an administrator's own that is no more */
        rc = wording_find(db, STR(SHIPPED_MESSAGE), d->language, notification_config(s)->language,
                          &w);
    if (rc)
        return rc;
    out->unsubscribe_url = unsubscribe_of(s, a, d);
    const struct fact more[] = {
        {"name", d->name},
        {"email", d->address},
        {"title", d->title},
        {"message", d->message},
        {"ticket_number", d->ticket_number},
        {"link", link_to(s, a, d->ticket_number)},
        {"unsubscribe_link", out->unsubscribe_url},
        {NULL, STR_NULL},
    };
    const struct json *view = facts_view(a, facts_with(a, facts, more));
    out->text = wording_plain(a, w.text, view);
    out->html = wording_html(a, w.html, view);
    if (!out->text.len) /* a template that shows nothing must not eat a message */
        out->text = d->message;
    return ERR_OK;
}

#include "delivery/digests.h"

#include "clock.h"
#include "config.h"
#include "domain/shipped.h"
#include "log.h"
#include "message/facts.h"
#include "message/wording.h"
#include "state.h"
#include "store/delivery_store.h"
#include "store/digest_store.h"
#include "store/notification_store.h"
#include "store/recipient_store.h"

struct making {
    struct service *service;
    int64_t now, user_id;
};

/* A notification of its own, so that it has a place in the history. */
static enum err CO_FN add_mail(struct db_session *db, const struct making *m,
                               const struct recipient *who, int64_t *delivery_id,
                               int64_t *notification_id)
{
    const struct new_notification n = {
        .user_id = m->user_id,
        .type = STR(SHIPPED_DIGEST),
        .title = STR(""),
        .message = STR(""),
        .channel = channel_word(CHANNEL_EMAIL),
        .template = STR(SHIPPED_DIGEST),
        .language = who->language,
        .now = m->now,
    };
    struct notification made;
    bool is_new;
    enum err rc = notification_store_add(db, &n, &made, &is_new);
    if (rc)
        return rc;
    const struct new_delivery d = {
        .notification_id = made.id,
        .user_id = m->user_id,
        .channel = channel_word(CHANNEL_EMAIL),
        .recipient_key = str_printf(db->arena, "user:%lld", (long long)m->user_id),
        .target = STR(""),
        .not_before = who->quiet_until,
        .now = m->now,
    };
    *notification_id = made.id;
    return delivery_store_add(db, &d, delivery_id);
}

/* The title says how many there are, which is known only now. */
static enum err CO_FN put_title(struct db_session *db, const struct making *m,
                                const struct recipient *who, int64_t notification_id, int64_t count)
{
    struct wording w;
    enum err rc = wording_find(db, STR(SHIPPED_DIGEST), who->language,
                               notification_config(m->service)->language, &w);
    if (rc)
        return rc;
    const struct fact more[] = {
        {"count", str_printf(db->arena, "%lld", (long long)count)},
        {"name", who->name},
        {NULL, STR_NULL},
    };
    const struct json *view = facts_view(db->arena, facts_with(db->arena, STR_NULL, more));
    struct str title = wording_plain(db->arena, w.subject, view);
    return notification_store_rename(db, notification_id, title.len ? title : STR(SHIPPED_DIGEST),
                                     wording_plain(db->arena, w.message, view));
}

static enum err CO_FN make(struct db_session *db, void *arg)
{
    struct making *m = arg;
    struct recipient who;
    int64_t delivery_id, notification_id, count;
    bool taken;
    enum err rc = digest_store_next(db, m->now, &m->user_id);
    if (rc || !m->user_id)
        return rc;
    rc = recipient_store_lock(db, m->user_id, m->now, &who);
    if (rc == ERR_OK)
        rc = digest_store_take(db, m->user_id, m->now, &taken);
    if (rc || !taken)
        return rc;
    if (who.is_inactive || !who.wishes.is_channel_on[CHANNEL_EMAIL])
        return digest_store_suppress(db, m->user_id, STR("the person gets no mail any more"));
    rc = add_mail(db, m, &who, &delivery_id, &notification_id);
    if (rc == ERR_OK)
        rc = digest_store_fill(db, m->user_id, delivery_id, &count);
    if (rc == ERR_OK && count == 0)
        return notification_store_drop(db, notification_id);
    if (rc == ERR_OK)
        rc = put_title(db, m, &who, notification_id, count);
    if (rc == ERR_OK)
        db_on_commit(db, courier_kick, notification_state(m->service)->couriers[CHANNEL_EMAIL]);
    return rc;
}

bool CO_FN digests_work(struct courier *c, struct service *s, struct arena *a)
{
    struct making m = {.service = s, .now = clock_wall_us()};
    struct db_session db;
    db_session_init(&db, s->db, a);
    enum err rc = db_transact(&db, make, &m);
    if (rc)
        log_warn("no digest could be made", LOG_CSTR("error", err_code(rc)));
    if (rc || !m.user_id)
        return false;
    courier_claimed(c);
    return true;
}

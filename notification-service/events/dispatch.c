#include "events/dispatch.h"

#include "clock.h"
#include "config.h"
#include "courier.h"
#include "state.h"
#include "store/delivery_store.h"
#include "store/device_store.h"
#include "store/digest_store.h"

#define HOUR_US (3600 * US_PER_S)

struct str dispatch_key(struct arena *a, const struct announcement *what)
{
    if (what->user_id)
        return str_printf(a, "user:%lld", (long long)what->user_id);
    return str_lower(a, what->recipient.p ? what->recipient : STR(""));
}

struct str dispatch_target(struct arena *a, struct str address)
{
    ptrdiff_t at = str_index(address, '@', 0);
    return at < 0 ? STR("") : str_lower(a, str_slice(address, (size_t)at + 1, address.len));
}

/* What an event causes may wait for a digest, or for the end of quiet hours. */
static bool may_wait(const struct announcement *a)
{
    return !a->channel.len && !a->is_urgent;
}

/* When the digest that takes it is due, or INT64_MIN for none. */
static int64_t digest_due(const struct announcement *a, const struct recipient *who,
                          enum channel channel)
{
    if (channel != CHANNEL_EMAIL || !may_wait(a))
        return INT64_MIN;
    if (str_eq(who->digest, STR("daily")))
        return who->daily_at;
    return str_eq(who->digest, STR("hourly")) ? a->now + HOUR_US : INT64_MIN;
}

struct outgoing {
    struct service *service;
    struct db_session *db;
    const struct announcement *a;
    const struct recipient *who;
    int64_t notification_id;
};

static enum err CO_FN add(const struct outgoing *o, enum channel channel, struct str recipient,
                          int64_t device_id)
{
    const struct announcement *a = o->a;
    struct arena *arena = o->db->arena;
    struct str key = dispatch_key(arena, a);
    /* Limits of push messages are those of a device: each gets every message. */
    if (device_id)
        key = str_printf(arena, "device:%lld", (long long)device_id);
    int64_t due = digest_due(a, o->who, channel), at = a->now, id;
    if (may_wait(a) && o->who->quiet_until > at)
        at = o->who->quiet_until;
    int64_t slot = at;
    enum err rc = ERR_OK;
    if (due == INT64_MIN)
        rc = delivery_store_pace(o->db, key, channel_word(channel),
                                 &notification_config(o->service)->pace[channel], at, &slot);
    if (rc)
        return rc;
    if (slot > at && channel == CHANNEL_EMAIL && !a->channel.len)
        due = a->now + HOUR_US;
    if (due != INT64_MIN)
        rc = digest_store_schedule(o->db, a->user_id, due);
    const struct new_delivery d = {
        .notification_id = o->notification_id,
        .user_id = a->user_id,
        .channel = channel_word(channel),
        .recipient = recipient,
        .recipient_key = key,
        .target = channel == CHANNEL_EMAIL
                      ? dispatch_target(arena, recipient.p ? recipient : o->who->email)
                      : STR(""),
        .device_id = device_id,
        .is_collected = due != INT64_MIN,
        .not_before = due != INT64_MIN ? due : slot,
        .now = a->now,
    };
    if (rc == ERR_OK)
        rc = delivery_store_add(o->db, &d, &id);
    if (rc == ERR_OK && d.not_before <= a->now)
        db_on_commit(o->db, courier_kick, notification_state(o->service)->couriers[channel]);
    return rc;
}

/* One delivery a device; what is sent on purpose goes to the device that is named. */
static enum err CO_FN add_push(const struct outgoing *o)
{
    struct device_list devices = {0};
    enum err rc = ERR_OK;
    if (!o->a->recipient.p)
        rc = device_store_list(o->db, o->a->user_id, &devices);
    for (size_t i = 0; rc == ERR_OK && i < devices.count; i++)
        rc = add(o, CHANNEL_PUSH, devices.items[i].token, devices.items[i].id);
    if (rc == ERR_OK && devices.count == 0 && o->a->channel.len)
        rc = add(o, CHANNEL_PUSH, o->a->recipient, 0);
    return rc;
}

static enum err CO_FN add_sms(const struct outgoing *o)
{
    bool is_reachable = o->who->phone.len || o->a->channel.len;
    return is_reachable ? add(o, CHANNEL_SMS, o->a->recipient, 0) : ERR_OK;
}

enum err dispatch(struct service *s, struct db_session *db, const struct announcement *a,
                  const struct recipient *who, unsigned channels, const struct notification *n)
{
    const struct outgoing o = {s, db, a, who, n->id};
    enum err rc = ERR_OK;
    if (channels & CHANNEL_BIT(CHANNEL_EMAIL))
        rc = add(&o, CHANNEL_EMAIL, a->recipient, 0);
    if (rc == ERR_OK && (channels & CHANNEL_BIT(CHANNEL_SMS)))
        rc = add_sms(&o);
    if (rc == ERR_OK && (channels & CHANNEL_BIT(CHANNEL_PUSH)))
        rc = add_push(&o);
    return rc;
}

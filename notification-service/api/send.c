#include "api/send.h"

#include <stddef.h>

#include "api/view.h"
#include "events/publish.h"
#include "mail.h"
#include "people.h"
#include "service.h"

#define MAX_TITLE 200
#define MAX_MESSAGE 10000
#define MAX_RECIPIENT 254
#define TEXT (JF_REQUIRED | JF_NON_EMPTY)

/* ---- bodies ------------------------------------------------------------------------------- */

struct order {
    int64_t user_id;
    struct str to; /* an address, absent: the person's */
    struct str type, title, message, ticket_number, data, channel;
};

#define AT(member) offsetof(struct order, member)
static const struct json_field NEW_FIELDS[] = {
    {"user_id", JK_INT, AT(user_id), JF_REQUIRED, .min = 1, .max = INT64_MAX},
    {"type", JK_STR, AT(type), TEXT, .max = 64, .doc = "a word of the sender's choice"},
    {"title", JK_STR, AT(title), TEXT, .max = MAX_TITLE},
    {"message", JK_STR, AT(message), JF_REQUIRED, .max = MAX_MESSAGE},
    {"ticket_number", JK_STR, AT(ticket_number), .max = 64},
    {"channel", JK_ENUM, AT(channel), .choices = "in_app|email|sms|push"},
    {"data", JK_RAW, AT(data), .doc = "kept as it is"},
};
JSON_SCHEMA(NEW_NOTIFICATION, "NewNotification", struct order, NEW_FIELDS);

static const struct json_field EMAIL_FIELDS[] = {
    {"to", JK_EMAIL, AT(to), .doc = "absent: the person's address"},
    {"user_id", JK_INT, AT(user_id), .min = 1, .max = INT64_MAX},
    {"subject", JK_STR, AT(title), TEXT, .max = MAX_TITLE, .alias = "title"},
    {"body", JK_STR, AT(message), TEXT, .max = MAX_MESSAGE, .alias = "message"},
};
JSON_SCHEMA(NEW_EMAIL, "NewEmail", struct order, EMAIL_FIELDS);

static const struct json_field SMS_FIELDS[] = {
    {"to", JK_STR, AT(to), .max = MAX_RECIPIENT},
    {"user_id", JK_INT, AT(user_id), .min = 1, .max = INT64_MAX},
    {"message", JK_STR, AT(message), TEXT, .max = 1600, .alias = "body"},
};
JSON_SCHEMA(NEW_SMS, "NewSms", struct order, SMS_FIELDS);

static const struct json_field PUSH_FIELDS[] = {
    {"token", JK_STR, AT(to), .max = 4096, .doc = "of a device"},
    {"user_id", JK_INT, AT(user_id), .min = 1, .max = INT64_MAX},
    {"title", JK_STR, AT(title), TEXT, .max = MAX_TITLE},
    {"body", JK_STR, AT(message), TEXT, .max = MAX_MESSAGE, .alias = "message"},
    {"data", JK_RAW, AT(data), .doc = "kept as it is"},
};
#undef AT
JSON_SCHEMA(NEW_PUSH, "NewPush", struct order, PUSH_FIELDS);

/* ---- handlers ----------------------------------------------------------------------------- */

static enum err CO_FN send(struct req *r, const struct order *o, int status)
{
    const struct announcement a = {
        .user_id = o->user_id == JSON_NO_INT ? 0 : o->user_id,
        .type = o->type,
        .title = o->title,
        .message = o->message,
        .ticket_number = o->ticket_number,
        .channel = o->channel,
        .data = o->data,
        .recipient = o->to.len ? o->to : STR_NULL,
        .is_history = r->time_overridden,
        .now = r->now,
        .log = r->log,
    };
    struct db_session *db;
    struct person person;
    struct notification n;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK && a.user_id)
        rc = person_by_id(db, a.user_id, &person);
    if (rc == ERR_OK)
        rc = announce_alone(req_service(r), db, &a, &n);
    return rc ? rc : req_reply_json(r, status, &NOTIFICATION_SCHEMA, &n);
}

enum err CO_FN send_notification(struct req *r)
{
    return send(r, r->body, 201);
}

/* What is queued for a channel is accepted, not yet done: 202. */
static enum err CO_FN send_on(struct req *r, struct str channel, struct str title)
{
    struct order o = *(const struct order *)r->body;
    if (o.user_id == JSON_NO_INT && !o.to.len)
        return req_failf(r, ERR_INVALID_INPUT, "a recipient or user_id is required");
    o.channel = channel;
    o.type = channel;
    if (title.len)
        o.title = title;
    return send(r, &o, 202);
}

enum err CO_FN send_email(struct req *r)
{
    const struct order *o = r->body;
    if (o->to.len && !mail_address_is_safe(o->to)) {
        req_field_error(r, "to", "is not a usable address");
        return ERR_VALIDATION_ERROR;
    }
    return send_on(r, STR("email"), STR_NULL);
}

enum err CO_FN send_sms(struct req *r)
{
    return send_on(r, STR("sms"), STR("Short message"));
}

enum err CO_FN send_push(struct req *r)
{
    return send_on(r, STR("push"), STR_NULL);
}

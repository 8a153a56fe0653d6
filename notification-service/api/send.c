#include "api/send.h"

#include <stddef.h>

#include "api/view.h"
#include "events/publish.h"
#include "mail.h"
#include "people.h"
#include "service.h"
#include "write_run.h"

#define MAX_TITLE 200
#define MAX_MESSAGE 10000
#define MAX_RECIPIENT 254
#define TEXT (JF_REQUIRED | JF_NON_EMPTY)

/* ---- bodies ------------------------------------------------------------------------------- */

struct order {
    int64_t user_id;
    struct str to; /* an address, absent: the person's */
    struct str type, title, message, ticket_number, data, channel, template;
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
    {"subject", JK_STR, AT(title), .max = MAX_TITLE, .alias = "title"},
    {"body", JK_STR, AT(message), .max = MAX_MESSAGE, .alias = "message"},
    {"template", JK_STR, AT(template), .max = 64, .doc = "instead of subject and body"},
    {"data", JK_RAW, AT(data), .doc = "an object that fills the template"},
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

struct sending {
    const struct order *order;
    int status;
};

static enum err CO_FN send(struct req *r, struct db_session *db, void *arg, struct answer *out)
{
    const struct sending *x = arg;
    const struct order *o = x->order;
    bool has_template = o->template.len > 0, is_new;
    const struct announcement a = {
        .user_id = o->user_id == JSON_NO_INT ? 0 : o->user_id,
        .type = o->type,
        .template = has_template ? o->template : STR_NULL,
        .facts = has_template ? o->data : STR_NULL,
        .title = o->title,
        .message = o->message,
        .ticket_number = o->ticket_number,
        .channel = o->channel.len ? o->channel : STR("in_app"),
        .data = o->data,
        .recipient = o->to.len ? o->to : STR_NULL,
        .is_history = r->time_overridden,
        .now = r->now,
        .log = r->log,
    };
    struct person person;
    struct notification n;
    enum err rc = a.user_id ? person_by_id(db, a.user_id, &person) : ERR_OK;
    if (rc)
        return rc;
    rc = announce(req_service(r), db, &a, &n, &is_new);
    if (rc == ERR_NOT_FOUND) {
        req_field_error(r, "template", "is not a template");
        return ERR_VALIDATION_ERROR;
    }
    if (rc)
        return rc;
    out->status = x->status;
    out->body = answer_json(r->arena, &NOTIFICATION_SCHEMA, &n);
    return ERR_OK;
}

static enum err CO_FN send_order(struct req *r, const struct order *o, int status)
{
    struct sending x = {o, status};
    return write_run(r, req_body_text(r), send, &x);
}

enum err CO_FN send_notification(struct req *r)
{
    return send_order(r, r->body, 201);
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
    return send_order(r, &o, 202);
}

/* Either a template, or words of one's own. */
static enum err check_words(struct req *r, const struct order *o)
{
    const struct json *data = json_get(req_json(r), "data");
    if (o->template.len) {
        if (!data || json_type(data) == JSON_OBJECT)
            return ERR_OK;
        req_field_error(r, "data", "must be an object");
        return ERR_INVALID_INPUT;
    }
    if (!str_trim(o->title).len)
        req_field_error(r, "subject", "is required");
    if (!str_trim(o->message).len)
        req_field_error(r, "body", "is required");
    return req_has_field_errors(r) ? ERR_INVALID_INPUT : ERR_OK;
}

enum err CO_FN send_email(struct req *r)
{
    const struct order *o = r->body;
    if (o->to.len && !mail_address_is_safe(o->to)) {
        req_field_error(r, "to", "is not a usable address");
        return ERR_VALIDATION_ERROR;
    }
    enum err rc = check_words(r, o);
    return rc ? rc : send_on(r, STR("email"), STR_NULL);
}

enum err CO_FN send_sms(struct req *r)
{
    return send_on(r, STR("sms"), STR("Short message"));
}

enum err CO_FN send_push(struct req *r)
{
    return send_on(r, STR("push"), STR_NULL);
}

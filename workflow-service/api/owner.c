#include "api/owner.h"

#include "actor.h"
#include "api/field.h"
#include "cause.h"
#include "events/publish.h"
#include "service.h"
#include "store/owner_store.h"

#define MAX_REASON 4000

/* Both bodies and both replies; each has its own schema. */
struct owner_body {
    struct str ticket_number;
    int64_t new_owner_id;
    struct str reason, urgency;
};

struct owner_reply {
    struct str status, ticket_number, old_owner, new_owner, transferred_by;
    int64_t escalated_at, transferred_at;
    struct str message;
};

#define NUMBER_FIELD                                                                               \
    {                                                                                              \
        .name = "ticket_number", .kind = JK_STR,                                                   \
        .offset = offsetof(struct owner_body, ticket_number), .flags = JF_REQUIRED | JF_NON_EMPTY, \
        .alias = "ticket_id"                                                                       \
    }

static const struct json_field ESCALATE_FIELDS[] = {
    NUMBER_FIELD,
    {.name = "reason",
     .kind = JK_STR,
     .offset = offsetof(struct owner_body, reason),
     .flags = JF_REQUIRED | JF_NON_EMPTY,
     .max = MAX_REASON},
    {.name = "urgency", .kind = JK_STR, .offset = offsetof(struct owner_body, urgency), .max = 32},
};
JSON_SCHEMA(ESCALATE_BODY, "EscalateRequest", struct owner_body, ESCALATE_FIELDS);

static const struct json_field TRANSFER_FIELDS[] = {
    NUMBER_FIELD,
    {.name = "new_owner_id",
     .kind = JK_INT,
     .offset = offsetof(struct owner_body, new_owner_id),
     .flags = JF_REQUIRED,
     .alias = "new_owner_user_id"},
    {.name = "reason",
     .kind = JK_STR,
     .offset = offsetof(struct owner_body, reason),
     .max = MAX_REASON},
};
JSON_SCHEMA(TRANSFER_BODY, "TransferRequest", struct owner_body, TRANSFER_FIELDS);

static const struct json_field ESCALATED_FIELDS[] = {
    FIELD(owner_reply, JK_STR, status),        FIELD(owner_reply, JK_STR, ticket_number),
    FIELD(owner_reply, JK_STR, old_owner),     FIELD(owner_reply, JK_STR, new_owner),
    FIELD(owner_reply, JK_TIME, escalated_at), FIELD(owner_reply, JK_STR, message),
};
JSON_SCHEMA(ESCALATE_REPLY, "EscalateReply", struct owner_reply, ESCALATED_FIELDS);

static const struct json_field TRANSFERRED_FIELDS[] = {
    FIELD(owner_reply, JK_STR, status),         FIELD(owner_reply, JK_STR, ticket_number),
    FIELD(owner_reply, JK_STR, old_owner),      FIELD(owner_reply, JK_STR, new_owner),
    FIELD(owner_reply, JK_STR, transferred_by), FIELD(owner_reply, JK_TIME, transferred_at),
};
JSON_SCHEMA(TRANSFER_REPLY, "TransferReply", struct owner_reply, TRANSFERRED_FIELDS);

struct job {
    struct cause cause;
    const struct owner_body *body;
    bool is_escalation;
    struct ownership before;
    int64_t new_owner_id;
    struct str new_owner;
};

static enum err CO_FN choose_admin(struct db_session *s, struct job *j)
{
    enum err rc = owner_check_escalation(&j->before.facts);
    if (rc)
        return rc;
    return owner_store_pick_admin(s, &j->before, j->cause.actor_id, j->cause.now, &j->new_owner_id,
                                  &j->new_owner);
}

static enum err CO_FN choose_named(struct db_session *s, struct job *j)
{
    struct owner_candidate to;
    enum err rc = owner_store_candidate(s, j->body->new_owner_id, &to, &j->new_owner);
    j->new_owner_id = j->body->new_owner_id;
    return rc ? rc : owner_check_transfer(&j->before.facts, &to);
}

static enum err CO_FN change_owner(struct db_session *s, void *arg)
{
    struct job *j = arg;
    enum err rc = owner_store_lock(s, j->body->ticket_number, j->cause.actor_id, &j->before);
    if (rc == ERR_OK)
        rc = j->is_escalation ? choose_admin(s, j) : choose_named(s, j);
    if (rc)
        return rc;
    struct owner_change change = {
        .is_escalation = j->is_escalation,
        .new_owner_id = j->new_owner_id,
        .actor_id = j->cause.actor_id,
        .reason = j->body->reason.p ? j->body->reason : STR(""),
        .urgency = j->body->urgency,
        .now = j->cause.now,
    };
    rc = owner_store_change(s, &j->before, &change);
    return rc ? rc : publish_owner(s, &j->cause, j->body->ticket_number, j->new_owner_id);
}

static enum err CO_FN run(struct req *r, struct job *j)
{
    struct db_session *s;
    j->body = r->body;
    cause_from_request(&j->cause, r);
    enum err rc = req_db(r, &s);
    return rc ? rc : db_transact(s, change_owner, j);
}

enum err owner_escalate(struct req *r)
{
    struct job j = {.is_escalation = true};
    enum err rc = run(r, &j);
    if (rc == ERR_USER_NOT_FOUND)
        return req_failf(r, ERR_CONFLICT, "No administrator is available");
    if (rc)
        return req_fail(r, rc);
    struct owner_reply reply = {
        .status = STR("success"),
        .ticket_number = j.body->ticket_number,
        .old_owner = j.before.owner_name,
        .new_owner = j.new_owner,
        .escalated_at = j.cause.now,
        .message = STR("Ticket escalated successfully"),
    };
    return req_reply_json(r, 200, &ESCALATE_REPLY, &reply);
}

enum err owner_transfer(struct req *r)
{
    struct job j = {.is_escalation = false};
    enum err rc = run(r, &j);
    if (rc == ERR_INVALID_TRANSFER && j.new_owner_id != j.before.facts.owner_id)
        return req_failf(r, rc, "The new owner must be a Ticket Coordinator or an Admin");
    if (rc)
        return req_fail(r, rc);
    struct owner_reply reply = {
        .status = STR("success"),
        .ticket_number = j.body->ticket_number,
        .old_owner = j.before.owner_name,
        .new_owner = j.new_owner,
        .transferred_by = j.cause.actor_name,
        .transferred_at = j.cause.now,
    };
    return req_reply_json(r, 200, &TRANSFER_REPLY, &reply);
}

#pragma once
/*
 * Domain events: CloudEvents 1.0 (structured JSON) on the topic exchange tts.events, routing key =
 * type. Payloads are declared here once; every program encodes and decodes them by these schemas.
 * The CloudEvents id is the AMQP message_id; subject is the ticket number or user id. The extension
 * attributes traceparent and tracestate (W3C Trace Context) name the work that caused the event;
 * the AMQP headers of the same names name the hop, once it is recorded.
 *
 * In payloads an id, a rating or a time that is 0 or JSON_NO_INT counts as absent and is left out;
 * decoding gives JSON_NO_INT. Consumers ignore members they do not know.
 */
#include "db.h"
#include "json.h"
#include "mq.h"

/* ticket.* : the ticket after the change. */
struct event_ticket {
    int64_t ticket_id;
    struct str ticket_number, subject, category, sub_category, department, priority;
    struct str status;     /* helpdesk words: Open, In Progress, … */
    struct str old_status; /* ticket.status_changed */
    int64_t requester_id;
    struct str requester_name, requester_email;
    int64_t owner_id; /* JSON_NO_INT: none */
    struct str owner_name;
    int64_t actor_id; /* who caused it, JSON_NO_INT: the system */
    struct str actor_name;
    struct str comment;    /* ticket.commented */
    struct str visibility; /* ticket.commented: public or internal */
    int64_t rating;        /* ticket.closed, feedback.received */
    struct str feedback;
    struct str reason;
    int64_t created_at;
    struct json_array watcher_ids;   /* int64_t: who watches it, of those who may read this */
    struct json_array mentioned_ids; /* int64_t, ticket.commented: likewise whom it names */
};
extern const struct json_schema EVENT_TICKET;

/* task.* and sla.* */
struct event_task {
    int64_t task_id, task_item_id;
    struct str ticket_number, subject;
    struct str workflow_name, step, previous_step, role, status;
    struct str transition; /* task.transitioned */
    struct str notes;
    int64_t assignee_id; /* JSON_NO_INT: pooled */
    struct str assignee_name;
    int64_t owner_id;
    struct str owner_name;
    int64_t requester_id;
    struct str outcome; /* task.completed: resolved or rejected */
    int64_t actor_id;
    struct str actor_name;
    struct str metric;           /* sla.*: resolution, step, … */
    int64_t due_at;              /* sla.* */
    struct str reason;           /* task.pooled */
    struct json_array admin_ids; /* int64_t, task.pooled: who can do something about it */
};
extern const struct json_schema EVENT_TASK;

/* message.created, and message.changed: the message as it is now, without what it said when it is
 * deleted or unsent. */
struct event_message {
    int64_t id, conversation_id, sender_id;
    struct str ticket_number, sender_name, sender_role, type, content, client_id;
    int64_t created_at, edited_at, deleted_at, unsent_at;
    int64_t version, reply_to_id;
    struct str attachments, reply_to, reactions, reaction_counts; /* JSON */
    struct json_array mentioned_ids;                              /* int64_t */
    struct json_array participant_ids;                            /* int64_t */
    struct json_array muted_ids; /* int64_t: those of them who do not want to hear of it */
    /* message.changed: the change's place in the order of its conversation, what was done, by whom
     */
    int64_t change_id;
    struct str change, actor_name, reaction;
    int64_t actor_id, happened_at;
};
extern const struct json_schema EVENT_MESSAGE;

/* conversation.changed: who takes part, how far somebody has read, the title. */
struct event_conversation {
    int64_t id; /* place in the order of the conversation */
    int64_t conversation_id;
    struct str ticket_number, change, title;
    int64_t actor_id;
    struct str actor_name;
    struct json_array user_ids; /* int64_t: who was added or removed */
    int64_t last_read_id;
    int64_t happened_at;
    struct json_array participant_ids; /* int64_t */
};
extern const struct json_schema EVENT_CONVERSATION;

/* conversation.signal: of the moment only, kept by nobody. */
struct event_signal {
    struct str signal; /* typing or presence */
    int64_t conversation_id, user_id;
    struct str ticket_number, user_name;
    int8_t is_typing;
    struct json_array online_ids, offline_ids; /* int64_t */
    int64_t happened_at;
};
extern const struct json_schema EVENT_SIGNAL;

/* user.created, user.updated; role.assigned, role.revoked carry the user with all roles left. */
struct event_user_role {
    struct str system, role;
    int64_t system_role_id;
};
struct event_user {
    int64_t id;
    struct str email, name, department;
    int8_t active;
    int64_t version;         /* grows with every change; an older one is ignored */
    struct json_array roles; /* struct event_user_role */
};
extern const struct json_schema EVENT_USER;

/* notification.created, notification.changed; notification.read names only the person. */
struct event_notification {
    int64_t id, user_id;
    int64_t change_id; /* notification.changed: the place of the change among the ids */
    struct str type, title, message, ticket_number;
    int8_t is_read;
    int64_t created_at;
};
extern const struct json_schema EVENT_NOTIFICATION;

/* job.*: how far a long operation is; of a completed one, how it ended. */
struct event_job {
    struct str job_id, kind; /* kind: "ticket.bulk" */
    struct str state;        /* queued, running, succeeded, partial, failed, cancelled */
    int8_t is_dry_run;
    int64_t total, done, failed, skipped; /* items */
    struct str error;                     /* why it failed as a whole */
    int64_t created_by;                   /* who asked for it */
    struct str created_by_name;
    int64_t created_at, finished_at;
};
extern const struct json_schema EVENT_JOB;

/* webhook.failed */
struct event_webhook {
    int64_t webhook_id;
    struct str host;   /* of its URL, which may hold secrets */
    struct str reason; /* gone, failing */
    int64_t owner_id;  /* who made it */
    int64_t failing_since;
    int64_t last_status; /* JSON_NO_INT: no answer */
    struct str last_error;
};
extern const struct json_schema EVENT_WEBHOOK;

/* audit.recorded. People are named by id only. */
struct event_audit {
    struct str action; /* "role.grant" */
    struct str result; /* allowed or refused */
    int64_t actor_id;  /* JSON_NO_INT: not a person */
    struct str actor;  /* the program that acted */
    struct str target_type, target_id;
    struct str address, user_agent, trace_id;
    struct str details; /* a JSON object */
};
extern const struct json_schema EVENT_AUDIT;

/* Every event type, once: event.def. Documents and tests are made from it. */
struct event_kind {
    const char *type;
    const struct json_schema *schema;
    const char *source;  /* the service that emits it */
    const char *meaning; /* what has happened */
};
extern const struct event_kind EVENT_CATALOGUE[];
extern const size_t EVENT_CATALOGUE_COUNT;
/* NULL when there is no such type. */
const struct event_kind *event_kind(struct str type);

/* What an event is about and where it came from. */
struct event_meta {
    const char *source; /* "auth-service" */
    const char *type;   /* "ticket.created" */
    struct str subject;
    int64_t time;           /* wall µs */
    struct log_context log; /* becomes traceparent */
    bool time_overridden;   /* time is not the clock's: it goes along in the header x-tts-time */
};

/* Writes the event to the outbox of the current transaction. ERR_INTERNAL_ERROR when type and
 * schema are not a pair of the catalogue, else what outbox_put returns. */
MUST_CHECK enum err CO_FN event_put(struct db_session *s, const struct event_meta *meta,
                                    const struct json_schema *schema, const void *payload);

/* The row that event_put writes, for outbox_rows. ERR_INTERNAL_ERROR as above. */
struct outbox_entry;
MUST_CHECK enum err event_entry(struct arena *a, const struct event_meta *meta,
                                const struct json_schema *schema, const void *payload,
                                struct outbox_entry *out);

struct event {
    struct str id, type, source, subject;
    int64_t time;
    const struct json *data;
};
/* ERR_INVALID_PAYLOAD when the message is no CloudEvent with JSON data. */
MUST_CHECK enum err event_decode(struct arena *a, const struct mq_message *m, struct event *out);
/* Fills *out by schema; ERR_INVALID_PAYLOAD with the first problem in *why. */
MUST_CHECK enum err event_data(struct arena *a, const struct event *e,
                               const struct json_schema *schema, void *out, const char **why);

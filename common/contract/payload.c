/* The payloads of domain events. Where 0 names nobody and no time it counts as absent, so that a
 * struct that was only zeroed does not tell of user 0 or of 1970. */
#include <stddef.h>

#include "event.h"

#define OPTIONAL_ID (JF_OMIT | JF_NON_EMPTY)

#define AT(member) offsetof(struct event_ticket, member)
static const struct json_field ticket_fields[] = {
    {"ticket_id", JK_INT, AT(ticket_id), JF_REQUIRED},
    {"ticket_number", JK_STR, AT(ticket_number), JF_REQUIRED | JF_NON_EMPTY},
    {"subject", JK_STR, AT(subject)},
    {"category", JK_STR, AT(category)},
    {"sub_category", JK_STR, AT(sub_category)},
    {"department", JK_STR, AT(department)},
    {"priority", JK_STR, AT(priority)},
    {"status", JK_STR, AT(status), .doc = "a word of the helpdesk: Open, In Progress, …"},
    {"old_status", JK_STR, AT(old_status), JF_OMIT},
    {"requester_id", JK_INT, AT(requester_id), OPTIONAL_ID},
    {"requester_name", JK_STR, AT(requester_name)},
    {"requester_email", JK_STR, AT(requester_email)},
    {"owner_id", JK_INT, AT(owner_id), OPTIONAL_ID},
    {"owner_name", JK_STR, AT(owner_name), JF_OMIT},
    {"actor_id", JK_INT, AT(actor_id), OPTIONAL_ID, .doc = "who caused it; absent: the system"},
    {"actor_name", JK_STR, AT(actor_name), JF_OMIT},
    {"comment", JK_STR, AT(comment), JF_OMIT},
    {"visibility", JK_STR, AT(visibility), JF_OMIT, .doc = "public or internal"},
    {"rating", JK_INT, AT(rating), OPTIONAL_ID},
    {"feedback", JK_STR, AT(feedback), JF_OMIT},
    {"reason", JK_STR, AT(reason), JF_OMIT},
    {"watcher_ids", JK_INT_ARRAY, AT(watcher_ids), JF_OMIT},
    {"mentioned_ids", JK_INT_ARRAY, AT(mentioned_ids), JF_OMIT, .doc = "whom a comment names"},
    {"created_at", JK_TIME, AT(created_at), JF_MS | JF_NON_EMPTY},
};
#undef AT
JSON_SCHEMA(EVENT_TICKET, "TicketEvent", struct event_ticket, ticket_fields);

#define AT(member) offsetof(struct event_task, member)
static const struct json_field task_fields[] = {
    {"task_id", JK_INT, AT(task_id), JF_REQUIRED},
    {"task_item_id", JK_INT, AT(task_item_id), OPTIONAL_ID},
    {"ticket_number", JK_STR, AT(ticket_number), JF_REQUIRED | JF_NON_EMPTY},
    {"subject", JK_STR, AT(subject)},
    {"workflow_name", JK_STR, AT(workflow_name)},
    {"step", JK_STR, AT(step)},
    {"previous_step", JK_STR, AT(previous_step), JF_OMIT},
    {"role", JK_STR, AT(role)},
    {"status", JK_STR, AT(status)},
    {"transition", JK_STR, AT(transition), JF_OMIT},
    {"notes", JK_STR, AT(notes), JF_OMIT},
    {"assignee_id", JK_INT, AT(assignee_id), OPTIONAL_ID, .doc = "absent: anyone of the role"},
    {"assignee_name", JK_STR, AT(assignee_name), JF_OMIT},
    {"owner_id", JK_INT, AT(owner_id), OPTIONAL_ID},
    {"owner_name", JK_STR, AT(owner_name), JF_OMIT},
    {"requester_id", JK_INT, AT(requester_id), OPTIONAL_ID},
    {"outcome", JK_STR, AT(outcome), JF_OMIT, .doc = "resolved or rejected"},
    {"actor_id", JK_INT, AT(actor_id), OPTIONAL_ID, .doc = "who caused it; absent: the system"},
    {"actor_name", JK_STR, AT(actor_name), JF_OMIT},
    {"metric", JK_STR, AT(metric), JF_OMIT, .doc = "which deadline: resolution, step, …"},
    {"due_at", JK_TIME, AT(due_at), JF_MS | OPTIONAL_ID},
    {"reason", JK_STR, AT(reason), JF_OMIT, .doc = "why nobody has it"},
    {"admin_ids", JK_INT_ARRAY, AT(admin_ids), JF_OMIT, .doc = "who is told of it"},
};
#undef AT
JSON_SCHEMA(EVENT_TASK, "TaskEvent", struct event_task, task_fields);

#define AT(member) offsetof(struct event_message, member)
static const struct json_field message_fields[] = {
    {"id", JK_INT, AT(id), JF_REQUIRED},
    {"conversation_id", JK_INT, AT(conversation_id), JF_REQUIRED},
    {"sender_id", JK_INT, AT(sender_id), OPTIONAL_ID, .doc = "absent: the system"},
    {"ticket_number", JK_STR, AT(ticket_number), JF_OMIT},
    {"sender_name", JK_STR, AT(sender_name)},
    {"sender_role", JK_STR, AT(sender_role), JF_OMIT},
    {"type", JK_STR, AT(type), JF_OMIT, .doc = "text, image or file"},
    {"content", JK_STR, AT(content), JF_REQUIRED},
    {"client_id", JK_STR, AT(client_id), JF_OMIT, .doc = "the sender's own id for the message"},
    {"attachments", JK_RAW, AT(attachments), JF_OMIT},
    {"reply_to_id", JK_INT, AT(reply_to_id), OPTIONAL_ID},
    {"reply_to", JK_RAW, AT(reply_to), JF_OMIT, .doc = "the beginning of what it answers"},
    {"mentioned_ids", JK_INT_ARRAY, AT(mentioned_ids), JF_OMIT, .doc = "whom it names"},
    {"version", JK_INT, AT(version), OPTIONAL_ID},
    {"created_at", JK_TIME, AT(created_at), JF_MS | JF_NON_EMPTY},
    {"edited_at", JK_TIME, AT(edited_at), JF_MS | OPTIONAL_ID},
    {"deleted_at", JK_TIME, AT(deleted_at), JF_MS | OPTIONAL_ID},
    {"unsent_at", JK_TIME, AT(unsent_at), JF_MS | OPTIONAL_ID},
    {"reactions", JK_RAW, AT(reactions), JF_OMIT},
    {"reaction_counts", JK_RAW, AT(reaction_counts), JF_OMIT},
    {"participant_ids", JK_INT_ARRAY, AT(participant_ids)},
    {"muted_ids", JK_INT_ARRAY, AT(muted_ids), JF_OMIT, .doc = "those of them who have muted it"},
    {"change_id", JK_INT, AT(change_id), OPTIONAL_ID, .doc = "place in the order of changes"},
    {"change", JK_STR, AT(change), JF_OMIT,
     .doc = "edited, deleted, unsent, attached, detached, reaction_added or reaction_removed"},
    {"actor_id", JK_INT, AT(actor_id), OPTIONAL_ID, .doc = "who changed it"},
    {"actor_name", JK_STR, AT(actor_name), JF_OMIT},
    {"reaction", JK_STR, AT(reaction), JF_OMIT, .doc = "or the id of the file"},
    {"happened_at", JK_TIME, AT(happened_at), JF_MS | OPTIONAL_ID},
};
#undef AT
JSON_SCHEMA(EVENT_MESSAGE, "MessageEvent", struct event_message, message_fields);

#define AT(member) offsetof(struct event_conversation, member)
static const struct json_field conversation_fields[] = {
    {"id", JK_INT, AT(id), JF_REQUIRED, .doc = "place in the order of changes"},
    {"conversation_id", JK_INT, AT(conversation_id), JF_REQUIRED},
    {"ticket_number", JK_STR, AT(ticket_number), JF_OMIT},
    {"change", JK_STR, AT(change), JF_REQUIRED,
     .doc = "members_added, members_removed, owner, people, renamed or read"},
    {"title", JK_STR, AT(title), JF_OMIT},
    {"actor_id", JK_INT, AT(actor_id), OPTIONAL_ID, .doc = "who changed it; absent: the system"},
    {"actor_name", JK_STR, AT(actor_name), JF_OMIT},
    {"user_ids", JK_INT_ARRAY, AT(user_ids), JF_OMIT, .doc = "who was added or removed"},
    {"last_read_id", JK_INT, AT(last_read_id), OPTIONAL_ID, .doc = "how far the actor has read"},
    {"happened_at", JK_TIME, AT(happened_at), JF_MS | OPTIONAL_ID},
    {"participant_ids", JK_INT_ARRAY, AT(participant_ids)},
};
#undef AT
JSON_SCHEMA(EVENT_CONVERSATION, "ConversationEvent", struct event_conversation,
            conversation_fields);

#define AT(member) offsetof(struct event_signal, member)
static const struct json_field signal_fields[] = {
    {"signal", JK_STR, AT(signal), JF_REQUIRED, .doc = "typing or presence"},
    {"conversation_id", JK_INT, AT(conversation_id), OPTIONAL_ID},
    {"ticket_number", JK_STR, AT(ticket_number), JF_OMIT},
    {"user_id", JK_INT, AT(user_id), OPTIONAL_ID},
    {"user_name", JK_STR, AT(user_name), JF_OMIT},
    {"is_typing", JK_BOOL, AT(is_typing), JF_OMIT},
    {"online_ids", JK_INT_ARRAY, AT(online_ids), JF_OMIT, .doc = "who came online"},
    {"offline_ids", JK_INT_ARRAY, AT(offline_ids), JF_OMIT, .doc = "who went"},
    {"happened_at", JK_TIME, AT(happened_at), JF_MS | OPTIONAL_ID},
};
#undef AT
JSON_SCHEMA(EVENT_SIGNAL, "SignalEvent", struct event_signal, signal_fields);

#define AT(member) offsetof(struct event_user_role, member)
static const struct json_field user_role_fields[] = {
    {"system", JK_STR, AT(system), JF_REQUIRED},
    {"role", JK_STR, AT(role), JF_REQUIRED},
    {"system_role_id", JK_INT, AT(system_role_id), OPTIONAL_ID},
};
#undef AT
static JSON_SCHEMA(USER_ROLE, "UserEventRole", struct event_user_role, user_role_fields);

#define AT(member) offsetof(struct event_user, member)
static const struct json_field user_fields[] = {
    {"id", JK_INT, AT(id), JF_REQUIRED},
    {"email", JK_STR, AT(email), JF_REQUIRED},
    {"name", JK_STR, AT(name)},
    {"department", JK_STR, AT(department)},
    {"active", JK_BOOL, AT(active), JF_REQUIRED},
    {"version", JK_INT, AT(version), JF_REQUIRED},
    {"roles", JK_ARRAY, AT(roles), .sub = &USER_ROLE},
};
#undef AT
JSON_SCHEMA(EVENT_USER, "UserEvent", struct event_user, user_fields);

#define AT(member) offsetof(struct event_notification, member)
static const struct json_field notification_fields[] = {
    {"id", JK_INT, AT(id), JF_OMIT},
    {"change_id", JK_INT, AT(change_id), JF_OMIT},
    {"user_id", JK_INT, AT(user_id), JF_REQUIRED},
    {"type", JK_STR, AT(type), JF_OMIT},
    {"title", JK_STR, AT(title)},
    {"message", JK_STR, AT(message)},
    {"ticket_number", JK_STR, AT(ticket_number), JF_OMIT},
    {"is_read", JK_BOOL, AT(is_read), JF_OMIT},
    {"created_at", JK_TIME, AT(created_at), JF_MS | JF_NON_EMPTY},
};
#undef AT
JSON_SCHEMA(EVENT_NOTIFICATION, "NotificationEvent", struct event_notification,
            notification_fields);

#define AT(member) offsetof(struct event_job, member)
static const struct json_field job_fields[] = {
    {"job_id", JK_STR, AT(job_id), JF_REQUIRED | JF_NON_EMPTY},
    {"kind", JK_STR, AT(kind), JF_REQUIRED},
    {"state", JK_STR, AT(state), JF_REQUIRED,
     .doc = "running, or how it ended: succeeded, partial, failed, cancelled"},
    {"dry_run", JK_BOOL, AT(is_dry_run), .doc = "nothing was to change"},
    {"total", JK_INT, AT(total), JF_REQUIRED, .doc = "items; all others are counted of them"},
    {"done", JK_INT, AT(done), JF_REQUIRED},
    {"failed", JK_INT, AT(failed), JF_REQUIRED},
    {"skipped", JK_INT, AT(skipped)},
    {"error", JK_STR, AT(error), JF_OMIT, .doc = "why it failed as a whole"},
    {"created_by", JK_INT, AT(created_by), JF_REQUIRED, .doc = "who asked for it"},
    {"created_by_name", JK_STR, AT(created_by_name)},
    {"created_at", JK_TIME, AT(created_at), JF_MS | JF_NON_EMPTY},
    {"finished_at", JK_TIME, AT(finished_at), JF_MS | OPTIONAL_ID},
};
#undef AT
JSON_SCHEMA(EVENT_JOB, "JobEvent", struct event_job, job_fields);

#define AT(member) offsetof(struct event_webhook, member)
static const struct json_field webhook_fields[] = {
    {"webhook_id", JK_INT, AT(webhook_id), JF_REQUIRED},
    {"host", JK_STR, AT(host), JF_REQUIRED},
    {"reason", JK_STR, AT(reason), JF_REQUIRED, .doc = "gone or failing"},
    {"owner_id", JK_INT, AT(owner_id), OPTIONAL_ID, .doc = "who made it"},
    {"failing_since", JK_TIME, AT(failing_since), JF_MS | OPTIONAL_ID},
    {"last_status", JK_INT, AT(last_status), OPTIONAL_ID, .doc = "absent: there was no answer"},
    {"last_error", JK_STR, AT(last_error), JF_OMIT},
};
#undef AT
JSON_SCHEMA(EVENT_WEBHOOK, "WebhookEvent", struct event_webhook, webhook_fields);

#define AT(member) offsetof(struct event_audit, member)
static const struct json_field audit_fields[] = {
    {"action", JK_STR, AT(action), JF_REQUIRED | JF_NON_EMPTY, .doc = "such as role.grant"},
    {"result", JK_ENUM, AT(result), JF_REQUIRED, .choices = "allowed|refused"},
    {"actor_id", JK_INT, AT(actor_id), OPTIONAL_ID, .doc = "the person who acted"},
    {"actor", JK_STR, AT(actor), JF_OMIT, .doc = "the program that acted"},
    {"target_type", JK_STR, AT(target_type), JF_OMIT},
    {"target_id", JK_STR, AT(target_id), JF_OMIT},
    {"address", JK_STR, AT(address), JF_OMIT},
    {"user_agent", JK_STR, AT(user_agent), JF_OMIT},
    {"trace_id", JK_STR, AT(trace_id), JF_OMIT},
    {"details", JK_RAW, AT(details), JF_OMIT},
};
#undef AT
JSON_SCHEMA(EVENT_AUDIT, "AuditRecordedEvent", struct event_audit, audit_fields);

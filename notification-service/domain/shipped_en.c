#include "shipped.h"

#define ACTOR "{{#actor}}{{{actor}}}{{/actor}}{{^actor}}The helpdesk{{/actor}}"
#define TICKET "{{{ticket_number}}} \"{{{subject}}}{{^subject}}no subject{{/subject}}\""
#define STEP "{{#step}}{{{step}}}{{/step}}{{^step}}next step{{/step}}"
#define STATUS "{{#status}}{{{status}}}{{/status}}{{^status}}changed{{/status}}"
#define RATING "{{#rating}} with {{rating}} of 5 stars{{/rating}}"
#define DEADLINE "The {{{metric}}}{{^metric}}resolution{{/metric}} deadline of ticket " TICKET

const struct shipped SHIPPED_EN[] = {
    {"ticket_created", "We received your ticket {{{ticket_number}}}",
     "Your ticket " TICKET " has been received and will be worked on.", NULL, NULL},
    {"ticket_assigned_owner", "You now own ticket {{{ticket_number}}}",
     "Ticket " TICKET " is now yours.", NULL, NULL},
    {"ticket_assigned",
     "{{{owner}}}{{^owner}}Somebody{{/owner}} takes care of your ticket {{{ticket_number}}}",
     "{{{owner}}}{{^owner}}Somebody{{/owner}} now takes care of your ticket " TICKET ".", NULL,
     NULL},
    {"ticket_status_changed", "Your ticket {{{ticket_number}}} is now " STATUS,
     "The status of your ticket " TICKET " is now " STATUS ".", NULL, NULL},
    {"ticket_status_changed_other", "Ticket {{{ticket_number}}} is now " STATUS,
     "The status of ticket " TICKET " is now " STATUS ".", NULL, NULL},
    {"comment_added_requester", "New reply on ticket {{{ticket_number}}}",
     ACTOR " wrote on " TICKET ": {{{text}}}", NULL, NULL},
    {"comment_added", "New comment on ticket {{{ticket_number}}}",
     ACTOR " wrote on " TICKET ": {{{text}}}", NULL, NULL},
    {"mention", ACTOR " named you on ticket {{{ticket_number}}}",
     ACTOR " named you on " TICKET ": {{{text}}}", NULL, NULL},
    {"ticket_closed_other", "Ticket {{{ticket_number}}} was closed",
     "Ticket " TICKET " was closed" RATING ".", NULL, NULL},
    {"ticket_closed", "Your ticket {{{ticket_number}}} is closed",
     "Your ticket " TICKET " is closed. Thank you for your feedback.", NULL, NULL},
    {"task_assigned", STEP ": ticket {{{ticket_number}}} waits for you",
     "You have been assigned the step " STEP " of ticket " TICKET
     " as {{{role}}}{{^role}}assignee{{/role}}.",
     NULL, NULL},
    {"task_pooled", STEP ": ticket {{{ticket_number}}} waits for somebody",
     "The step " STEP " of ticket " TICKET
     " waits for a {{{role}}}{{^role}}assignee{{/role}}: {{{text}}}.",
     NULL, NULL},
    {"workflow_step_change", "Ticket {{{ticket_number}}} moved to " STEP,
     ACTOR " moved ticket " TICKET " to " STEP ".", NULL, NULL},
    {"task_completed", "The work on ticket {{{ticket_number}}} is done",
     "The workflow of ticket " TICKET " ended as {{{outcome}}}{{^outcome}}completed{{/outcome}}.",
     NULL, NULL},
    {"sla_warning", "Ticket {{{ticket_number}}} is due soon", DEADLINE " is near.", NULL, NULL},
    {"sla_breach", "Ticket {{{ticket_number}}} is overdue", DEADLINE " has passed.", NULL, NULL},
    {"feedback_received", "Ticket {{{ticket_number}}} was rated",
     ACTOR " rated ticket " TICKET RATING ".", NULL, NULL},
    {"job_completed", "Your job has ended: " STATUS, "{{{text}}}", NULL, NULL},
    {SHIPPED_MESSAGE_RECEIVED, "New message from " ACTOR, "{{{text}}}", NULL, NULL},
    {SHIPPED_MESSAGE_GONE, "A message from " ACTOR, "The message was taken back.", NULL, NULL},
    {"welcome", "Welcome to the helpdesk", "Hello {{{name}}}, your account is ready.", NULL, NULL},
    {SHIPPED_MESSAGE, "{{{title}}}", "{{{message}}}", NULL, NULL},
    {SHIPPED_DIGEST, "{{count}} notifications from the helpdesk",
     "{{count}} notifications have been collected for you.",
     "{{#name}}\nHello {{{name}}},\n\n{{/name}}\nthis is what has happened:\n\n"
     "{{#items}}\n* {{{title}}} ({{{time}}} UTC)\n  {{{message}}}\n{{#link}}\n  {{{link}}}\n"
     "{{/link}}\n\n{{/items}}\n{{#more}}\nand {{more}} more.\n{{/more}}\n"
     "{{#unsubscribe_link}}\n-- \nNo more mails like this: {{{unsubscribe_link}}}\n"
     "{{/unsubscribe_link}}\n",
     "<!DOCTYPE html>\n<html lang=\"en\"><body style=\"font-family:sans-serif;max-width:40em\">\n"
     "<p>{{#name}}Hello {{name}}, {{/name}}this is what has happened:</p>\n<ul>\n"
     "{{#items}}\n<li><strong>{{#link}}<a href=\"{{link}}\">{{title}}</a>{{/link}}"
     "{{^link}}{{title}}{{/link}}</strong> <small>{{time}} UTC</small><br>"
     "<span style=\"white-space:pre-line\">{{message}}</span></li>\n{{/items}}\n</ul>\n"
     "{{#more}}\n<p>and {{more}} more.</p>\n{{/more}}\n{{#unsubscribe_link}}\n"
     "<p><small><a href=\"{{unsubscribe_link}}\">No more mails like this</a></small></p>\n"
     "{{/unsubscribe_link}}\n</body></html>\n"},
    {SHIPPED_LAYOUT, "{{{title}}}", "{{{message}}}",
     "{{{message}}}\n{{#link}}\n\n{{{link}}}\n{{/link}}\n{{#unsubscribe_link}}\n\n-- \n"
     "No more mails like this: {{{unsubscribe_link}}}\n{{/unsubscribe_link}}\n",
     "<!DOCTYPE html>\n<html lang=\"en\"><body style=\"font-family:sans-serif;max-width:40em\">\n"
     "<h1 style=\"font-size:1.2em\">{{title}}</h1>\n"
     "<p style=\"white-space:pre-line\">{{message}}</p>\n{{#link}}\n"
     "<p><a href=\"{{link}}\">Open ticket {{ticket_number}}</a></p>\n{{/link}}\n"
     "{{#unsubscribe_link}}\n"
     "<p><small><a href=\"{{unsubscribe_link}}\">No more mails like this</a></small></p>\n"
     "{{/unsubscribe_link}}\n</body></html>\n"},
    {NULL, NULL, NULL, NULL, NULL},
};

#include "shipped.h"

#define ACTOR "{{#actor}}{{{actor}}}{{/actor}}{{^actor}}Der Helpdesk{{/actor}}"
#define OWNER "{{#owner}}{{{owner}}}{{/owner}}{{^owner}}Jemand{{/owner}}"
#define TICKET "{{{ticket_number}}} „{{{subject}}}{{^subject}}ohne Betreff{{/subject}}“"
#define STEP "{{#step}}{{{step}}}{{/step}}{{^step}}nächster Schritt{{/step}}"
#define STATUS "{{#status}}{{{status}}}{{/status}}{{^status}}geändert{{/status}}"
#define RATING "{{#rating}} mit {{rating}} von 5 Sternen{{/rating}}"
#define ROLE "{{{role}}}{{^role}}Bearbeiter{{/role}}"
#define DEADLINE "Die Frist ({{{metric}}}{{^metric}}resolution{{/metric}}) des Tickets " TICKET

const struct shipped SHIPPED_DE[] = {
    {"ticket_created", "Wir haben Ihr Ticket {{{ticket_number}}} erhalten",
     "Ihr Ticket " TICKET " ist eingegangen und wird bearbeitet.", NULL, NULL},
    {"ticket_assigned_owner", "Ticket {{{ticket_number}}} gehört jetzt Ihnen",
     "Sie sind jetzt für das Ticket " TICKET " zuständig.", NULL, NULL},
    {"ticket_assigned", OWNER " kümmert sich um Ihr Ticket {{{ticket_number}}}",
     OWNER " kümmert sich jetzt um Ihr Ticket " TICKET ".", NULL, NULL},
    {"ticket_status_changed", "Ihr Ticket {{{ticket_number}}} ist jetzt: " STATUS,
     "Der Status Ihres Tickets " TICKET " ist jetzt: " STATUS ".", NULL, NULL},
    {"ticket_status_changed_other", "Ticket {{{ticket_number}}} ist jetzt: " STATUS,
     "Der Status des Tickets " TICKET " ist jetzt: " STATUS ".", NULL, NULL},
    {"comment_added_requester", "Neue Antwort zum Ticket {{{ticket_number}}}",
     ACTOR " schreibt zu " TICKET ": {{{text}}}", NULL, NULL},
    {"comment_added", "Neuer Kommentar zum Ticket {{{ticket_number}}}",
     ACTOR " schreibt zu " TICKET ": {{{text}}}", NULL, NULL},
    {"mention", ACTOR " hat Sie im Ticket {{{ticket_number}}} erwähnt",
     ACTOR " hat Sie in " TICKET " erwähnt: {{{text}}}", NULL, NULL},
    {"ticket_closed_other", "Ticket {{{ticket_number}}} wurde geschlossen",
     "Das Ticket " TICKET " wurde geschlossen" RATING ".", NULL, NULL},
    {"ticket_closed", "Ihr Ticket {{{ticket_number}}} ist geschlossen",
     "Ihr Ticket " TICKET " ist geschlossen. Vielen Dank für Ihre Rückmeldung.", NULL, NULL},
    {"task_assigned", STEP ": Ticket {{{ticket_number}}} wartet auf Sie",
     "Ihnen wurde der Schritt " STEP " des Tickets " TICKET " als " ROLE " zugewiesen.", NULL,
     NULL},
    {"task_pooled", STEP ": Ticket {{{ticket_number}}} wartet auf jemanden",
     "Der Schritt " STEP " des Tickets " TICKET " wartet (" ROLE "): {{{text}}}.", NULL, NULL},
    {"workflow_step_change", "Ticket {{{ticket_number}}} ist jetzt im Schritt " STEP,
     ACTOR " hat das Ticket " TICKET " in den Schritt " STEP " gebracht.", NULL, NULL},
    {"task_completed", "Die Arbeit am Ticket {{{ticket_number}}} ist getan",
     "Der Ablauf des Tickets " TICKET " endete als {{{outcome}}}{{^outcome}}completed{{/outcome}}.",
     NULL, NULL},
    {"sla_warning", "Ticket {{{ticket_number}}} ist bald fällig", DEADLINE " läuft bald ab.", NULL,
     NULL},
    {"sla_breach", "Ticket {{{ticket_number}}} ist überfällig", DEADLINE " ist abgelaufen.", NULL,
     NULL},
    {"feedback_received", "Ticket {{{ticket_number}}} wurde bewertet",
     ACTOR " hat das Ticket " TICKET RATING " bewertet.", NULL, NULL},
    {"job_completed", "Ihr Auftrag ist beendet: " STATUS, "{{{text}}}", NULL, NULL},
    {SHIPPED_MESSAGE_RECEIVED, "Neue Nachricht von " ACTOR, "{{{text}}}", NULL, NULL},
    {SHIPPED_MESSAGE_GONE, "Eine Nachricht von " ACTOR, "Die Nachricht wurde zurückgenommen.", NULL,
     NULL},
    {"welcome", "Willkommen beim Helpdesk", "Guten Tag {{{name}}}, Ihr Konto ist bereit.", NULL,
     NULL},
    {SHIPPED_MESSAGE, "{{{title}}}", "{{{message}}}", NULL, NULL},
    {SHIPPED_DIGEST, "{{count}} Benachrichtigungen vom Helpdesk",
     "Für Sie wurden {{count}} Benachrichtigungen gesammelt.",
     "{{#name}}\nGuten Tag {{{name}}},\n\n{{/name}}\ndas ist geschehen:\n\n"
     "{{#items}}\n* {{{title}}} ({{{time}}} UTC)\n  {{{message}}}\n{{#link}}\n  {{{link}}}\n"
     "{{/link}}\n\n{{/items}}\n{{#more}}\nund {{more}} weitere.\n{{/more}}\n"
     "{{#unsubscribe_link}}\n-- \nKeine solchen Mails mehr: {{{unsubscribe_link}}}\n"
     "{{/unsubscribe_link}}\n",
     "<!DOCTYPE html>\n<html lang=\"de\"><body style=\"font-family:sans-serif;max-width:40em\">\n"
     "<p>{{#name}}Guten Tag {{name}}, {{/name}}das ist geschehen:</p>\n<ul>\n"
     "{{#items}}\n<li><strong>{{#link}}<a href=\"{{link}}\">{{title}}</a>{{/link}}"
     "{{^link}}{{title}}{{/link}}</strong> <small>{{time}} UTC</small><br>"
     "<span style=\"white-space:pre-line\">{{message}}</span></li>\n{{/items}}\n</ul>\n"
     "{{#more}}\n<p>und {{more}} weitere.</p>\n{{/more}}\n{{#unsubscribe_link}}\n"
     "<p><small><a href=\"{{unsubscribe_link}}\">Keine solchen Mails mehr</a></small></p>\n"
     "{{/unsubscribe_link}}\n</body></html>\n"},
    {SHIPPED_LAYOUT, "{{{title}}}", "{{{message}}}",
     "{{{message}}}\n{{#link}}\n\n{{{link}}}\n{{/link}}\n{{#unsubscribe_link}}\n\n-- \n"
     "Keine solchen Mails mehr: {{{unsubscribe_link}}}\n{{/unsubscribe_link}}\n",
     "<!DOCTYPE html>\n<html lang=\"de\"><body style=\"font-family:sans-serif;max-width:40em\">\n"
     "<h1 style=\"font-size:1.2em\">{{title}}</h1>\n"
     "<p style=\"white-space:pre-line\">{{message}}</p>\n{{#link}}\n"
     "<p><a href=\"{{link}}\">Ticket {{ticket_number}} öffnen</a></p>\n{{/link}}\n"
     "{{#unsubscribe_link}}\n"
     "<p><small><a href=\"{{unsubscribe_link}}\">Keine solchen Mails mehr</a></small></p>\n"
     "{{/unsubscribe_link}}\n</body></html>\n"},
    {NULL, NULL, NULL, NULL, NULL},
};

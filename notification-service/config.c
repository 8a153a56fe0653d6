#include "config.h"

#include <stddef.h>

#define AT(member) offsetof(struct notification_config, member)

const struct setting NOTIFICATION_SETTINGS[] = {
    {
        .name = "SMTP_URL",
        .type = SETTING_URL,
        .offset = AT(mail.smtp_url),
        .flags = SETTING_SECRET,
        .help = "mail server; unset: mail becomes .eml files in MAIL_DIR",
        .choices = "smtp|smtps",
    },
    {
        .name = "MAIL_DIR",
        .type = SETTING_STR,
        .offset = AT(mail.dir),
        .def = ".run/mail",
        .help = "where mail goes without a server, and short messages without a provider",
    },
    {
        .name = "MAIL_FROM",
        .type = SETTING_STR,
        .offset = AT(mail.from),
        .def = "TTS Helpdesk <helpdesk@example.com>",
        .help = "sender of every mail",
    },
    {
        .name = "TICKET_URL",
        .type = SETTING_STR,
        .offset = AT(ticket_url),
        .help = "page of a ticket for links in mails, {number} stands for its number; unset: none",
    },
    {0},
};

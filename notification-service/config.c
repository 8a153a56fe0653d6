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
    {
        .name = "WEBHOOK_ALLOW",
        .type = SETTING_STR,
        .offset = AT(webhook.allow),
        .help = "addresses and networks that webhooks may go to beyond public ones",
    },
    {
        .name = "WEBHOOK_ALLOW_HTTP",
        .type = SETTING_BOOL,
        .offset = AT(webhook.allow_http),
        .def = "false",
        .help = "take URLs of webhooks without TLS in production too",
    },
    {
        .name = "WEBHOOK_TIMEOUT",
        .type = SETTING_DURATION,
        .offset = AT(webhook.timeout_s),
        .def = "20s",
        .help = "longest time an endpoint may take to answer",
        .min = 1,
        .max = 120,
    },
    {
        .name = "WEBHOOK_CONCURRENCY",
        .type = SETTING_INT,
        .offset = AT(webhook.concurrency),
        .def = "4",
        .help = "webhooks on their way to one endpoint at a time, by one process",
        .min = 1,
        .max = 64,
    },
    {
        .name = "WEBHOOK_DISABLE_AFTER",
        .type = SETTING_DURATION,
        .offset = AT(webhook.disable_after_s),
        .def = "3d",
        .help = "an endpoint that has done nothing but fail for so long is disabled",
        .min = 1,
        .max = 365 * 86400,
    },
    {
        .name = "WEBHOOK_RETENTION",
        .type = SETTING_DURATION,
        .offset = AT(webhook.retention_s),
        .def = "30d",
        .help = "how long messages and their deliveries are kept",
        .min = 7 * 86400,
        .max = 3650 * 86400,
    },
    {
        .name = "SECRET_KEY",
        .type = SETTING_STR,
        .offset = AT(webhook.secret_key),
        .def = WEBHOOK_DEV_SECRET_KEY,
        .flags = SETTING_SECRET | SETTING_NOT_DEFAULT,
        .help = "seals the secrets of webhooks in the database",
    },
    {
        .name = "PREVIOUS_SECRET_KEYS",
        .type = SETTING_STR,
        .offset = AT(webhook.previous_secret_keys),
        .flags = SETTING_SECRET,
        .help = "comma-separated keys that still open what they sealed, for rotation",
    },
    {0},
};

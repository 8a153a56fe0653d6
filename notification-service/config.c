#include "config.h"

#include <stddef.h>

#define AT(member) offsetof(struct notification_config, member)

const struct setting NOTIFICATION_SETTINGS[] = {
    {"SMTP_URL",                                                NULL, SETTING_URL, AT(smtp_url), NULL, SETTING_SECRET,
     "mail server; unset: mail becomes .eml files in MAIL_DIR", .choices = "smtp|smtps"},
    {"MAIL_DIR",                                              NULL, SETTING_STR, AT(mail_dir), ".run/mail", 0, "where .eml files go"},
    {"MAIL_FROM",                                                     NULL, SETTING_STR, AT(mail_from), "TTS Helpdesk <helpdesk@example.com>", 0,
     "sender of every mail"},
    {"PUBLIC_URL", NULL, SETTING_URL, AT(public_url), "http://localhost:8080", 0,
     "address of the gateway in links", .choices = "http|https"},
    {0                                                        },
};

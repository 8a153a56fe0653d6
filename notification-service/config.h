#pragma once
/* Settings of notification-service. */
#include "service.h"

struct notification_config {
    struct str smtp_url; /* absent: mail becomes files in mail_dir */
    struct str mail_dir;
    struct str mail_from;  /* "Name <address>" */
    struct str ticket_url; /* a ticket's page, with {number}; absent: mails carry no link */
};

extern const struct setting NOTIFICATION_SETTINGS[];

static inline const struct notification_config *notification_config(struct service *s)
{
    return s->own_config;
}

#pragma once
/* Settings of notification-service. */
#include "post.h"
#include "service.h"
#include "webhook/settings.h"

struct notification_config {
    struct mail_outlet mail;
    struct str ticket_url; /* a ticket's page, with {number}; absent: mails carry no link */
    struct webhook_config webhook;
};

extern const struct setting NOTIFICATION_SETTINGS[];

static inline const struct notification_config *notification_config(struct service *s)
{
    return s->own_config;
}

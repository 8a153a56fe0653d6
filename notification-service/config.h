#pragma once
/* Settings of notification-service. */
#include "domain/matrix.h"
#include "post.h"
#include "service.h"
#include "store/delivery_store.h"
#include "webhook/settings.h"

/* Short messages by an interface like Twilio's, push messages by one like FCM's. */
struct provider_config {
    struct str kind;             /* "record": into files, not in production */
    struct str url;              /* up to where the provider's own path begins */
    struct str account, project; /* Twilio: account; FCM: project */
    struct str token;
    struct str credentials; /* FCM: a service account as JSON; absent: the token */
    struct str from;        /* Twilio: the number or sender's name */
};

struct notification_config {
    struct mail_outlet mail;
    struct str ticket_url; /* a ticket's page, with {number}; absent: mails carry no link */
    struct webhook_config webhook;
    struct str public_url; /* of the gateway; absent: nobody can unsubscribe by a link */
    struct str language;   /* of who has said nothing */
    struct provider_config sms, push;
    struct pace pace[CHANNEL_COUNT];
    int64_t retention_s; /* of notifications; 0: for ever */
};

extern const struct setting NOTIFICATION_SETTINGS[];

static inline const struct notification_config *notification_config(struct service *s)
{
    return s->own_config;
}

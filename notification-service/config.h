#pragma once
/* Settings and process state of notification-service. */
#include "service.h"

struct notification_config {
    struct str smtp_url; /* absent: mail becomes files in mail_dir */
    struct str mail_dir;
    struct str mail_from; /* "Name <address>" */
    struct str public_url;
};

extern const struct setting NOTIFICATION_SETTINGS[];

struct mailer;
struct ws_hub;

struct notification_state {
    struct mailer *mailer; /* owned */
    struct ws_hub *people; /* owned: the open sockets by person */
};

static inline struct notification_config *notification_config(struct service *s)
{
    return s->own_config;
}
static inline struct notification_state *notification_state(struct service *s)
{
    return s->state;
}

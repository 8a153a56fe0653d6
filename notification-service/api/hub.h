#pragma once
/* The open notification sockets of this process, by person. */
#include "event.h"
#include "service.h"

struct hub;

struct hub *hub_new(struct service *s);
void hub_free(struct hub *h);

/* Pushes a new notification (NULL: none) and the unread count to the person's sockets, if any. */
MUST_CHECK enum err CO_FN hub_push(struct hub *h, struct arena *a,
                                   const struct event_notification *n, int64_t user_id);

/* GET /ws/notifications */
enum err socket_open(struct req *r);

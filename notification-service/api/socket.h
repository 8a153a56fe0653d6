#pragma once
/* The open notification sockets of this process. */
#include "event.h"
#include "hub.h"
#include "service.h"

/* Pushes a new notification (NULL: none) and the unread count to the person's sockets, if any. */
MUST_CHECK enum err CO_FN socket_push(struct service *s, struct arena *a,
                                      const struct event_notification *n, int64_t user_id);

/* GET /ws/notifications */
enum err socket_open(struct req *r);

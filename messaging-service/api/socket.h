#pragma once
/* Live messages over WebSocket. */
#include "event.h"
#include "service.h"

/* Pushes a message to every participant's sockets of this process, and to those who subscribed. */
void socket_push(struct service *s, struct arena *a, const struct event_message *m);

/* GET /ws/messages, /ws/chat */
enum err socket_open(struct req *r);

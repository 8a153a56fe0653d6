#pragma once
/* GET /ws/notifications: what clients say on their sockets. */
#include "req.h"

enum err CO_FN socket_open(struct req *r);
/* The same with the person in the path, as some clients have it: only one's own is let in. */
enum err CO_FN socket_open_of(struct req *r);

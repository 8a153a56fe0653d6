#pragma once
/* GET /ws/messages and /ws/chat: what clients say on their sockets. */
#include "req.h"

enum err CO_FN socket_open(struct req *r);

#pragma once
/* The sockets: /ws/messages and /ws/chat of a person, /ws/tickets/{ticket} and
 * /ws/comments/{ticket} of a ticket; and what clients say on them. */
#include "req.h"

enum err CO_FN socket_open(struct req *r);
enum err CO_FN socket_open_ticket(struct req *r);
enum err CO_FN socket_open_comments(struct req *r);

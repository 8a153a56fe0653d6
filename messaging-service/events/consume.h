#pragma once
/* Ticket and task events keep conversations and participants (queue messaging.tickets);
 * message.created reaches every process for its open sockets. */
#include "service.h"

void events_declare(struct service *s);

#pragma once
/* What this program listens to: the tickets' people, and what was said, for its open sockets. */
#include "service.h"

void events_declare(struct service *s);

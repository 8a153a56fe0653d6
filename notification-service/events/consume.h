#pragma once
/* What this program listens to: the fleet's events become notifications, and what has become of
 * notifications reaches the open sockets of every process. */
#include "service.h"

void events_declare(struct service *s);

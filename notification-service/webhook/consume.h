#pragma once
/* Events of the fleet become messages, in the transaction that records the event. */
#include "service.h"

/* Call from init. */
void webhook_consume_declare(struct service *s);

#pragma once
/* What is of the moment: who types, who comes online and goes. Told to every process through the
 * broker and kept by nobody; while that is away nobody is told. */
#include "event.h"
#include "service.h"

/* May suspend until the broker has it. */
void CO_FN signal_send(struct service *s, const struct event_signal *e);
/* To the open sockets of this process. */
MUST_CHECK enum err CO_FN signal_push(struct service *s, struct arena *a,
                                      const struct event_signal *e);

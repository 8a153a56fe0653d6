#pragma once
/*
 * Sends what delivery_store holds, by way of outlet.h. Several at a time, so that one hanging
 * exchange delays no other. At least once: what is sent again carries the same Message-ID.
 */
#include "service.h"

struct courier;

struct courier *courier_new(struct service *s);
/* Begins looking for what is due; call once the database is there. */
void courier_start(struct courier *c);
/* Looks now instead of at the next poll. */
void courier_kick(void *courier);
/* Deliveries in hand at this moment. */
int courier_active(const struct courier *c);
void courier_free(struct courier *c);

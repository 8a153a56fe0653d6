#pragma once
/*
 * Sends what delivery_store holds, by way of outlet.h. At least once: what is sent again carries
 * the same Message-ID.
 */
#include "courier.h"

/* The work of the courier. */
bool CO_FN sender_work(struct courier *c, struct service *s, struct arena *a);

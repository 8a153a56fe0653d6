#pragma once
/*
 * Sends what delivery_store holds, by way of outlet.h; each channel has a courier of its own, so
 * that a provider that hangs slows its own channel only. At least once: what is sent again carries
 * the same Message-ID.
 */
#include "courier.h"
#include "domain/matrix.h"

struct courier *sender_new(struct service *s, enum channel channel);

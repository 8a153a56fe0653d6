#pragma once
/* Short and push messages by way of somebody else's HTTP interface, or into files. */
#include "service.h"
#include "store/delivery_store.h"

/*
 * As outlet_send. ERR_NOT_FOUND: the device is not known there any more, and no later attempt could
 * help.
 */
MUST_CHECK enum err CO_FN provider_send_sms(struct service *s, struct arena *a,
                                            const struct delivery *d, const char **why);
MUST_CHECK enum err CO_FN provider_send_push(struct service *s, struct arena *a,
                                             const struct delivery *d, const char **why);

#pragma once
/*
 * What the registry knows: the healthy instances of each service, looked up every few seconds.
 * While it is away the last known ones stay; a service it does not list has its configured
 * addresses.
 */
#include "gateway.h"

struct snapshot;

/* Looks once in a while until the gateway stops. Without a REGISTRY_URL nothing is looked up. */
struct registry_view *registry_new(struct gateway *gw);
void registry_poll(struct registry_view *r);
void registry_free(struct registry_view *r);
/* Gives every upstream of the snapshot the instances known under its name. */
void registry_apply(const struct registry_view *r, struct snapshot *s);
/* Wall µs of the last answer, 0 when there was none yet. */
int64_t registry_seen_at(const struct registry_view *r);

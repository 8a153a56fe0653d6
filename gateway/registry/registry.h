#pragma once
/*
 * What the registry knows: the healthy instances of each service, told within milliseconds of a
 * change. While it is away the last known ones stay; a service it does not list has its configured
 * addresses. It is told in turn of addresses that do not answer.
 */
#include "co.h"
#include "gateway.h"

struct snapshot;

struct registry_view *registry_new(struct gateway *gw);
/* Follows the registry until the gateway stops. Without a REGISTRY_URL nothing is looked up. */
void registry_watch(struct registry_view *r);
/* Waits for the reports that are on their way. */
void CO_FN registry_stop(struct registry_view *r);
void registry_free(struct registry_view *r);
/* Gives every upstream of the snapshot the instances known under its name. */
void registry_apply(const struct registry_view *r, struct snapshot *s);
/* A request to that address has failed: the registry checks who is registered there at once, and
 * tells the other gateways. Does not suspend. */
void registry_report(struct registry_view *r, struct str host, int port);
/* Wall µs of the last answer, 0 when there was none yet. */
int64_t registry_seen_at(const struct registry_view *r);

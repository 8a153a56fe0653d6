#pragma once
/* What Kong's metrics say of the node itself: its connections, its version. */

struct gateway;

void node_metrics_register(struct gateway *gw);
/* Of the open connections, those with a request in hand. */
int node_busy_clients(const struct gateway *gw);

#pragma once
/*
 * Sends what is due. Every endpoint has lanes of its own, so that one that hangs or has much to
 * catch up on delays no other; what is claimed is leased, so that any number of replicas share the
 * work and a process that dies delays its deliveries by the lease.
 */
#include "webhook/webhook.h"

struct webhook_sender *webhook_sender_new(struct webhooks *w);
/* Begins looking for what is due; call once the database is there. */
void webhook_sender_start(struct webhook_sender *s);
/* Looks now instead of at the next poll. */
void webhook_sender_kick(struct webhook_sender *s);
/* Waits, within reason, for what is in hand, and gives up the rest; nothing new is begun while the
 * service drains. */
void CO_FN webhook_sender_stop(struct webhook_sender *s);
void webhook_sender_free(struct webhook_sender *s); /* NULL is accepted */

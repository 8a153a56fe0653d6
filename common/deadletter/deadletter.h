#pragma once
/*
 * Dead letters of a service: what its consumers gave up. They lie in the queues "<queue>.dead"
 * until somebody asks for them here; then they are moved into table dead_letter, in a transaction
 * before their acknowledgement, where they can be listed as often as one likes, in order: another
 * look at the queue would count as a delivery and hide the message from others meanwhile.
 *
 * Replaying moves rows to the outbox, in one transaction; the relay deletes them there once the
 * broker has confirmed them. So a letter is in exactly one of the three places that outlive the
 * program, or, if that is killed between a confirm and the deletion, twice on its queue, where the
 * inbox finds the second. A letter begins anew: without the headers of its earlier attempts, and
 * what the inbox counted of them forgotten. Nested headers and properties that no consumer here
 * knows do not come back.
 */
#include "mq.h"
#include "service.h"

extern const struct db_migration DEADLETTER_MIGRATIONS[]; /* .sql == NULL ends */
extern const struct route DEADLETTER_ROUTES[];

/* Remembers whose dead letters are this program's: every queue's that it consumes. Call from start.
 */
MUST_CHECK enum err CO_FN deadletters_start(struct service *s);

/* --dead-letters list|replay|purge [--queue Q] [--id N]: a JSON object a line, or how many. */
int CO_FN deadletters_command(struct service *s, int count, char **args);
#define DEADLETTER_COMMAND                                                                         \
    {                                                                                              \
        .name = "--dead-letters", .help = "list, replay or purge what consumers gave up",          \
        .usage = "list|replay|purge [--queue Q | --id N]", .run = deadletters_command              \
    }

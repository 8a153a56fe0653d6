#pragma once
/*
 * Who is online. A process enters the people who have sockets with it under a lease that it renews;
 * the lease of one that died runs out, and any other process then tells who went with it. Comings
 * and goings are entered a few times a second, so that a crowd that reconnects is one statement.
 */
#include "json.h"
#include "service.h"

struct presence;

struct presence *presence_new(struct service *s);
void presence_free(struct presence *p);
/* To be called from start, and from stop when the sockets are closed. */
void presence_start(struct presence *p);
void CO_FN presence_stop(struct presence *p);

/* A socket of the person was opened, or closed. */
void presence_come(struct presence *p, int64_t user_id);
void presence_gone(struct presence *p, int64_t user_id);

/* Conversations of which somebody wants to know who is there; counted. */
void presence_watch(struct presence *p, int64_t conversation_id);
void presence_unwatch(struct presence *p, int64_t conversation_id);
/* Their ids, as int64_t in the arena. */
void presence_watched(const struct presence *p, struct arena *a, struct json_array *ids);

#pragma once
/* Open sockets grouped by a number (a person, a conversation): whom to push a frame to. */
#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "list.h"
#include "ws.h"

struct ws_hub;
struct ws_group;

/* One socket's membership of one group; embedded by the owner of the socket, zeroed at first. */
struct ws_member {
    struct list node;
    struct ws_hub *hub;
    struct ws_group *group; /* NULL: in no group */
    struct ws *ws;
    int64_t expires_s; /* of the token it was opened with, seconds since the epoch; 0: never */
};

struct ws_hub *ws_hub_new(void);
/* All members have left. */
void ws_hub_free(struct ws_hub *h);

void ws_hub_join(struct ws_hub *h, int64_t key, struct ws_member *m, struct ws *ws);
/* Harmless for a member of no group. */
void ws_hub_leave(struct ws_member *m);
bool ws_hub_has(const struct ws_hub *h, int64_t key);
/* The numbers of all groups, in no particular order; in the arena. */
size_t ws_hub_keys(const struct ws_hub *h, struct arena *a, int64_t **keys);
/* Queues the frame on every socket of the group. */
void ws_hub_send(struct ws_hub *h, int64_t key, struct ws_frame *f);
/* Closes sockets whose token has expired (4401); to be called every second or so. */
void ws_hub_close_expired(struct ws_hub *h, int64_t now_s);
/* The members of a group as a list of struct ws_member, NULL when there are none. */
struct list *ws_hub_members(struct ws_hub *h, int64_t key);

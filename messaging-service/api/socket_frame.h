#pragma once
/* What the commands of a socket share. */
#include "api/client.h"
#include "ws_json.h"

/* Finds the conversation that a frame names by conversation_id (a number or its text), or by
 * ticket_number or ticket_id; on the socket of a ticket none needs to be named. Answers the refusal
 * itself. */
bool CO_FN frame_find(struct db_session *db, struct client *c, const struct json *m,
                      struct conversation *out);
/* What a frame has in a member that is a number or its text; 0 when there is none. */
int64_t frame_id(const struct json *m, const char *key);

/* The commands about messages and reading. */
void CO_FN frame_message(struct ws *ws, void *arg, struct arena *a, const struct json *m);
void CO_FN frame_edit(struct ws *ws, void *arg, struct arena *a, const struct json *m);
void CO_FN frame_delete(struct ws *ws, void *arg, struct arena *a, const struct json *m);
void CO_FN frame_unsend(struct ws *ws, void *arg, struct arena *a, const struct json *m);
void CO_FN frame_reaction_add(struct ws *ws, void *arg, struct arena *a, const struct json *m);
void CO_FN frame_reaction_remove(struct ws *ws, void *arg, struct arena *a, const struct json *m);
void CO_FN frame_read(struct ws *ws, void *arg, struct arena *a, const struct json *m);

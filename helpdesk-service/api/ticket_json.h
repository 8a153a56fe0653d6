#pragma once
/* How tickets and what belongs to them look on the canonical and the integration surface. */
#include "domain/ticket.h"
#include "json.h"
#include "store/comment_store.h"
#include "store/history_store.h"
#include "store/ticket_store.h"

/* One object: the integration document's members in its order, and in the full shape more. */
void ticket_json_view(struct json_writer *w, const struct ticket_view *v, enum ticket_shape shape);
/* An entry of a list: without comments and attachments. */
void ticket_json_entry(struct json_writer *w, const struct ticket *t);
void ticket_json_comment(struct json_writer *w, const struct comment *c);
void ticket_json_history(struct json_writer *w, const struct history_row *h);

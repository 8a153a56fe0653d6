#pragma once
/* What the handlers of the simple ticketing surface share: its ids, its shapes, its streams. */
#include "db.h"
#include "domain/simple.h"
#include "json.h"
#include "req.h"
#include "store/ticket_list_store.h"

/* The number a text begins with, as that surface reads ids: "12abc" is 12. false without digits. */
bool simple_number(struct str s, int64_t *out);
/* The path parameter "id". ERR_INVALID_INPUT, answered, when it is none. */
MUST_CHECK enum err simple_id(struct req *r, const char *text, int64_t *out);

/* Staff see every ticket, others their own and those they work on. */
bool simple_may_view(const struct req *r, const struct ticket *t);
/* Locks the ticket; those one may not see do not exist: ERR_TICKET_NOT_FOUND. */
MUST_CHECK enum err CO_FN simple_lock(struct req *r, struct db_session *s, int64_t id,
                                      struct ticket *out);

/* The eight members that the ticket routes show, or all ten. */
void simple_write_ticket(struct json_writer *w, const struct ticket *t);
void simple_write_full(struct json_writer *w, const struct ticket *t);

/* The next tickets after the given one (NULL: the first); fewer than SIMPLE_BATCH are the last. */
#define SIMPLE_BATCH 200
typedef enum err (*simple_batch_fn)(struct req *r, struct db_session *s, const struct ticket *after,
                                    struct ticket_page *out);
/* {"<name>":[ticket…]} of any length, in constant memory. */
enum err CO_FN simple_stream(struct req *r, const char *name, simple_batch_fn next,
                             void (*write)(struct json_writer *w, const struct ticket *t));

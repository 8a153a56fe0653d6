#pragma once
/* What the routes that take the filters of the ticket list share. */
#include "api/schemas.h"
#include "req.h"
#include "store/ticket_list_store.h"

/* What is wrong with them are field errors. */
void ticket_list_filter(struct req *r, const struct ticket_query *q, struct ticket_filter *f);

/* Answers with the page that q asks for. A cursor is good as long as stamp is the same: for lists
 * whose filter is kept somewhere, its version. Field errors found before are answered, too. */
enum err CO_FN ticket_list_reply(struct req *r, const struct page_query *q, struct ticket_filter *f,
                                 int64_t stamp);

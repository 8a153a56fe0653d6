#pragma once
/* The ticket or file a request is about, if the person who asks may see it. */
#include "db.h"
#include "req.h"
#include "store/file_store.h"
#include "store/ticket_store.h"

/* Who asks, for stores: 0 for a service. */
int64_t viewer_of(const struct req *r);
struct ticket_viewer ticket_viewer_of(const struct req *r);

/* By the path parameter "number". ERR_TICKET_NOT_FOUND, ERR_FORBIDDEN. */
MUST_CHECK enum err CO_FN access_ticket(struct req *r, struct db_session **s, struct ticket *out);
/* The same inside a transaction, locked; the version must match If-Match when there is one. */
MUST_CHECK enum err CO_FN access_lock(struct req *r, struct db_session *s, struct ticket *out);
/* The file whose id is the path parameter "id". ERR_NOT_FOUND, ERR_FORBIDDEN. */
MUST_CHECK enum err CO_FN access_file(struct req *r, struct db_session *s, struct media_file *out);

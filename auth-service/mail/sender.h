#pragma once
/*
 * The mails of this program. Whoever causes one writes a row in the transaction at hand; a courier
 * makes the mail, with its token, when it first takes the row up, so that a request for an unknown
 * address costs what one for a known address does. Sent once, as far as SMTP allows: what is sent
 * again carries the same Message-ID and the same token.
 */
#include "api/app.h"
#include "courier.h"
#include "req.h"

/* Notes that a mail is to be sent; inside a transaction or alone. user_id JSON_NO_INT: to whoever
 * has the address, if anybody. The request tells the mail where it came from. */
MUST_CHECK enum err CO_FN mail_queue(struct req *r, struct db_session *s, const char *kind,
                                     struct str email, int64_t user_id);

/* The same without a request, of something the program did at that time. */
MUST_CHECK enum err CO_FN mail_put(struct auth_app *app, struct db_session *s, const char *kind,
                                   struct str email, int64_t user_id, struct str facts,
                                   int64_t now);

/* The work of the courier. */
bool CO_FN mail_work(struct courier *c, struct service *s, struct arena *a);

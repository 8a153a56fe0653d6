#pragma once
/* Making a mail: who gets it, with which token or code. */
#include "api/app.h"
#include "store/outgoing_mail.h"

/*
 * Makes the message of m, writes what it lets its reader do, and keeps it sealed with the row, all
 * in one transaction. *wanted is false when there is nobody to tell or nothing to tell any more.
 */
MUST_CHECK enum err CO_FN mail_make(struct auth_app *app, struct db_session *s,
                                    struct outgoing_mail *m, bool *wanted);

/* How long the mail, and what it lets its reader do, is of use. */
int64_t mail_life_s(const struct auth_app *app, struct str kind);
/* The facts of a row: where the request came from. */
struct str mail_facts(struct arena *a, struct str address, struct str user_agent);
struct str mail_seal_context(struct arena *a, const struct outgoing_mail *m);

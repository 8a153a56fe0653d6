#pragma once
/*
 * Sends what delivery_store holds: by SMTP, or into .eml files. Several mails at a time, so that
 * one hanging exchange delays no other. At least once: a repeated mail carries the same Message-ID.
 */
#include "service.h"

struct mailer;

struct mailer *mailer_new(struct service *s);
/* Begins looking for due mails; call once the database is there. */
void mailer_start(struct mailer *m);
/* Looks now instead of at the next poll. */
void mailer_kick(void *mailer);
/* Mails being sent at this moment. */
int mailer_active(const struct mailer *m);
void mailer_free(struct mailer *m);

#pragma once
/* Category, sub-category and department of a ticket against the catalogue. */
#include "domain/ticket.h"
#include "req.h"
#include "state.h"

#define CLASSIFY_REFUSAL "is not in the catalogue"
enum classify_problem { CLASSIFY_CATEGORY = 1, CLASSIFY_DEPARTMENT = 2 };

/* Takes over the catalogue's spelling. What it does not list is kept as it is; when the catalogue
 * is closed it is told, a bit each. */
unsigned classify_ticket(const struct helpdesk *h, struct arena *a, struct ticket *t);
/* The same for a request: what is refused becomes field errors (ERR_VALIDATION_ERROR). */
MUST_CHECK enum err classify(struct req *r, struct ticket *t);
/* A ticket without a department goes to the one that usually handles its category. */
void classify_default_department(struct req *r, struct ticket *t);

#pragma once
/* Category, sub-category and department of a ticket against the catalogue. */
#include "domain/ticket.h"
#include "req.h"

/*
 * Takes over the catalogue's spelling. What it does not list is kept as it is, or refused as field
 * errors (ERR_VALIDATION_ERROR) when the catalogue is closed.
 */
MUST_CHECK enum err classify(struct req *r, struct ticket *t);
/* A ticket without a department goes to the one that usually handles its category. */
void classify_default_department(struct req *r, struct ticket *t);

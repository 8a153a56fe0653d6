#pragma once
/* The custom fields of a ticket, against their definitions. */
#include "domain/ticket.h"
#include "req.h"
#include "state.h"

enum custom_demand {
    CUSTOM_ALL,     /* required fields must be there when it is done */
    CUSTOM_LENIENT, /* a surface that knows none of them */
};

/*
 * Takes the members of given (NULL: none) over into t->custom_fields; null removes one. Every
 * member that is unknown, ill-typed or missing becomes a field error "custom_fields.<key>", and
 * then ERR_VALIDATION_ERROR.
 */
MUST_CHECK enum err CO_FN custom_fields_take(struct req *r, const struct json *given,
                                             enum custom_demand demand, struct ticket *t);

/* *key: a field that tickets of this category must have, and this one has not; absent when there is
 * none. ERR_INVALID_INPUT when the present ones are no object. */
MUST_CHECK enum err custom_fields_lack(const struct helpdesk *h, struct arena *a,
                                       const struct ticket *t, struct str *key);

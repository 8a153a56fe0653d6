#pragma once
/* Refusing with a text of one's own: answers, and returns the error, so that a transaction the
 * handler is in is rolled back. */
#include "req.h"

static inline enum err refuse(struct req *r, enum err e, const char *text)
{
    (void)req_failf(r, e, "%s", text);
    return e;
}

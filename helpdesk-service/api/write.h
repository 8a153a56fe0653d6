#pragma once
/* What the handlers of changing requests share besides write_run.h: If-Match and refusals. */
#include "write_run.h"

/* ERR_PRECONDITION_FAILED, with the present version in the details, when If-Match names others. */
MUST_CHECK enum err write_check_match(struct req *r, int64_t version);

/* Answers with the error and this text, and returns the error, so that callers stop. */
MUST_CHECK enum err refuse(struct req *r, enum err e, const char *text);

#pragma once
/* What the handlers of changing requests share besides write_run.h. */
#include "write_run.h"

/* Answers with the error and this text, and returns the error, so that callers stop. */
MUST_CHECK enum err refuse(struct req *r, enum err e, const char *text);

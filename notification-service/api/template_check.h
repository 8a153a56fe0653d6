#pragma once
/* What is wrong with a template: every problem with its field and line. */
#include "req.h"
#include "store/template_store.h"

/* ERR_VALIDATION_ERROR with the fields, and "problems": [{field, line, message}] in the details. */
MUST_CHECK enum err template_check(struct req *r, const struct template *t);

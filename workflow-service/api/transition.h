#pragma once
/* Acting on one's task items. */
#include "req.h"

enum err CO_FN transition_post(struct req *r);
enum err CO_FN transition_begin_post(struct req *r);

extern const struct json_schema TRANSITION_BODY, TRANSITION_REPLY, BEGIN_BODY;

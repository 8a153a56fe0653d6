#pragma once
/* Lists of turns: of one's roles, and of everybody. */
#include "req.h"

enum err CO_FN turns_team(struct req *r);
enum err CO_FN turns_all(struct req *r);

extern const struct json_schema TURNS_QUERY;

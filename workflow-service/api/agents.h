#pragma once
/* Agents: how much they take, what they know, whether they are there. */
#include "json.h"
#include "req.h"

extern const struct json_schema AGENTS_QUERY, AGENT_PATCH, AGENT_DOC, AGENT_PAGE;

enum err CO_FN agents_list(struct req *r);
enum err CO_FN agents_get(struct req *r);
enum err CO_FN agents_patch(struct req *r);

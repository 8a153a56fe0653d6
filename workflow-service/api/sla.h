#pragma once
/* The deadlines of a ticket, and why they are what they are. */
#include "req.h"

enum err CO_FN sla_get(struct req *r);
extern const struct json_schema SLA_REPLY;

#pragma once
/* Escalating and transferring the ownership of a ticket. */
#include "req.h"

enum err CO_FN owner_escalate(struct req *r);
enum err CO_FN owner_transfer(struct req *r);

extern const struct json_schema ESCALATE_BODY, ESCALATE_REPLY, TRANSFER_BODY, TRANSFER_REPLY;

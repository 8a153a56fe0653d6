#pragma once
/* What people do with a task besides going on to its next step. Each is one transaction: the
 * change, its history, what its clocks do, and what others are told. */
#include "req.h"

enum err CO_FN work_hold(struct req *r);
enum err CO_FN work_resume(struct req *r);
enum err CO_FN work_toggle_hold(struct req *r);
enum err CO_FN work_reassign(struct req *r);
enum err CO_FN work_escalate(struct req *r);
enum err CO_FN work_reopen(struct req *r);
/* The same by the id of an item in the body. */
enum err CO_FN work_reassign_item(struct req *r);
enum err CO_FN work_escalate_item(struct req *r);

extern const struct json_schema HOLD_BODY, TOGGLE_REPLY, REASSIGN_BODY, REASSIGN_ITEM_BODY,
    ESCALATE_ITEM_BODY, ESCALATE_TASK_BODY, REOPEN_BODY;

#pragma once
/* Reading tasks. */
#include "req.h"

enum err CO_FN tasks_owned(struct req *r);
enum err CO_FN tasks_mine(struct req *r);
enum err CO_FN tasks_list(struct req *r);
enum err CO_FN tasks_get(struct req *r);
enum err CO_FN tasks_logs(struct req *r);

extern const struct json_schema OWNED_QUERY, MINE_QUERY, TASKS_QUERY, LOGS_QUERY, LOGS_REPLY;

struct answer;
struct db_session;
/* The task as the body of an answer, as it is in the session's transaction. */
MUST_CHECK enum err CO_FN tasks_answer(struct req *r, struct db_session *s, int64_t task_id,
                                       struct answer *out);

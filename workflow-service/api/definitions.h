#pragma once
/* Changing workflows: drafts, publishing, retiring, and what goes before it. */
#include "api/definition.h"
#include "req.h"

struct answer;

enum err CO_FN definitions_post(struct req *r);
enum err CO_FN definitions_put(struct req *r);
enum err CO_FN definitions_patch(struct req *r);
enum err CO_FN definitions_delete(struct req *r);
enum err CO_FN definitions_drop_draft(struct req *r);
enum err CO_FN definitions_publish(struct req *r);
enum err CO_FN definitions_retire(struct req *r);
enum err CO_FN definitions_restore(struct req *r);
enum err CO_FN definitions_clone(struct req *r);
enum err CO_FN definitions_validate(struct req *r);
enum err CO_FN definitions_validate_sent(struct req *r);

extern const struct json_schema CLONE_BODY, WORKFLOW_VALIDATION;

/* What a POST answers about a workflow it has made or found, and the revision. */
MUST_CHECK enum err CO_FN definitions_answer(struct req *r, struct db_session *s,
                                             const struct which *which, struct answer *out);

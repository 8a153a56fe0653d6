#pragma once
/* What API, files and demonstration data share: loading definitions, checking and publishing them.
 */
#include "db.h"
#include "domain/definition.h"
#include "store/workflow_store.h"

/* A version or a draft. Of a draft the head says so: state "draft", no version. */
struct loaded {
    struct workflow_head head;
    struct definition definition;
    const int64_t *step_ids, *transition_ids; /* NULL: of a draft */
};

/* Which of a workflow's definitions is meant. */
struct which {
    struct str public_id;
    int64_t version; /* INT64_MIN: none in particular */
    bool is_draft;   /* the draft, if there is one */
};

/* ERR_WORKFLOW_NOT_FOUND, also for what is no id; ERR_NOT_FOUND: no such version. Without either
 * the live version, else the newest, else the draft. */
MUST_CHECK enum err CO_FN definition_load(struct db_session *s, const struct which *w,
                                          struct loaded *out);
/* The same of a workflow that is locked until the transaction ends, and what its draft is now. */
MUST_CHECK enum err CO_FN definition_lock(struct db_session *s, struct str public_id,
                                          struct workflow_head *head, struct str *draft);
/* What the next version would be: the draft, else what definition_load finds. */
MUST_CHECK enum err CO_FN definition_load_next(struct db_session *s,
                                               const struct workflow_head *head, struct str draft,
                                               struct loaded *out);
MUST_CHECK enum err CO_FN definition_load_version(struct db_session *s,
                                                  const struct workflow_head *head, int64_t version,
                                                  struct loaded *out);

/* Everything that keeps the definition from being published, people and other names included.
 * workflow_id: whose it is, 0: nobody's yet. */
MUST_CHECK enum err CO_FN definition_problems(struct db_session *s, const struct definition *d,
                                              int64_t workflow_id,
                                              struct definition_problem **problems);
/* Adds a workflow with its draft. ERR_DUPLICATE_RESOURCE when the name is taken. */
MUST_CHECK enum err CO_FN definition_add(struct db_session *s, const struct definition *d,
                                         int64_t author_id, int64_t now, int64_t *workflow_id,
                                         struct str *public_id);
/*
 * Adds a workflow and publishes it, all in the session's transaction and without asking who holds
 * its roles. ERR_VALIDATION_ERROR with every problem, ERR_DUPLICATE_RESOURCE.
 */
MUST_CHECK enum err CO_FN definition_publish(struct db_session *s, const struct definition *d,
                                             int64_t now, struct definition_problem **problems);

/* Whether the text is a UUID, as the ids of workflows are. */
bool definition_is_id(struct str s);

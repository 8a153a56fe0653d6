#pragma once
/* Writing workflows: drafts, versions, and the end of both. All of it needs a transaction. */
#include "db.h"
#include "domain/definition.h"

#define NO_AUTHOR INT64_MIN /* the program itself */

/* A draft as it is kept: what lists show of it, and the document (JSON). */
struct draft_write {
    const struct definition *definition;
    struct str doc;
    int64_t author_id;
    int64_t now;
};

/* A new workflow with its draft. ERR_DUPLICATE_RESOURCE when the name is taken. */
MUST_CHECK enum err CO_FN definition_store_add(struct db_session *s, const struct draft_write *w,
                                               int64_t *workflow_id, struct str *public_id);
/* Replaces the draft, or begins one. ERR_DUPLICATE_RESOURCE as above. The workflow must be locked,
 * here and below; each call raises its revision. */
MUST_CHECK enum err CO_FN definition_store_draft(struct db_session *s, int64_t workflow_id,
                                                 const struct draft_write *w);
MUST_CHECK enum err CO_FN definition_store_drop_draft(struct db_session *s, int64_t workflow_id,
                                                      int64_t now);
/*
 * Makes the definition the next version and the live one; the one before is retired, its tasks stay
 * on it; the draft is gone. The definition must have passed definition_check.
 * ERR_DUPLICATE_RESOURCE when its name has been taken meanwhile.
 */
MUST_CHECK enum err CO_FN definition_store_publish(struct db_session *s, int64_t workflow_id,
                                                   const struct definition *d, int64_t author_id,
                                                   int64_t now);
/* Nothing is live any more; tasks go on. */
MUST_CHECK enum err CO_FN definition_store_retire(struct db_session *s, int64_t workflow_id,
                                                  int64_t now);
/* Hides the workflow, and retires it. One without versions is gone for good. */
MUST_CHECK enum err CO_FN definition_store_delete(struct db_session *s, int64_t workflow_id,
                                                  int64_t now);

/* Who holds the roles that the definition names, in no particular order; never NULL. */
MUST_CHECK enum err CO_FN definition_store_roles(struct db_session *s, const struct definition *d,
                                                 struct definition_role **roles, size_t *count);
/* Whether a workflow other than this one (0: any) has the name, or wants it. */
MUST_CHECK enum err CO_FN definition_store_name_taken(struct db_session *s, struct str name,
                                                      int64_t workflow_id, bool *is_taken);
/* Whether a workflow of the name exists or existed. */
MUST_CHECK enum err CO_FN definition_store_name_used(struct db_session *s, struct str name,
                                                     bool *is_used);

#include "api/definition.h"

#include <ctype.h>

#include "api/definition_json.h"
#include "store/definition_store.h"

bool definition_is_id(struct str s)
{
    if (s.len != 36)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash ? s.p[i] != '-' : !isxdigit((unsigned char)s.p[i]))
            return false;
    }
    return true;
}

/* ---- loading ------------------------------------------------------------------------------ */

static enum err of_draft(struct arena *a, const struct workflow_head *head, struct str draft,
                         struct loaded *out)
{
    *out = (struct loaded){.head = *head};
    enum err rc = definition_parse(a, draft, &out->definition);
    out->head.version_id = out->head.version = INT64_MIN;
    out->head.published_at = out->head.published_by = INT64_MIN;
    out->head.state = STR("draft");
    out->head.name = out->definition.name;
    out->head.description = out->definition.description;
    out->head.match = out->definition.match;
    return rc;
}

static enum err CO_FN of_version(struct db_session *s, const struct workflow_head *head,
                                 struct loaded *out)
{
    struct workflow_body b;
    enum err rc = workflow_store_body(s, head->version_id, &b);
    if (rc)
        return rc;
    *out = (struct loaded){
        .head = *head,
        .definition =
            {
                .name = head->name,
                .description = head->description,
                .match = head->match,
                .targets = b.targets,
                .target_count = b.target_count,
                .steps = b.steps,
                .step_count = b.step_count,
                .transitions = b.transitions,
                .transition_count = b.transition_count,
            },
        .step_ids = b.step_ids,
        .transition_ids = b.transition_ids,
    };
    return ERR_OK;
}

enum err definition_load_version(struct db_session *s, const struct workflow_head *head,
                                 int64_t version, struct loaded *out)
{
    struct workflow_head of;
    enum err rc = workflow_store_version(s, head->workflow_id, version, &of);
    return rc ? rc : of_version(s, &of, out);
}

enum err definition_load_next(struct db_session *s, const struct workflow_head *head,
                              struct str draft, struct loaded *out)
{
    if (draft.p)
        return of_draft(s->arena, head, draft, out);
    return of_version(s, head, out);
}

enum err definition_load(struct db_session *s, const struct which *w, struct loaded *out)
{
    struct workflow_head head;
    struct str draft;
    if (!definition_is_id(w->public_id))
        return ERR_WORKFLOW_NOT_FOUND;
    enum err rc = workflow_store_find(s, w->public_id, &head, &draft);
    if (rc)
        return rc;
    if (w->version != INT64_MIN)
        return definition_load_version(s, &head, w->version, out);
    bool wants_draft = w->is_draft || head.version_id == INT64_MIN;
    return definition_load_next(s, &head, wants_draft ? draft : STR_NULL, out);
}

enum err definition_lock(struct db_session *s, struct str public_id, struct workflow_head *head,
                         struct str *draft)
{
    if (!definition_is_id(public_id))
        return ERR_WORKFLOW_NOT_FOUND;
    return workflow_store_lock(s, public_id, head, draft);
}

/* ---- publishing --------------------------------------------------------------------------- */

enum err definition_problems(struct db_session *s, const struct definition *d, int64_t workflow_id,
                             struct definition_problem **problems)
{
    struct definition_role *roles;
    size_t count;
    bool is_taken;
    enum err rc = definition_store_roles(s, d, &roles, &count);
    if (rc == ERR_OK)
        rc = definition_store_name_taken(s, d->name, workflow_id, &is_taken);
    if (rc)
        return rc;
    *problems = definition_check(s->arena, d, roles, count);
    if (is_taken) {
        struct definition_problem *p = ARENA_NEW(s->arena, struct definition_problem);
        *p = (struct definition_problem){STR("name"), "another workflow has this name", *problems};
        *problems = p;
    }
    return ERR_OK;
}

enum err definition_add(struct db_session *s, const struct definition *d, int64_t author_id,
                        int64_t now, int64_t *workflow_id, struct str *public_id)
{
    struct draft_write w = {d, definition_text(s->arena, d), author_id, now};
    return definition_store_add(s, &w, workflow_id, public_id);
}

enum err definition_publish(struct db_session *s, const struct definition *d, int64_t now,
                            struct definition_problem **problems)
{
    int64_t id;
    struct str public_id;
    *problems = definition_check(s->arena, d, NULL, 0);
    if (*problems)
        return ERR_VALIDATION_ERROR;
    enum err rc = definition_add(s, d, NO_AUTHOR, now, &id, &public_id);
    return rc ? rc : definition_store_publish(s, id, d, NO_AUTHOR, now);
}

#include "api/definition.h"

#include "store/workflow_store.h"

enum err definition_publish(struct db_session *s, const struct definition *d, int64_t now,
                            struct definition_problem **problems)
{
    int64_t version_id;
    *problems = definition_check(s->arena, d);
    if (*problems)
        return ERR_VALIDATION_ERROR;
    enum err rc = workflow_store_create(s, d, now, &version_id);
    return rc ? rc : workflow_store_publish(s, version_id, now);
}

#pragma once
/*
 * The operations of a bulk change on one locked ticket: first everything is decided, as if one
 * followed the other; then what differs is written, fields as one change, comments and watchers
 * after it.
 */
#include "api/bulk_schemas.h"
#include "api/change.h"
#include "domain/bulk.h"
#include "state.h"

struct bulk_watch {
    struct person person;
    bool is_added;
};

struct bulk_change {
    const struct helpdesk *helpdesk;
    struct db_session *session;
    const struct actor *actor;
    const struct cause *cause;
    struct ticket before, after;
    struct comment comments[BULK_OPERATIONS_MAX];
    struct bulk_watch watches[BULK_OPERATIONS_MAX];
    size_t comment_count, watch_count;
    enum err refusal;    /* ERR_OK: none */
    const char *message; /* NULL: the text of the refusal */
};

/* Fills after, comments and watches, or refusal. */
MUST_CHECK enum err CO_FN bulk_change_decide(struct bulk_change *x, const struct bulk_body *b);
/* A JSON array of {"field","old","new"}. */
struct str bulk_change_describe(const struct bulk_change *x);
/* Writes it; after has the new version. */
MUST_CHECK enum err CO_FN bulk_change_write(struct bulk_change *x, struct str reason);

#pragma once
/* How tickets relate: a parent of, blocking, a duplicate of another. Kept once, told from both
 * sides. */
#include "cause.h"
#include "db.h"
#include "store/ticket_store.h"

enum ticket_relation {
    RELATION_PARENT_OF,
    RELATION_CHILD_OF,
    RELATION_BLOCKS,
    RELATION_BLOCKED_BY,
    RELATION_DUPLICATE_OF,
    RELATION_DUPLICATED_BY,
    RELATION_COUNT
};
const char *ticket_relation_word(enum ticket_relation r); /* "parent_of" */
/* RELATION_COUNT when unknown. */
enum ticket_relation ticket_relation_parse(struct str word);

struct ticket_link {
    int64_t id;
    enum ticket_relation relation; /* of the ticket asked about to the other one */
    struct str other_number, other_subject;
    enum ticket_status other_status;
    int64_t created_by; /* TICKET_NONE: a service */
    struct str created_by_name;
    int64_t created_at;
};

/* Oldest first; only those whose other side the viewer may see. */
MUST_CHECK enum err CO_FN link_store_list(struct db_session *s, int64_t ticket_id,
                                          const struct ticket_viewer *viewer, bool may_read_all,
                                          struct ticket_link **out, size_t *count);
/*
 * In a transaction. ERR_DUPLICATE_RESOURCE when the two are linked like that already, either way
 * round; ERR_CONFLICT when the child has a parent, or is an ancestor of the one it would get.
 */
MUST_CHECK enum err CO_FN link_store_add(struct db_session *s, const struct ticket *t,
                                         enum ticket_relation relation, const struct ticket *other,
                                         const struct cause *c, struct ticket_link *out);
/* ERR_NOT_FOUND unless it is one of the ticket's. */
MUST_CHECK enum err CO_FN link_store_remove(struct db_session *s, const struct ticket *t,
                                            int64_t link_id, const struct cause *c);

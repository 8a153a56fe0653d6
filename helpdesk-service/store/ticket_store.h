#pragma once
/*
 * Tickets: one aggregate of ticket, search entry, history and requester's and owner's scope,
 * written together. viewer_id is the person who asks (0: nobody in particular): it decides
 * is_assignee and is_watcher.
 */
#include "cause.h"
#include "db.h"
#include "domain/ticket.h"
#include "outbox.h"

/* A ticket with its comments and attachments as JSON arrays, read in one statement. */
struct ticket_view {
    struct ticket ticket;
    struct str comments_json, attachments_json;
};

enum ticket_shape {
    TICKET_SHAPE_INTEGRATION, /* exactly the members of the integration document */
    TICKET_SHAPE_FULL,        /* with author, visibility, size and type */
};

/* Who reads: internal notes are for staff and for who works on the ticket, and never for its
 * requester. */
struct ticket_viewer {
    int64_t id; /* 0: a service */
    bool is_staff;
};

/* ERR_TICKET_NOT_FOUND from all readers; a malformed number is not looked up. */
MUST_CHECK enum err CO_FN ticket_store_view(struct db_session *s, struct str number,
                                            struct ticket_viewer viewer, enum ticket_shape shape,
                                            struct ticket_view *out);
MUST_CHECK enum err CO_FN ticket_store_by_number(struct db_session *s, struct str number,
                                                 int64_t viewer_id, struct ticket *out);
MUST_CHECK enum err CO_FN ticket_store_by_id(struct db_session *s, int64_t id, int64_t viewer_id,
                                             struct ticket *out);
/* The numbers of tickets, in the order of their ids. */
MUST_CHECK enum err CO_FN ticket_store_numbers(struct db_session *s, const int64_t *ids, size_t n,
                                               struct str **out, size_t *count);
/* Inside a transaction: the row stays locked until its end. */
MUST_CHECK enum err CO_FN ticket_store_lock_number(struct db_session *s, struct str number,
                                                   int64_t viewer_id, struct ticket *out);
MUST_CHECK enum err CO_FN ticket_store_lock_id(struct db_session *s, int64_t id, int64_t viewer_id,
                                               struct ticket *out);

/* The longest untouched of the resolved tickets that nobody has touched since then, unless another
 * process has just locked it. */
MUST_CHECK enum err CO_FN ticket_store_lock_resolved(struct db_session *s, int64_t untouched_since,
                                                     struct ticket *out);

/*
 * Inserts an open ticket with id and number already given, its audit event and the messages about
 * it, in one statement; fills requester_department.
 */
MUST_CHECK enum err CO_FN ticket_store_create(struct db_session *s, struct ticket *t,
                                              const struct cause *c,
                                              const struct outbox_entry *messages, size_t n);
/*
 * Writes what differs between the locked state and the new one, with a history row a field (note
 * may be absent) and an audit event, and counts the version up in *after. Nothing is written when
 * nothing differs; *changed tells.
 */
MUST_CHECK enum err CO_FN ticket_store_save(struct db_session *s, const struct ticket *before,
                                            struct ticket *after, struct str note,
                                            const struct cause *c, bool *changed);

/* Gives the person a view of the ticket because of a workflow task. ERR_TICKET_NOT_FOUND. */
MUST_CHECK enum err CO_FN ticket_store_add_assignee(struct db_session *s, struct str number,
                                                    int64_t user_id);
/* A person got another name: the tickets they own show it, unless they are closed. */
MUST_CHECK enum err CO_FN ticket_store_rename_owner(struct db_session *s, int64_t owner_id,
                                                    struct str name);

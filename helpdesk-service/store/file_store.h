#pragma once
/* Files: of a ticket, or of something else. The bytes are in media/store, named by sha256. */
#include "cause.h"
#include "db.h"
#include "domain/ticket.h"

struct media_file {
    int64_t id;
    int64_t ticket_id; /* TICKET_NONE: not a ticket's */
    struct str filename;
    struct str url; /* of a ticket's file on the integration surface; absent for others */
    struct str content_type;
    int64_t size;
    struct str sha256;   /* lower-case hex */
    int64_t uploader_id; /* TICKET_NONE: a service */
    struct str uploader_name;
    struct str entity_type, entity_id; /* a ticket's: "ticket" and its number; absent: none */
    struct str alt_text;               /* absent: none */
    int64_t sort_order;
    bool is_public; /* every signed-in person may see it */
    int64_t uploaded_at, updated_at;
};

/* ERR_NOT_FOUND */
MUST_CHECK enum err CO_FN file_store_by_id(struct db_session *s, int64_t id,
                                           struct media_file *out);
/* ERR_NOT_FOUND unless the ticket has it. */
MUST_CHECK enum err CO_FN file_store_by_name(struct db_session *s, int64_t ticket_id,
                                             struct str filename, struct media_file *out);
/* All of a ticket, oldest first. */
MUST_CHECK enum err CO_FN file_store_of_ticket(struct db_session *s, int64_t ticket_id,
                                               struct media_file **out, size_t *count);
/* Which part of a list; *total counts all up to 10,001, and is TICKET_NONE behind an id. */
struct file_page {
    int64_t after_id; /* TICKET_NONE: from the beginning */
    int64_t skip, limit;
};
/* A person's, newest first. */
MUST_CHECK enum err CO_FN file_store_of_uploader(struct db_session *s, int64_t uploader_id,
                                                 const struct file_page *p, struct media_file **out,
                                                 size_t *count, int64_t *total);
/* Of something that is not a ticket, oldest first: the viewer's and the public ones, or all when
 * viewer_id is TICKET_NONE. */
struct file_entity {
    struct str type, id;
    int64_t viewer_id;
};
MUST_CHECK enum err CO_FN file_store_of_entity(struct db_session *s, const struct file_entity *e,
                                               const struct file_page *p, struct media_file **out,
                                               size_t *count, int64_t *total);

/* ---- writing, inside a transaction -------------------------------------------------------- */

/* Bytes attached to the ticket so far, and the file names taken. */
MUST_CHECK enum err CO_FN file_store_usage(struct db_session *s, int64_t ticket_id, int64_t *bytes,
                                           const struct str **names, size_t *name_count);
/* Adds it to the ticket locked before, and counts the ticket's version up. Sets id. The content
 * must have been announced (blob_store_announce), else ERR_NOT_FOUND. */
MUST_CHECK enum err CO_FN file_store_attach(struct db_session *s, struct ticket *t,
                                            struct media_file *f, const struct cause *c);
/* The same for a file of no ticket. */
MUST_CHECK enum err CO_FN file_store_add(struct db_session *s, struct media_file *f,
                                         const struct cause *c);
/* Takes it from the ticket locked before, which gets a history row and the next version. unused_at
 * is the wall clock, not the request's time: the collector compares it with its own. */
MUST_CHECK enum err CO_FN file_store_detach(struct db_session *s, struct ticket *t,
                                            const struct media_file *f, const struct cause *c,
                                            int64_t unused_at);
/* The same for a file of no ticket. ERR_NOT_FOUND when somebody was faster. */
MUST_CHECK enum err CO_FN file_store_remove(struct db_session *s, int64_t id, int64_t unused_at);

/* The uploader's files of an entity, locked, at most limit. */
MUST_CHECK enum err CO_FN file_store_lock_entity(struct db_session *s, struct str entity_type,
                                                 struct str entity_id, int64_t uploader_id,
                                                 int64_t limit, struct media_file **out,
                                                 size_t *count);
/* Gives the file to another entity. */
MUST_CHECK enum err CO_FN file_store_move(struct db_session *s, int64_t id, struct str entity_type,
                                          struct str entity_id, const struct cause *c);
/* Gives the file, with filename and url as they shall be there, to the ticket locked before. */
MUST_CHECK enum err CO_FN file_store_move_to_ticket(struct db_session *s, struct ticket *t,
                                                    const struct media_file *f,
                                                    const struct cause *c);

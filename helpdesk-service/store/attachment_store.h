#pragma once
/* What is attached to a ticket; the bytes are in media/blob. */
#include "cause.h"
#include "db.h"
#include "domain/ticket.h"

struct attachment {
    int64_t id, ticket_id;
    struct str filename, url, content_type;
    int64_t size;
    struct str sha256;   /* lower-case hex */
    int64_t uploader_id; /* TICKET_NONE: a service */
    struct str uploader_name;
    int64_t uploaded_at;
};

MUST_CHECK enum err CO_FN attachment_store_list(struct db_session *s, int64_t ticket_id,
                                                struct attachment **out, size_t *count);
/* ERR_NOT_FOUND unless the ticket has it. */
MUST_CHECK enum err CO_FN attachment_store_by_id(struct db_session *s, int64_t ticket_id,
                                                 int64_t id, struct attachment *out);
MUST_CHECK enum err CO_FN attachment_store_by_name(struct db_session *s, int64_t ticket_id,
                                                   struct str filename, struct attachment *out);
/* Bytes attached to the ticket so far, and the file names taken. */
MUST_CHECK enum err CO_FN attachment_store_usage(struct db_session *s, int64_t ticket_id,
                                                 int64_t *bytes, const struct str **names,
                                                 size_t *name_count);
/* Adds it to the ticket locked before, and counts the ticket's version up. Sets id. */
MUST_CHECK enum err CO_FN attachment_store_add(struct db_session *s, struct ticket *t,
                                               struct attachment *a, const struct cause *c);

#pragma once
/* Where a received file goes: to a ticket, with the ticket's rules, or to something else. */
#include "api/upload.h"
#include "db.h"
#include "store/file_store.h"

struct media_target {
    int64_t ticket_id; /* TICKET_NONE: no ticket */
    struct str entity_type, entity_id, alt_text;
    bool is_public;
};

/*
 * Checks the words of a client and that the caller may see the ticket. A ticket is named by number
 * or id. ERR_VALIDATION_ERROR, ERR_TICKET_NOT_FOUND, ERR_FORBIDDEN.
 */
MUST_CHECK enum err CO_FN media_target_read(struct req *r, struct db_session *s,
                                            const struct upload_fields *f,
                                            struct media_target *out);
/* entity_type and entity_id: both or none. */
MUST_CHECK enum err media_check_entity(struct req *r, const char *type_field, struct str type,
                                       const char *id_field, struct str id);
/* The ticket that a client's "ticket" entity means, if the caller may see it. */
MUST_CHECK enum err CO_FN media_find_ticket(struct req *r, struct db_session *s, struct str id,
                                            struct ticket *out);

/*
 * Inside a transaction: the file becomes one of the ticket locked before, under a name of its own.
 * ERR_PAYLOAD_TOO_LARGE when the ticket has no room.
 */
MUST_CHECK enum err CO_FN media_attach(struct req *r, struct db_session *s, struct ticket *t,
                                       struct media_file *f);
/* The same for a file that exists: it moves there. */
MUST_CHECK enum err CO_FN media_attach_existing(struct req *r, struct db_session *s,
                                                struct ticket *t, struct media_file *f);
/* Inside a transaction: the content goes to the target, whose ticket is locked here. */
MUST_CHECK enum err CO_FN media_keep(struct req *r, struct db_session *s,
                                     const struct media_target *target, const struct upload *u,
                                     struct media_file *out);

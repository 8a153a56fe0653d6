#pragma once
/* Mail to be sent: a row written in the transaction that causes it, deleted once sent. */
#include "db.h"

struct outgoing_mail {
    int64_t id;
    struct str message_id; /* UUID */
    struct str kind, email;
    int64_t user_id;    /* JSON_NO_INT: whoever has the address when it is taken up, if anybody */
    struct str facts;   /* a JSON object */
    struct str message; /* sealed; absent until it is made */
    int64_t attempts, created_at, expires_at; /* µs; sending it later would be of no use */
};

/* Writes message_id, kind, email, user_id, facts, created_at and expires_at. */
MUST_CHECK enum err CO_FN outgoing_mail_store_insert(struct db_session *s,
                                                     const struct outgoing_mail *m);
/* Takes one that is due and counts the attempt; nobody else gets it before the lease ends. */
MUST_CHECK enum err CO_FN outgoing_mail_store_claim(struct db_session *s, int64_t now,
                                                    int64_t lease_s, struct outgoing_mail *out,
                                                    bool *found);
/* Keeps the message that was made. *kept is false when another replica was faster. */
MUST_CHECK enum err CO_FN outgoing_mail_store_keep(struct db_session *s, int64_t id,
                                                   struct str message, bool *kept);
MUST_CHECK enum err CO_FN outgoing_mail_store_put_off(struct db_session *s, int64_t id, int64_t at);
MUST_CHECK enum err CO_FN outgoing_mail_store_delete(struct db_session *s, int64_t id);

#pragma once
/* What has been said. All calls may suspend. */
#include "db.h"
#include "json.h"

/* What a deleted or unsent message said is left out. */
struct message {
    int64_t id, conversation_id, sender_id;
    struct str ticket_number; /* absent: not of a ticket */
    struct str sender_name, sender_role, type, content;
    struct str client_id; /* chosen by the client; absent: none */
    int64_t created_at;
    int64_t edited_at, deleted_at, unsent_at; /* JSON_NO_TIME: never */
    int64_t version;
    int64_t reply_to_id;                   /* JSON_NO_INT: none */
    struct str attachments, reply_to;      /* JSON; absent: none */
    struct str reactions, reaction_counts; /* JSON; absent: none */
    int8_t is_read; /* JSON_UNSET unless whoever asks is known, see participant_store_others_read */
    struct json_array mention_ids; /* int64_t */
};

static inline bool message_is_gone(const struct message *m)
{
    return m->deleted_at != JSON_NO_TIME || m->unsent_at != JSON_NO_TIME;
}

struct message_list {
    struct message *items; /* oldest first */
    size_t count;
};

/* ERR_NOT_FOUND when there is none. */
MUST_CHECK enum err CO_FN message_store_get(struct db_session *s, int64_t id, struct message *out);
/* The first with ids between the bounds, which are excluded. */
MUST_CHECK enum err CO_FN message_store_after(struct db_session *s, int64_t conversation_id,
                                              int64_t after, int64_t before, int64_t limit,
                                              struct message_list *out);
/* The newest with ids below, some of them skipped. */
MUST_CHECK enum err CO_FN message_store_before(struct db_session *s, int64_t conversation_id,
                                               int64_t before, int64_t skip, int64_t limit,
                                               struct message_list *out);
/* The newest of some conversations, of each at most so many, with is_read as the person sees it; by
 * conversation, oldest first. */
struct latest {
    const int64_t *conversations, *most;
    size_t count;
};
MUST_CHECK enum err CO_FN message_store_latest(struct db_session *s, const struct latest *of,
                                               int64_t user_id, struct message_list *out);
/* The newest id of a conversation, 0 when nothing has been said. */
MUST_CHECK enum err CO_FN message_store_newest(struct db_session *s, int64_t conversation_id,
                                               int64_t *id);
/*
 * Adds m and fills id; sender, type, content, attachments, reply_to_id, mention_ids, client_id and
 * created_at are given. The sender has read everything; for the others there is something unread,
 * and the conversation comes out of their archives unless they have muted it. With a client_id that
 * was used before, *out is the message stored then and *is_new false: the transaction must not be
 * committed.
 */
MUST_CHECK enum err CO_FN message_store_add(struct db_session *s, const struct message *m,
                                            struct message *out, bool *is_new);

/* ---- changes; the conversation is locked (conversation_store_lock) -------------------------- */

/* Keeps what the message was as its version. */
MUST_CHECK enum err CO_FN message_store_edit(struct db_session *s, const struct message *m,
                                             struct str content, const struct json_array *mentions,
                                             int64_t now);
/* Other files, as a JSON array; absent: none. */
MUST_CHECK enum err CO_FN message_store_attach(struct db_session *s, int64_t id,
                                               struct str attachments);
MUST_CHECK enum err CO_FN message_store_delete(struct db_session *s, int64_t id, int64_t now);
/* What was said is erased, with all versions, reactions and attachments. */
MUST_CHECK enum err CO_FN message_store_unsend(struct db_session *s, int64_t id, int64_t now);

struct message_version {
    int64_t version;
    struct str content;
    int64_t written_at;
};
/* Oldest first, the present one included; ten thousand at most. */
MUST_CHECK enum err CO_FN message_store_versions(struct db_session *s, int64_t id,
                                                 const struct message_version **out, size_t *count);

struct reaction {
    int64_t message_id, user_id;
    struct str emoji, user_name;
    int64_t now;
};
/* *changed is false when it was there already. ERR_CONFLICT when the message has max different
 * ones. */
MUST_CHECK enum err CO_FN message_store_react(struct db_session *s, const struct reaction *r,
                                              int64_t max, bool *changed);
MUST_CHECK enum err CO_FN message_store_unreact(struct db_session *s, const struct reaction *r,
                                                bool *changed);

/* ---- search -------------------------------------------------------------------------------- */

struct message_search {
    int64_t user_id;
    struct str query;        /* as in web searches: words, "phrases", or, -not */
    int64_t conversation_id; /* 0: any of the person's */
    int64_t before;          /* ids below */
    int64_t limit;
};
/* Newest first. Words that many messages have are looked for in the latest SEARCH_CONVERSATIONS the
 * person takes part in, others in all of them. */
#define SEARCH_CONVERSATIONS 1000
MUST_CHECK enum err CO_FN message_store_search(struct db_session *s, const struct message_search *q,
                                               struct message_list *out);

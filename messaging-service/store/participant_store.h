#pragma once
/* Who takes part in conversations, how far they have read, what they want to hear of. All calls may
 * suspend. */
#include "db.h"
#include "json.h"

struct participant {
    int64_t user_id;
    struct str name;
    int8_t is_current, is_online;
    int64_t joined_at, last_read_id;
    int64_t last_seen_at; /* JSON_NO_TIME: never, or online */
};
struct participant_range {
    int64_t after; /* ids above */
    int64_t skip, limit;
};
/* By id. */
MUST_CHECK enum err CO_FN participant_store_list(struct db_session *s, int64_t conversation_id,
                                                 const struct participant_range *range, int64_t now,
                                                 const struct participant **out, size_t *count);
/* The ids of the current ones. */
MUST_CHECK enum err CO_FN participant_store_ids(struct db_session *s, int64_t conversation_id,
                                                struct json_array *out);
/* Likewise, and those of them who have muted the conversation. */
MUST_CHECK enum err CO_FN participant_store_audience(struct db_session *s, int64_t conversation_id,
                                                     struct json_array *out,
                                                     struct json_array *muted);
/* Their names. */
struct named_person;
MUST_CHECK enum err CO_FN participant_store_names(struct db_session *s, int64_t conversation_id,
                                                  const struct named_person **out, size_t *count);

/* Makes a person a participant who stays one whatever becomes of the ticket. */
MUST_CHECK enum err CO_FN participant_store_join(struct db_session *s, int64_t conversation_id,
                                                 int64_t user_id, int64_t now);

/* Reading up to a message: the conversation is locked. *moved_to is how far it moved, 0 when it was
 * there already. With as_change it becomes a change, *change_id. */
struct reading {
    int64_t conversation_id, user_id, up_to;
    bool as_change;
};
MUST_CHECK enum err CO_FN participant_store_read(struct db_session *s, const struct reading *x,
                                                 int64_t *change_id, int64_t *moved_to);

/* How far whoever has read furthest has, of all but the person; 0: nobody anything. */
MUST_CHECK enum err CO_FN participant_store_others_read(struct db_session *s,
                                                        int64_t conversation_id, int64_t user_id,
                                                        int64_t *last_read_id);

/* ERR_CONVERSATION_NOT_FOUND for who takes no part. Unset ones stay as they are. */
MUST_CHECK enum err CO_FN participant_store_prefer(struct db_session *s, int64_t conversation_id,
                                                   int64_t user_id, int8_t is_muted,
                                                   int8_t is_archived);

/* What a person has not read, in conversations that are neither muted nor archived; counted up to
 * UNREAD_CONVERSATIONS_MAX of them. */
#define UNREAD_CONVERSATIONS_MAX 1000
struct unread {
    int64_t messages, conversations;
};
MUST_CHECK enum err CO_FN participant_store_unread(struct db_session *s, int64_t user_id,
                                                   struct unread *out);

/* ---- groups; the conversation is locked ------------------------------------------------------ */

/* Those of the people who may become members of a group: known, active, in fewer than max groups.
 */
MUST_CHECK enum err CO_FN participant_store_eligible(struct db_session *s,
                                                     const struct json_array *ids, int64_t max,
                                                     struct json_array *out);
/* Members are told of as *added: those who were none before. For them nothing is unread. */
MUST_CHECK enum err CO_FN participant_store_add(struct db_session *s, int64_t conversation_id,
                                                const struct json_array *ids, int64_t now,
                                                struct json_array *added);
/* False when there was no such member. */
MUST_CHECK enum err CO_FN participant_store_remove(struct db_session *s, int64_t conversation_id,
                                                   int64_t user_id, bool *was_there);

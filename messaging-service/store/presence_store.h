#pragma once
/*
 * Who is online: who has a socket open at a process whose lease has not run out. All calls may
 * suspend. People are told of as int64_t ids.
 */
#include "db.h"
#include "json.h"

MUST_CHECK enum err CO_FN presence_store_begin(struct db_session *s, int64_t expires_at,
                                               int64_t *process_id);
/* False in *was_there when the lease had run out and somebody has drawn the conclusions. */
MUST_CHECK enum err CO_FN presence_store_renew(struct db_session *s, int64_t process_id,
                                               int64_t expires_at, bool *was_there);
/* People who have a socket here now; *appeared are those who had none anywhere. */
MUST_CHECK enum err CO_FN presence_store_come(struct db_session *s, int64_t process_id,
                                              const struct json_array *ids, int64_t now,
                                              struct json_array *appeared);
/* People who have none here any more; *vanished are those who have none anywhere. */
MUST_CHECK enum err CO_FN presence_store_go(struct db_session *s, int64_t process_id,
                                            const struct json_array *ids, int64_t now,
                                            struct json_array *vanished);
/* The same for everybody at processes that are gone: whose lease has run out, and process_id. */
MUST_CHECK enum err CO_FN presence_store_end(struct db_session *s, int64_t process_id, int64_t now,
                                             struct json_array *vanished);

/* A person in a conversation. */
struct presence_place {
    int64_t conversation_id, user_id;
    struct str ticket_number, user_name;
};
/* Where among the conversations the people take part. */
MUST_CHECK enum err CO_FN presence_store_places(struct db_session *s, const struct json_array *ids,
                                                const struct json_array *conversation_ids,
                                                const struct presence_place **out, size_t *count);
/* The names of those of a conversation who are online, at most PRESENCE_NAMES_MAX. */
#define PRESENCE_NAMES_MAX 200
MUST_CHECK enum err CO_FN presence_store_names(struct db_session *s, int64_t conversation_id,
                                               int64_t now, const struct str **names,
                                               size_t *count);

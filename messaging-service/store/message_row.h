#pragma once
/* The columns of a message, for statements of several files: of message m joined by MESSAGE_JOINS
 * to its conversation c and the message q it replies to. */
#include "store/message_store.h"

#define MESSAGE_IS_THERE(m) m ".deleted_at IS NULL AND " m ".unsent_at IS NULL"
#define MESSAGE_CONTENT(m) "CASE WHEN " MESSAGE_IS_THERE(m) " THEN " m ".content ELSE '' END"

#define MESSAGE_QUOTE                                                                              \
    "CASE WHEN q.id IS NOT NULL THEN jsonb_build_object('id', q.id, 'sender_id', q.sender_id,"     \
    " 'sender_name', q.sender_name, 'content', left(" MESSAGE_CONTENT("q") ", 140))::text END"
#define MESSAGE_REACTIONS                                                                          \
    "(SELECT jsonb_agg(jsonb_build_object('reaction', x.emoji, 'user', x.user_name, 'user_id',"    \
    " x.user_id, 'user_full_name', x.user_name, 'created_at', to_char(x.created_at AT TIME ZONE"   \
    " 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')) ORDER BY x.created_at, x.user_id, x.emoji)"     \
    "::text FROM (SELECT * FROM reaction x WHERE x.message_id = m.id ORDER BY x.created_at,"       \
    " x.user_id, x.emoji LIMIT 200) x)"
#define MESSAGE_REACTION_COUNTS                                                                    \
    "(SELECT jsonb_object_agg(x.emoji, x.n)::text FROM (SELECT emoji, count(*) AS n"               \
    " FROM reaction x WHERE x.message_id = m.id GROUP BY emoji) x)"
#define MESSAGE_COLUMNS                                                                            \
    "m.id, m.conversation_id, c.ticket_number, m.sender_id, m.sender_name, m.sender_role, m.type," \
    " " MESSAGE_CONTENT(                                                                           \
        "m") ", m.client_id, m.created_at, m.edited_at, m.deleted_at,"                             \
             " m.unsent_at, m.version, m.reply_to_id, CASE WHEN " MESSAGE_IS_THERE(                \
                 "m") " THEN m.attachments END, " MESSAGE_QUOTE ", " MESSAGE_REACTIONS             \
                      ", " MESSAGE_REACTION_COUNTS ", m.mention_ids"
#define MESSAGE_TYPES "iititttttzzzziittttI"
#define MESSAGE_COLUMN_COUNT 20
#define MESSAGE_JOINS                                                                              \
    " JOIN conversation c ON c.id = m.conversation_id LEFT JOIN message q ON q.id = m.reply_to_id"

void message_from_row(const struct db_result *r, size_t row, int col, struct message *m);

#include "store/message_row.h"
#include "store/message_store.h"

/*
 * Words that few messages have lead to these, of which one's own are taken. Others are looked for
 * in one's own conversations, one after the other: a short one is read; of a long one the latest
 * are read, and when that is not enough the index finds the messages that have the words and the
 * word that stands for the conversation. Which way is gone is found out here, for the planner knows
 * neither the words nor whose conversations these are: words that one in a hundred of the newest
 * messages has are common, others are counted, no further than RARE. A conversation named is
 * searched if the person takes part in it.
 */
#define SAMPLE "1000"
#define COMMON "10" /* of SAMPLE */
#define RARE "2000"
#define SHORT "200" /* messages */
#define LATE "1000"
DB_READ(search_messages, "itiiiii", MESSAGE_TYPES,
        "WITH q AS MATERIALIZED (SELECT websearch_to_tsquery('simple', $2) AS query"
        "  WHERE numnode(websearch_to_tsquery('simple', $2)) > 0),"
        " sample AS MATERIALIZED (SELECT count(*) AS n FROM q, (SELECT words FROM message"
        "  ORDER BY id DESC LIMIT " SAMPLE ") x WHERE x.words @@ q.query),"
        " hit AS MATERIALIZED (SELECT m.id, m.conversation_id FROM q, message m"
        "  WHERE (SELECT n FROM sample) < " COMMON " AND m.words @@ q.query LIMIT " RARE " + 1),"
        " way AS MATERIALIZED (SELECT (SELECT n FROM sample) < " COMMON
        "  AND (SELECT count(*) FROM hit) <= " RARE " AS is_by_words),"
        " mine AS MATERIALIZED (SELECT p.conversation_id AS id, c.message_count AS n FROM ("
        "  SELECT conversation_id FROM participant WHERE user_id = $1"
        "   AND conversation_id >= $3 AND conversation_id <= $7"
        "   ORDER BY conversation_id DESC LIMIT $6) p"
        "  JOIN conversation c ON c.id = p.conversation_id),"
        " found AS MATERIALIZED (SELECT id FROM ("
        "  SELECT h.id FROM hit h WHERE (SELECT is_by_words FROM way)"
        "   AND h.conversation_id >= $3 AND h.conversation_id <= $7 AND EXISTS (SELECT FROM"
        "    participant p WHERE p.conversation_id = h.conversation_id AND p.user_id = $1)"
        "  UNION ALL SELECT m.id FROM q, mine CROSS JOIN LATERAL (SELECT x.id, x.words"
        "    FROM message x WHERE x.conversation_id = mine.id ORDER BY x.id DESC LIMIT " SHORT
        "   ) m WHERE NOT (SELECT is_by_words FROM way) AND mine.n <= " SHORT
        "   AND m.words @@ q.query"
        "  UNION ALL SELECT y.id FROM q, mine CROSS JOIN LATERAL (SELECT ARRAY(SELECT x.id FROM"
        "    (SELECT m.id, m.words FROM message m WHERE m.conversation_id = mine.id AND m.id < $4"
        "     ORDER BY m.id DESC LIMIT " LATE ") x WHERE x.words @@ q.query LIMIT $5) AS ids) l"
        "   CROSS JOIN LATERAL (SELECT unnest(l.ids) AS id WHERE cardinality(l.ids) = $5"
        "    UNION ALL SELECT m.id FROM message m WHERE cardinality(l.ids) < $5"
        "     AND m.words @@ (q.query && ('''#' || mine.id || '''')::tsquery)) y"
        "   WHERE NOT (SELECT is_by_words FROM way) AND mine.n > " SHORT
        "  ) x WHERE id < $4 ORDER BY id DESC LIMIT $5)"
        " SELECT " MESSAGE_COLUMNS " FROM found f JOIN message m ON m.id = f.id" MESSAGE_JOINS
        " ORDER BY m.id DESC");

enum err message_store_search(struct db_session *s, const struct message_search *q,
                              struct message_list *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &search_messages, &r, DB_INT(q->user_id), DB_STR(q->query),
                           DB_INT(q->conversation_id), DB_INT(q->before), DB_INT(q->limit),
                           DB_INT(SEARCH_CONVERSATIONS),
                           DB_INT(q->conversation_id ? q->conversation_id : INT64_MAX));
    if (rc)
        return rc;
    size_t n = db_rows(r);
    struct message *items = ARENA_ARRAY(s->arena, struct message, n + 1);
    for (size_t i = 0; i < n; i++)
        message_from_row(r, i, 0, &items[i]);
    *out = (struct message_list){items, n};
    return ERR_OK;
}

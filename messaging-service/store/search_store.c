#include "store/message_row.h"
#include "store/message_store.h"

/*
 * The words asked for, and the word that stands for one of the conversations: the index finds what
 * has both. All of it is found before it is sorted, or the planner might walk through everybody's
 * messages from the newest on. A conversation named is searched if the person takes part in it.
 */
DB_READ(search_messages, "itiiii", MESSAGE_TYPES,
        "WITH mine AS (SELECT string_agg('''#' || p.conversation_id || '''', '|')::tsquery AS of"
        "  FROM (SELECT conversation_id FROM participant WHERE user_id = $1"
        "   AND ($3 = 0 OR conversation_id = $3)"
        "   ORDER BY conversation_id DESC LIMIT $6) p),"
        " q AS MATERIALIZED (SELECT websearch_to_tsquery('simple', $2) && of AS query FROM mine"
        "  WHERE numnode(websearch_to_tsquery('simple', $2)) > 0 AND of IS NOT NULL),"
        " hit AS MATERIALIZED (SELECT m.id FROM message m, q WHERE m.words @@ q.query),"
        " found AS MATERIALIZED (SELECT id FROM hit WHERE id < $4 ORDER BY id DESC LIMIT $5)"
        " SELECT " MESSAGE_COLUMNS " FROM found f JOIN message m ON m.id = f.id" MESSAGE_JOINS
        " ORDER BY m.id DESC");

enum err message_store_search(struct db_session *s, const struct message_search *q,
                              struct message_list *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &search_messages, &r, DB_INT(q->user_id), DB_STR(q->query),
                           DB_INT(q->conversation_id), DB_INT(q->before), DB_INT(q->limit),
                           DB_INT(SEARCH_CONVERSATIONS));
    if (rc)
        return rc;
    size_t n = db_rows(r);
    struct message *items = ARENA_ARRAY(s->arena, struct message, n + 1);
    for (size_t i = 0; i < n; i++)
        message_from_row(r, i, 0, &items[i]);
    *out = (struct message_list){items, n};
    return ERR_OK;
}

#include "store/ticket_article_store.h"

#include "arena.h"
#include "store/history_store.h"
#include "store/kb_article_row.h"
#include "store/kb_reader.h"

DB_READ(ticket_article_list, "ibT", KB_COL_TYPES "ittTitz",
        "SELECT " KB_COLS ", COALESCE(t.number, a.latest_number), COALESCE(t.title, a.title), "
        "COALESCE(t.summary, a.summary), COALESCE(t.tags, a.tags), l.created_by, "
        "l.created_by_name, l.created_at FROM ticket_article l "
        "JOIN kb_article a ON a.id = l.article_id" KB_JOINS
        "LEFT JOIN kb_shown t ON t.id = a.id WHERE l.ticket_id = $1 "
        "AND ($2 OR (t.id IS NOT NULL AND t.visibility = ANY ($3::kb_visibility[]))) "
        "ORDER BY l.created_at, l.article_id LIMIT 1000");
DB_WRITE(ticket_article_insert, "iiitz", "",
         "INSERT INTO ticket_article (ticket_id, article_id, created_by, created_by_name, "
         "created_at) VALUES ($1, $2, $3, $4, $5)");
DB_WRITE(ticket_article_delete, "ii", "",
         "DELETE FROM ticket_article WHERE ticket_id = $1 AND article_id = $2");

enum err ticket_article_store_list(struct db_session *s, int64_t ticket_id, struct kb_reader reader,
                                   struct ticket_article **out, size_t *count)
{
    struct str seen[KB_VISIBILITY_COUNT];
    size_t n = kb_reader_words(reader, seen);
    struct db_result *rows;
    enum err rc = db_query(s, &ticket_article_list, &rows, DB_INT(ticket_id),
                           DB_BOOL(reader.is_editor), DB_STR_ARRAY(seen, n));

    if (rc)
        return rc;
    *count = db_rows(rows);
    *out = ARENA_ARRAY(s->arena, struct ticket_article, *count + 1);
    for (size_t i = 0; i < *count; i++) {
        struct ticket_article *x = &(*out)[i];

        kb_article_from_row(rows, i, 0, &x->article);
        x->article.number = db_get_int(rows, i, KB_COL_COUNT);
        x->article.title = db_get_str(rows, i, KB_COL_COUNT + 1);
        x->article.summary = db_get_str(rows, i, KB_COL_COUNT + 2);
        x->article.tag_count = db_get_str_array(rows, i, KB_COL_COUNT + 3, &x->article.tags);
        x->created_by = db_get_int(rows, i, KB_COL_COUNT + 4);
        x->created_by_name = db_get_str(rows, i, KB_COL_COUNT + 5);
        x->created_at = db_get_time(rows, i, KB_COL_COUNT + 6);
    }
    return ERR_OK;
}

static enum err CO_FN remember(struct db_session *s, int64_t ticket_id, const struct kb_article *a,
                               bool is_new, const struct cause *c)
{
    struct history_entry e = {
        .ticket_id = ticket_id,
        .field = STR("article"),
        .old_value = is_new ? STR_NULL : a->slug,
        .new_value = is_new ? a->slug : STR_NULL,
        .note = a->title,
        .is_internal = a->state != KB_PUBLISHED || a->visibility == KB_AGENTS,
    };

    return history_store_add(s, &e, c);
}

enum err ticket_article_store_add(struct db_session *s, int64_t ticket_id,
                                  const struct kb_article *a, const struct cause *c)
{
    enum err rc = db_query(s, &ticket_article_insert, NULL, DB_INT(ticket_id), DB_INT(a->id),
                           DB_INT(c->actor_id), DB_STR(c->actor_name), DB_TIME(c->now));

    if (rc == ERR_CONFLICT)
        return ERR_DUPLICATE_RESOURCE;
    return rc ? rc : remember(s, ticket_id, a, true, c);
}

enum err ticket_article_store_remove(struct db_session *s, int64_t ticket_id,
                                     const struct kb_article *a, const struct cause *c)
{
    struct db_result *rows;
    enum err rc = db_query(s, &ticket_article_delete, &rows, DB_INT(ticket_id), DB_INT(a->id));

    if (rc)
        return rc;
    return db_affected(rows) > 0 ? remember(s, ticket_id, a, false, c) : ERR_NOT_FOUND;
}

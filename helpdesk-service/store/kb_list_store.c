#include "store/kb_list_store.h"

#include "arena.h"
#include "store/kb_article_row.h"
#include "store/kb_reader.h"

#define PAGE                                                                                       \
    "FROM kb_page($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) p "            \
    "LEFT JOIN LATERAL unnest(p.ids) WITH ORDINALITY AS u (id, position) ON true "                 \
    "LEFT JOIN kb_article a ON a.id = u.id LEFT JOIN kb_stat n ON n.article_id = a.id "            \
    "LEFT JOIN kb_category g ON g.id = a.category_id "
#define PARAMS "Tttittitbtziiii"

DB_READ(kb_page_of_editor, PARAMS, "i" KB_COL_TYPES "ittT",
        "SELECT p.total, " KB_COLS ", a.latest_number, a.title, a.summary, a.tags " PAGE
        "ORDER BY u.position");
DB_READ(kb_page_of_reader, PARAMS, "i" KB_COL_TYPES "ittT",
        "SELECT p.total, " KB_COLS ", t.number, t.title, t.summary, t.tags " PAGE
        "LEFT JOIN kb_shown t ON t.id = u.id ORDER BY u.position");

static void read_rows(const struct db_result *rows, struct kb_article *out, size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < db_rows(rows); i++) {
        struct kb_article *a = &out[*count];

        /* no article: the one row of an empty page, or one withdrawn in between */
        if (db_is_null(rows, i, 1) || db_is_null(rows, i, 1 + KB_COL_COUNT))
            continue;
        kb_article_from_row(rows, i, 1, a);
        a->number = db_get_int(rows, i, 1 + KB_COL_COUNT);
        a->title = db_get_str(rows, i, 2 + KB_COL_COUNT);
        a->summary = db_get_str(rows, i, 3 + KB_COL_COUNT);
        a->tag_count = db_get_str_array(rows, i, 4 + KB_COL_COUNT, &a->tags);
        (*count)++;
    }
}

enum err kb_list_store_page(struct db_session *s, const struct kb_filter *f,
                            struct kb_article **out, size_t *count, int64_t *total)
{
    static const struct kb_position BEGIN = {.time = KB_NONE, .count = KB_NONE, .id = KB_NONE};
    const struct kb_position *after = f->after ? f->after : &BEGIN;
    struct str seen[KB_VISIBILITY_COUNT];
    size_t n = kb_reader_words(f->reader, seen);
    struct db_result *rows;
    enum err rc = db_query(s, f->reader.is_editor ? &kb_page_of_editor : &kb_page_of_reader, &rows,
                           f->reader.is_editor ? DB_NULL : DB_STR_ARRAY(seen, n), DB_STR(f->state),
                           DB_STR(f->visibility), DB_OPT_INT(f->category_id), DB_STR(f->tag),
                           DB_STR(f->language), DB_OPT_INT(f->author_id), DB_STR(f->sort),
                           DB_BOOL(f->is_descending), DB_STR(after->word), DB_TIME(after->time),
                           DB_OPT_INT(after->count), DB_OPT_INT(after->id), DB_INT(f->skip),
                           DB_INT(f->limit));

    if (rc)
        return rc;
    *total = db_rows(rows) ? db_get_int(rows, 0, 0) : KB_NONE;
    *out = ARENA_ARRAY(s->arena, struct kb_article, db_rows(rows) + 1);
    read_rows(rows, *out, count);
    for (size_t i = 0; i < *count && !f->reader.is_editor; i++)
        (*out)[i].updated_at = (*out)[i].published_at;
    return ERR_OK;
}

struct kb_position kb_position_of(const struct kb_article *a, struct str sort)
{
    struct kb_position p = {.time = KB_NONE, .count = KB_NONE, .id = a->id};

    if (str_eq(sort, STR("title")))
        p.word = a->title;
    else if (str_eq(sort, STR("views")))
        p.count = a->views;
    else if (str_eq(sort, STR("helpful")))
        p.count = a->helpful;
    else if (str_eq(sort, STR("created_at")))
        p.time = a->created_at;
    else
        p.time = a->updated_at;
    return p;
}

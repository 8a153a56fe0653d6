#include "store/kb_article_store.h"

#include "arena.h"
#include "store/kb_article_row.h"

#define TEXT_COLS "v.number, v.title, v.summary, v.body, v.tags"
#define TEXT_TYPES "itttT"
#define SELECT                                                                                     \
    "SELECT " KB_COLS ", " TEXT_COLS " FROM kb_article a" KB_JOINS                                 \
    "JOIN kb_version v ON v.article_id = a.id AND v.number = "
#define WANTED_VERSION                                                                             \
    "CASE WHEN $2 THEN COALESCE(a.published_number, a.latest_number) ELSE a.latest_number END "
#define OF_SLUG "(SELECT s.article_id FROM kb_slug s WHERE s.slug = $1)"

DB_READ(kb_article_by_id, "ib", KB_COL_TYPES TEXT_TYPES, SELECT WANTED_VERSION "WHERE a.id = $1");
DB_READ(kb_article_by_slug, "tb", KB_COL_TYPES TEXT_TYPES,
        SELECT WANTED_VERSION "WHERE a.id = " OF_SLUG);
/* In two steps: what a lock waited for may have changed which version is the newest. */
DB_WRITE(kb_article_lock_id, "i", "i", "SELECT id FROM kb_article WHERE id = $1 FOR UPDATE");
DB_WRITE(kb_article_lock_slug, "t", "i",
         "SELECT id FROM kb_article WHERE id = " OF_SLUG " FOR UPDATE");
DB_WRITE(kb_article_locked, "i", KB_COL_TYPES TEXT_TYPES, SELECT "a.latest_number WHERE a.id = $1");

void kb_article_from_row(const struct db_result *rows, size_t row, int col, struct kb_article *out)
{
    *out = (struct kb_article){
        .id = db_get_int(rows, row, col),
        .version = db_get_int(rows, row, col + 1),
        .slug = db_get_str(rows, row, col + 2),
        .state = kb_state_parse(db_get_str(rows, row, col + 3)),
        .visibility = kb_visibility_parse(db_get_str(rows, row, col + 4)),
        .category_id = db_get_int(rows, row, col + 5),
        .category_name = db_get_str(rows, row, col + 6),
        .language = db_get_str(rows, row, col + 7),
        .latest_number = db_get_int(rows, row, col + 8),
        .published_number = db_get_int(rows, row, col + 9),
        .published_at = db_get_time(rows, row, col + 10),
        .author_id = db_get_int(rows, row, col + 11),
        .author_name = db_get_str(rows, row, col + 12),
        .created_at = db_get_time(rows, row, col + 13),
        .updated_at = db_get_time(rows, row, col + 14),
        .views = db_get_int(rows, row, col + 15),
        .helpful = db_get_int(rows, row, col + 16),
        .unhelpful = db_get_int(rows, row, col + 17),
        .tickets = db_get_int(rows, row, col + 18),
    };
}

static enum err read_one(const struct db_result *rows, struct kb_article *out)
{
    if (db_rows(rows) == 0)
        return ERR_NOT_FOUND;
    kb_article_from_row(rows, 0, 0, out);
    out->number = db_get_int(rows, 0, KB_COL_COUNT);
    out->title = db_get_str(rows, 0, KB_COL_COUNT + 1);
    out->summary = db_get_str(rows, 0, KB_COL_COUNT + 2);
    out->body = db_get_str(rows, 0, KB_COL_COUNT + 3);
    out->tag_count = db_get_str_array(rows, 0, KB_COL_COUNT + 4, &out->tags);
    return ERR_OK;
}

enum err kb_article_store_find(struct db_session *s, struct str id_or_slug, bool published,
                               struct kb_article *out)
{
    struct db_result *rows;
    int64_t id;
    enum err rc;

    if (str_to_i64(id_or_slug, &id))
        rc = db_query(s, &kb_article_by_id, &rows, DB_INT(id), DB_BOOL(published));
    else
        rc = db_query(s, &kb_article_by_slug, &rows, DB_STR(id_or_slug), DB_BOOL(published));
    return rc ? rc : read_one(rows, out);
}

enum err kb_article_store_lock(struct db_session *s, struct str id_or_slug, struct kb_article *out)
{
    struct db_result *rows;
    int64_t id;
    enum err rc;

    if (str_to_i64(id_or_slug, &id))
        rc = db_query(s, &kb_article_lock_id, &rows, DB_INT(id));
    else
        rc = db_query(s, &kb_article_lock_slug, &rows, DB_STR(id_or_slug));
    if (rc)
        return rc;
    if (db_rows(rows) == 0)
        return ERR_NOT_FOUND;
    rc = db_query(s, &kb_article_locked, &rows, DB_INT(db_get_int(rows, 0, 0)));
    return rc ? rc : read_one(rows, out);
}

/* ---- adding ------------------------------------------------------------------------------- */

DB_WRITE(kb_article_next_id, "", "i", "SELECT nextval(pg_get_serial_sequence('kb_article', 'id'))");
DB_WRITE(kb_slug_take, "ti", "i",
         "INSERT INTO kb_slug (slug, article_id) VALUES ($1, $2) "
         "ON CONFLICT (slug) DO UPDATE SET article_id = $2 WHERE kb_slug.article_id = $2 "
         "RETURNING article_id");
DB_WRITE(kb_article_insert, "ittitttTitz", "",
         "WITH n AS (INSERT INTO kb_stat (article_id) VALUES ($1)) "
         "INSERT INTO kb_article (id, slug, visibility, category_id, language, title, summary, "
         "tags, author_id, author_name, created_at, updated_at) "
         "VALUES ($1, $2, $3::kb_visibility, $4, $5, $6, $7, $8, $9, $10, $11, $11)");
DB_WRITE(kb_version_insert, "iitttTtitz", "",
         "INSERT INTO kb_version (article_id, number, title, summary, body, tags, note, author_id, "
         "author_name, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
DB_READ(kb_category_name, "i", "t", "SELECT name FROM kb_category WHERE id = $1");

static enum err CO_FN take_slug(struct db_session *s, int64_t id, struct str slug)
{
    struct db_result *rows;
    enum err rc = db_query(s, &kb_slug_take, &rows, DB_STR(slug), DB_INT(id));

    if (rc)
        return rc;
    return db_rows(rows) > 0 ? ERR_OK : ERR_CONFLICT;
}

/* The base itself, or with the id behind it, which nobody has unless by intent. */
static enum err CO_FN make_slug(struct db_session *s, struct kb_article *a, struct str base)
{
    enum err rc = ERR_CONFLICT;

    if (base.len) {
        a->slug = base;
        rc = take_slug(s, a->id, a->slug);
    }
    for (int i = 0; i < 2 && rc == ERR_CONFLICT; i++) {
        bool is_named = i == 0 && base.len;

        a->slug = str_printf(s->arena, "%.*s-%lld", STR_ARG(is_named ? base : STR("article")),
                             (long long)a->id);
        rc = take_slug(s, a->id, a->slug);
    }
    return rc;
}

static enum err CO_FN insert_version(struct db_session *s, const struct kb_article *a,
                                     struct str note, const struct cause *c)
{
    return db_query(s, &kb_version_insert, NULL, DB_INT(a->id), DB_INT(a->number), DB_STR(a->title),
                    DB_STR(a->summary), DB_STR(a->body), DB_STR_ARRAY(a->tags, a->tag_count),
                    DB_STR(note), DB_INT(c->actor_id), DB_STR(c->actor_name), DB_TIME(c->now));
}

static enum err CO_FN read_category(struct db_session *s, struct kb_article *a)
{
    struct db_result *rows;
    enum err rc;

    a->category_name = STR_NULL;
    if (a->category_id == KB_NONE)
        return ERR_OK;
    rc = db_query(s, &kb_category_name, &rows, DB_INT(a->category_id));
    if (rc)
        return rc;
    if (db_rows(rows) == 0)
        return ERR_NOT_FOUND;
    a->category_name = db_get_str(rows, 0, 0);
    return ERR_OK;
}

enum err kb_article_store_add(struct db_session *s, struct kb_article *a, struct str base,
                              struct str note, const struct cause *c)
{
    struct db_result *rows;
    enum err rc = read_category(s, a);

    if (rc == ERR_OK)
        rc = db_query(s, &kb_article_next_id, &rows);
    if (rc)
        return rc;
    a->id = db_get_int(rows, 0, 0);
    rc = a->slug.p ? take_slug(s, a->id, a->slug) : make_slug(s, a, base);
    if (rc)
        return rc;
    a->state = KB_DRAFT;
    a->version = a->number = a->latest_number = 1;
    a->published_number = a->published_at = KB_NONE;
    a->author_id = c->actor_id;
    a->author_name = c->actor_name;
    a->created_at = a->updated_at = c->now;
    rc = db_query(s, &kb_article_insert, NULL, DB_INT(a->id), DB_STR(a->slug),
                  DB_STR(str_from(kb_visibility_word(a->visibility))), DB_OPT_INT(a->category_id),
                  DB_STR(a->language), DB_STR(a->title), DB_STR(a->summary),
                  DB_STR_ARRAY(a->tags, a->tag_count), DB_INT(a->author_id), DB_STR(a->author_name),
                  DB_TIME(a->created_at));
    return rc ? rc : insert_version(s, a, note, c);
}

enum err kb_article_store_add_version(struct db_session *s, struct kb_article *a, struct str note,
                                      const struct cause *c)
{
    a->number = ++a->latest_number;
    return insert_version(s, a, note, c);
}

/* ---- changing ----------------------------------------------------------------------------- */

DB_WRITE(kb_article_update, "itttitiizzttT", "",
         "UPDATE kb_article SET slug = $2, state = $3::kb_state, visibility = $4::kb_visibility, "
         "category_id = $5, language = $6, latest_number = $7, published_number = $8, "
         "published_at = $9, updated_at = $10, title = $11, summary = $12, tags = $13, "
         "version = version + 1 WHERE id = $1");
/* The words of a text beyond its first 100,000 characters are not found: an entry of the index has
 * a largest size. */
DB_WRITE(kb_article_show, "i", "",
         "INSERT INTO kb_shown (id, number, visibility, category_id, language, title, summary, "
         "tags, author_id, created_at, updated_at, headline, words) "
         "SELECT a.id, v.number, a.visibility, a.category_id, a.language, v.title, v.summary, "
         "v.tags, a.author_id, a.created_at, a.published_at, x.headline, x.headline || "
         "setweight(kb_vector(a.language, left(v.body, 100000)), 'D') FROM kb_article a "
         "JOIN kb_version v ON v.article_id = a.id AND v.number = a.published_number "
         "CROSS JOIN LATERAL (SELECT setweight(kb_vector(a.language, v.title), 'A') || "
         "setweight(kb_vector(a.language, v.summary || ' ' || array_to_string(v.tags, ' ')), 'B') "
         "AS headline) x WHERE a.id = $1 "
         "ON CONFLICT (id) DO UPDATE SET number = EXCLUDED.number, "
         "visibility = EXCLUDED.visibility, category_id = EXCLUDED.category_id, "
         "language = EXCLUDED.language, title = EXCLUDED.title, summary = EXCLUDED.summary, "
         "tags = EXCLUDED.tags, updated_at = EXCLUDED.updated_at, headline = EXCLUDED.headline, "
         "words = EXCLUDED.words");
DB_WRITE(kb_article_hide, "i", "", "DELETE FROM kb_shown WHERE id = $1");
DB_WRITE(kb_article_delete, "i", "", "DELETE FROM kb_article WHERE id = $1");

enum err kb_article_store_save(struct db_session *s, struct kb_article *a, int64_t now)
{
    bool is_shown = a->state == KB_PUBLISHED;
    enum err rc = read_category(s, a);

    if (rc == ERR_OK)
        rc = take_slug(s, a->id, a->slug);
    if (rc)
        return rc;
    a->version++;
    a->updated_at = now;
    rc = db_query(s, &kb_article_update, NULL, DB_INT(a->id), DB_STR(a->slug),
                  DB_STR(str_from(kb_state_word(a->state))),
                  DB_STR(str_from(kb_visibility_word(a->visibility))), DB_OPT_INT(a->category_id),
                  DB_STR(a->language), DB_INT(a->latest_number), DB_OPT_INT(a->published_number),
                  DB_TIME(a->published_at), DB_TIME(now), DB_STR(a->title), DB_STR(a->summary),
                  DB_STR_ARRAY(a->tags, a->tag_count));
    if (rc)
        return rc;
    return db_query(s, is_shown ? &kb_article_show : &kb_article_hide, NULL, DB_INT(a->id));
}

enum err kb_article_store_delete(struct db_session *s, int64_t id)
{
    return db_query(s, &kb_article_delete, NULL, DB_INT(id));
}

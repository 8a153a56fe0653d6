#include "store/template_store.h"

#define COLUMNS                                                                                    \
    "t.name, t.language, t.subject, t.message, t.body_text, t.body_html, t.version,"               \
    " t.updated_at, t.updated_by"
#define TYPES "ttttttizi"

DB_READ(template_find, "TT", TYPES,
        "SELECT " COLUMNS " FROM template t WHERE t.name = ANY ($1) AND t.language = ANY ($2)");
DB_READ(template_list, "", TYPES,
        "SELECT t.name, t.language, '', '', '', '', t.version, t.updated_at, t.updated_by"
        " FROM template t ORDER BY t.name, t.language");
DB_WRITE(template_lock, "tt", TYPES,
         "SELECT " COLUMNS " FROM template t WHERE t.name = $1 AND t.language = $2 FOR UPDATE");
DB_WRITE(template_put, "ttttttizi", "i",
         "INSERT INTO template AS t (name, language, subject, message, body_text, body_html,"
         " updated_at, updated_by) SELECT $1, $2, $3, $4, $5, $6, $8, $9"
         " ON CONFLICT (name, language) DO UPDATE SET subject = $3, message = $4, body_text = $5,"
         " body_html = $6, version = nextval('template_version'), updated_at = $8, updated_by = $9"
         " WHERE t.version = $7 RETURNING version");
DB_WRITE(template_count, "", "i", "SELECT count(*) FROM template");
DB_WRITE(template_delete, "tt", "", "DELETE FROM template WHERE name = $1 AND language = $2");

static void read_row(const struct db_result *r, size_t row, struct template *t)
{
    *t = (struct template){
        .name = db_get_str(r, row, 0),
        .language = db_get_str(r, row, 1),
        .subject = db_get_str(r, row, 2),
        .message = db_get_str(r, row, 3),
        .text = db_get_str(r, row, 4),
        .html = db_get_str(r, row, 5),
        .version = db_get_int(r, row, 6),
        .updated_at = db_get_time(r, row, 7),
        .updated_by = db_get_int(r, row, 8),
    };
}

static void read_rows(struct arena *a, const struct db_result *r, const struct template **out,
                      size_t *count)
{
    *count = db_rows(r);
    struct template *items = ARENA_ARRAY(a, struct template, *count + 1);
    for (size_t i = 0; i < *count; i++)
        read_row(r, i, &items[i]);
    *out = items;
}

enum err template_store_find(struct db_session *s, const struct str *names, size_t name_count,
                             const struct str *languages, size_t language_count,
                             const struct template **out, size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &template_find, &r, DB_STR_ARRAY(names, name_count),
                           DB_STR_ARRAY(languages, language_count));
    if (rc == ERR_OK)
        read_rows(s->arena, r, out, count);
    return rc;
}

enum err template_store_list(struct db_session *s, const struct template **out, size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &template_list, &r);
    if (rc == ERR_OK)
        read_rows(s->arena, r, out, count);
    return rc;
}

enum err template_store_lock(struct db_session *s, struct str name, struct str language,
                             struct template *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &template_lock, &r, DB_STR(name), DB_STR(language));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_NOT_FOUND;
    read_row(r, 0, out);
    return ERR_OK;
}

static enum err CO_FN check_room(struct db_session *s)
{
    struct db_result *r;
    enum err rc = db_query(s, &template_count, &r);
    if (rc)
        return rc;
    return db_get_int(r, 0, 0) < TEMPLATES_MAX ? ERR_OK : ERR_INSUFFICIENT_STORAGE;
}

enum err template_store_put(struct db_session *s, struct template *t, int64_t now)
{
    struct db_result *r;
    enum err rc = t->version ? ERR_OK : check_room(s);
    if (rc == ERR_OK)
        rc = db_query(s, &template_put, &r, DB_STR(t->name), DB_STR(t->language),
                      DB_STR(t->subject), DB_STR(t->message), DB_STR(t->text), DB_STR(t->html),
                      DB_INT(t->version), DB_TIME(now), DB_OPT_INT(t->updated_by));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_SERIALIZATION;
    t->version = db_get_int(r, 0, 0);
    t->updated_at = now;
    return ERR_OK;
}

enum err template_store_delete(struct db_session *s, struct str name, struct str language)
{
    return db_query(s, &template_delete, NULL, DB_STR(name), DB_STR(language));
}

#include "store/file_store.h"

#include "arena.h"
#include "store/audit_change.h"
#include "store/audit_store.h"

#define COLS                                                                                       \
    "f.id, f.ticket_id, f.filename, f.url, f.content_type, f.size, f.sha256, f.uploader_id, "      \
    "f.uploader_name, CASE WHEN f.ticket_id IS NULL THEN f.entity_type ELSE 'ticket' END, "        \
    "COALESCE(f.entity_id, (SELECT number FROM ticket WHERE id = f.ticket_id)), f.alt_text, "      \
    "f.sort_order, f.is_public, f.uploaded_at, f.updated_at"
#define COL_TYPES                                                                                  \
    "iitttit"                                                                                      \
    "it"                                                                                           \
    "ttt"                                                                                          \
    "ibzz"
#define TOTAL_COL 16

/* A history row and the next version of the ticket, beside what the statement is about: ticket,
 * name before, name after, who ($4, $5), when, version. */
#define TICKET_CHANGE                                                                              \
    "t AS (UPDATE ticket SET version = $7, updated_at = $6 WHERE id = $1), "                       \
    "h AS (INSERT INTO ticket_history (ticket_id, field_name, old_value, new_value, changed_by, "  \
    "changed_by_name, changed_at) VALUES ($1, 'attachment', $2, $3, $4, $5, $6)) "
#define TICKET_CHANGE_TYPES                                                                        \
    "itt"                                                                                          \
    "itzi"

DB_READ(file_by_id, "i", COL_TYPES, "SELECT " COLS " FROM media_file f WHERE f.id = $1");
DB_READ(file_by_name, "it", COL_TYPES,
        "SELECT " COLS " FROM media_file f WHERE f.ticket_id = $1 AND f.filename = $2");
DB_READ(file_of_ticket, "i", COL_TYPES,
        "SELECT " COLS " FROM media_file f WHERE f.ticket_id = $1 ORDER BY f.id");
DB_READ(file_of_uploader, "iiii", COL_TYPES "i",
        "SELECT " COLS ", CASE WHEN $2::bigint IS NULL THEN (SELECT count(*) FROM (SELECT 1 "
        "FROM media_file WHERE uploader_id = $1 LIMIT 10001) m) END "
        "FROM media_file f WHERE f.uploader_id = $1 AND ($2::bigint IS NULL OR f.id < $2) "
        "ORDER BY f.id DESC OFFSET $3 LIMIT $4");
DB_READ(file_of_entity, "ttiiii", COL_TYPES "i",
        "SELECT " COLS ", CASE WHEN $4::bigint IS NULL THEN (SELECT count(*) FROM (SELECT 1 "
        "FROM media_file WHERE entity_type = $1 AND entity_id = $2 "
        "AND ($3::bigint IS NULL OR is_public OR uploader_id = $3) LIMIT 10001) m) END "
        "FROM media_file f WHERE f.entity_type = $1 AND f.entity_id = $2 "
        "AND ($3::bigint IS NULL OR f.is_public OR f.uploader_id = $3) "
        "AND ($4::bigint IS NULL OR f.id > $4) ORDER BY f.id OFFSET $5 LIMIT $6");
DB_WRITE(file_usage, "i", "iT",
         "SELECT COALESCE(sum(size), 0)::bigint, array_agg(filename) FROM media_file "
         "WHERE ticket_id = $1");
DB_WRITE(file_attach, TICKET_CHANGE_TYPES "ttitt", "ii",
         "WITH " TICKET_CHANGE
         "INSERT INTO media_file (ticket_id, filename, url, content_type, size, sha256, "
         "uploader_id, uploader_name, alt_text, sort_order, uploaded_at, updated_at) "
         "SELECT $1, $3, $8, $9, $10, $11, $4, $5, $12, count(*), $6, $6 FROM media_file "
         "WHERE ticket_id = $1 RETURNING id, sort_order");
DB_WRITE(file_add,
         "ttit"
         "it"
         "ttt"
         "bz",
         "ii",
         "INSERT INTO media_file (filename, content_type, size, sha256, uploader_id, "
         "uploader_name, entity_type, entity_id, alt_text, is_public, sort_order, uploaded_at, "
         "updated_at) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, count(*), $11, $11 "
         "FROM media_file WHERE entity_type = $7 AND entity_id = $8 RETURNING id, sort_order");
DB_WRITE(file_detach, TICKET_CHANGE_TYPES "iz", "",
         "WITH " TICKET_CHANGE
         ", f AS (DELETE FROM media_file WHERE id = $8 AND ticket_id = $1 RETURNING sha256) "
         "UPDATE media_blob SET unused_since = $9 WHERE sha256 IN (SELECT sha256 FROM f)");
DB_WRITE(file_remove, "iz", "",
         "WITH f AS (DELETE FROM media_file WHERE id = $1 AND ticket_id IS NULL RETURNING sha256) "
         "UPDATE media_blob SET unused_since = $2 WHERE sha256 IN (SELECT sha256 FROM f)");
DB_WRITE(file_lock_entity, "ttii", COL_TYPES,
         "SELECT " COLS " FROM media_file f WHERE f.entity_type = $1 AND f.entity_id = $2 "
         "AND f.uploader_id = $3 ORDER BY f.id LIMIT $4 FOR UPDATE");
DB_WRITE(file_move, "ittz", "",
         "UPDATE media_file SET entity_type = $2, entity_id = $3, updated_at = $4 WHERE id = $1");
DB_WRITE(file_move_to_ticket, TICKET_CHANGE_TYPES "it", "",
         "WITH " TICKET_CHANGE
         "UPDATE media_file SET ticket_id = $1, filename = $3, url = $9, entity_type = NULL, "
         "entity_id = NULL, is_public = false, updated_at = $6 WHERE id = $8");

/* ---- reading ------------------------------------------------------------------------------ */

static void from_row(const struct db_result *rows, size_t row, struct media_file *out)
{
    *out = (struct media_file){
        .id = db_get_int(rows, row, 0),
        .ticket_id = db_get_int(rows, row, 1),
        .filename = db_get_str(rows, row, 2),
        .url = db_get_str(rows, row, 3),
        .content_type = db_get_str(rows, row, 4),
        .size = db_get_int(rows, row, 5),
        .sha256 = db_get_str(rows, row, 6),
        .uploader_id = db_get_int(rows, row, 7),
        .uploader_name = db_get_str(rows, row, 8),
        .entity_type = db_get_str(rows, row, 9),
        .entity_id = db_get_str(rows, row, 10),
        .alt_text = db_get_str(rows, row, 11),
        .sort_order = db_get_int(rows, row, 12),
        .is_public = db_get_bool(rows, row, 13),
        .uploaded_at = db_get_time(rows, row, 14),
        .updated_at = db_get_time(rows, row, 15),
    };
}

static void all_rows(struct db_session *s, const struct db_result *rows, struct media_file **out,
                     size_t *count)
{
    *count = db_rows(rows);
    *out = ARENA_ARRAY(s->arena, struct media_file, *count + 1);
    for (size_t i = 0; i < *count; i++)
        from_row(rows, i, &(*out)[i]);
}

static enum err first_row(const struct db_result *rows, struct media_file *out)
{
    if (db_rows(rows) == 0)
        return ERR_NOT_FOUND;
    from_row(rows, 0, out);
    return ERR_OK;
}

enum err file_store_by_id(struct db_session *s, int64_t id, struct media_file *out)
{
    struct db_result *rows;
    enum err rc = db_query(s, &file_by_id, &rows, DB_INT(id));

    return rc ? rc : first_row(rows, out);
}

enum err file_store_by_name(struct db_session *s, int64_t ticket_id, struct str filename,
                            struct media_file *out)
{
    struct db_result *rows;
    enum err rc = db_query(s, &file_by_name, &rows, DB_INT(ticket_id), DB_STR(filename));

    return rc ? rc : first_row(rows, out);
}

enum err file_store_of_ticket(struct db_session *s, int64_t ticket_id, struct media_file **out,
                              size_t *count)
{
    struct db_result *rows;
    enum err rc = db_query(s, &file_of_ticket, &rows, DB_INT(ticket_id));

    if (rc == ERR_OK)
        all_rows(s, rows, out, count);
    return rc;
}

static void page_rows(struct db_session *s, const struct db_result *rows, struct media_file **out,
                      size_t *count, int64_t *total)
{
    all_rows(s, rows, out, count);
    *total = *count ? db_get_int(rows, 0, TOTAL_COL) : 0;
}

enum err file_store_of_uploader(struct db_session *s, int64_t uploader_id,
                                const struct file_page *p, struct media_file **out, size_t *count,
                                int64_t *total)
{
    struct db_result *rows;
    enum err rc = db_query(s, &file_of_uploader, &rows, DB_INT(uploader_id),
                           DB_OPT_INT(p->after_id), DB_INT(p->skip), DB_INT(p->limit));

    if (rc == ERR_OK)
        page_rows(s, rows, out, count, total);
    return rc;
}

enum err file_store_of_entity(struct db_session *s, const struct file_entity *e,
                              const struct file_page *p, struct media_file **out, size_t *count,
                              int64_t *total)
{
    struct db_result *rows;
    enum err rc = db_query(s, &file_of_entity, &rows, DB_STR(e->type), DB_STR(e->id),
                           DB_OPT_INT(e->viewer_id), DB_OPT_INT(p->after_id), DB_INT(p->skip),
                           DB_INT(p->limit));

    if (rc == ERR_OK)
        page_rows(s, rows, out, count, total);
    return rc;
}

/* ---- writing ------------------------------------------------------------------------------ */

enum err file_store_usage(struct db_session *s, int64_t ticket_id, int64_t *bytes,
                          const struct str **names, size_t *name_count)
{
    struct db_result *rows;
    enum err rc = db_query(s, &file_usage, &rows, DB_INT(ticket_id));

    if (rc)
        return rc;
    *bytes = db_get_int(rows, 0, 0);
    *name_count = db_get_str_array(rows, 0, 1, names);
    return ERR_OK;
}

#define TICKET_CHANGE_VALUES(t, before, after, c)                                                  \
    DB_INT((t)->id), DB_STR(before), DB_STR(after), DB_OPT_INT((c)->actor_id),                     \
        DB_STR((c)->actor_name), DB_TIME((c)->now), DB_INT((t)->version + 1)

static void count_version(struct ticket *t, const struct cause *c)
{
    t->version++;
    t->updated_at = c->now;
}

static void fill_written(const struct db_result *rows, struct media_file *f, const struct cause *c)
{
    f->id = db_get_int(rows, 0, 0);
    f->sort_order = db_get_int(rows, 0, 1);
    f->uploader_id = c->actor_id;
    f->uploader_name = c->actor_name;
    f->uploaded_at = f->updated_at = c->now;
}

enum err file_store_attach(struct db_session *s, struct ticket *t, struct media_file *f,
                           const struct cause *c)
{
    struct db_result *rows;
    enum err rc = db_query(
        s, &file_attach, &rows, TICKET_CHANGE_VALUES(t, STR_NULL, f->filename, c), DB_STR(f->url),
        DB_STR(f->content_type), DB_INT(f->size), DB_STR(f->sha256), DB_STR(f->alt_text));

    if (rc)
        return rc;
    count_version(t, c);
    fill_written(rows, f, c);
    f->ticket_id = t->id;
    f->entity_type = STR("ticket");
    f->entity_id = t->number;
    return ERR_OK;
}

enum err file_store_add(struct db_session *s, struct media_file *f, const struct cause *c)
{
    struct db_result *rows;
    enum err rc = db_query(s, &file_add, &rows, DB_STR(f->filename), DB_STR(f->content_type),
                           DB_INT(f->size), DB_STR(f->sha256), DB_OPT_INT(c->actor_id),
                           DB_STR(c->actor_name), DB_STR(f->entity_type), DB_STR(f->entity_id),
                           DB_STR(f->alt_text), DB_BOOL(f->is_public), DB_TIME(c->now));

    if (rc)
        return rc;
    fill_written(rows, f, c);
    f->ticket_id = TICKET_NONE;
    return ERR_OK;
}

static enum err CO_FN put_removal(struct db_session *s, const struct ticket *t,
                                  const struct media_file *f, const struct cause *c)
{
    struct audit_event e = audit_event_of(c, "attachment.remove");
    struct audit_changes changes;

    audit_changes_begin(&changes, s->arena);
    audit_change(&changes, STR("filename"), f->filename, STR_NULL);
    audit_change(&changes, STR("sha256"), f->sha256, STR_NULL);
    e.object_type = STR("attachment");
    e.object_id = str_printf(s->arena, "%lld", (long long)f->id);
    e.object_number = t->number;
    e.changes = audit_changes_end(&changes);
    return audit_store_put(s, &e);
}

enum err file_store_detach(struct db_session *s, struct ticket *t, const struct media_file *f,
                           const struct cause *c, int64_t unused_at)
{
    enum err rc = db_query(s, &file_detach, NULL, TICKET_CHANGE_VALUES(t, f->filename, STR_NULL, c),
                           DB_INT(f->id), DB_TIME(unused_at));

    if (rc)
        return rc;
    count_version(t, c);
    return put_removal(s, t, f, c);
}

enum err file_store_remove(struct db_session *s, int64_t id, int64_t unused_at)
{
    struct db_result *rows;
    enum err rc = db_query(s, &file_remove, &rows, DB_INT(id), DB_TIME(unused_at));

    if (rc)
        return rc;
    return db_affected(rows) > 0 ? ERR_OK : ERR_NOT_FOUND;
}

enum err file_store_lock_entity(struct db_session *s, struct str entity_type, struct str entity_id,
                                int64_t uploader_id, int64_t limit, struct media_file **out,
                                size_t *count)
{
    struct db_result *rows;
    enum err rc = db_query(s, &file_lock_entity, &rows, DB_STR(entity_type), DB_STR(entity_id),
                           DB_INT(uploader_id), DB_INT(limit));

    if (rc == ERR_OK)
        all_rows(s, rows, out, count);
    return rc;
}

enum err file_store_move(struct db_session *s, int64_t id, struct str entity_type,
                         struct str entity_id, const struct cause *c)
{
    return db_query(s, &file_move, NULL, DB_INT(id), DB_STR(entity_type), DB_STR(entity_id),
                    DB_TIME(c->now));
}

enum err file_store_move_to_ticket(struct db_session *s, struct ticket *t,
                                   const struct media_file *f, const struct cause *c)
{
    enum err rc =
        db_query(s, &file_move_to_ticket, NULL, TICKET_CHANGE_VALUES(t, STR_NULL, f->filename, c),
                 DB_INT(f->id), DB_STR(f->url));

    if (rc == ERR_OK)
        count_version(t, c);
    return rc;
}

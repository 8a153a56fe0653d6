#include "store/link_store.h"

#include "arena.h"
#include "store/history_store.h"

static const struct {
    const char *word, *kind;
    bool is_source; /* whether the ticket asked about is the source of the link */
} RELATIONS[RELATION_COUNT] = {
    [RELATION_PARENT_OF] = {"parent_of", "parent", true},
    [RELATION_CHILD_OF] = {"child_of", "parent", false},
    [RELATION_BLOCKS] = {"blocks", "blocks", true},
    [RELATION_BLOCKED_BY] = {"blocked_by", "blocks", false},
    [RELATION_DUPLICATE_OF] = {"duplicate_of", "duplicate", true},
    [RELATION_DUPLICATED_BY] = {"duplicated_by", "duplicate", false},
};

const char *ticket_relation_word(enum ticket_relation r)
{
    return RELATIONS[r].word;
}

enum ticket_relation ticket_relation_parse(struct str word)
{
    enum ticket_relation r = RELATION_PARENT_OF;

    while (r < RELATION_COUNT && !str_eq(word, str_from(RELATIONS[r].word)))
        r++;
    return r;
}

static enum ticket_relation relation_of(struct str kind, bool is_source)
{
    enum ticket_relation r = RELATION_PARENT_OF;

    while (r < RELATION_COUNT &&
           (!str_eq(kind, str_from(RELATIONS[r].kind)) || RELATIONS[r].is_source != is_source))
        r++;
    return r;
}

static enum ticket_relation reversed(enum ticket_relation r)
{
    return relation_of(str_from(RELATIONS[r].kind), !RELATIONS[r].is_source);
}

DB_READ(link_list, "iib", "itbtttitz",
        "SELECT l.id, l.kind::text, l.source_id = $1, o.number, o.subject, o.status::text, "
        "l.created_by, l.created_by_name, l.created_at "
        "FROM (SELECT *, target_id AS other_id FROM ticket_link WHERE source_id = $1 UNION ALL "
        "SELECT *, source_id FROM ticket_link WHERE target_id = $1) l "
        "JOIN ticket o ON o.id = l.other_id "
        "WHERE $3 OR EXISTS (SELECT 1 FROM ticket_participant p WHERE p.ticket_id = o.id "
        "AND p.user_id = $2) ORDER BY l.id");

enum err link_store_list(struct db_session *s, int64_t ticket_id,
                         const struct ticket_viewer *viewer, bool may_read_all,
                         struct ticket_link **out, size_t *count)
{
    struct db_result *rows;
    enum err rc = db_query(s, &link_list, &rows, DB_INT(ticket_id), DB_INT(viewer->id),
                           DB_BOOL(may_read_all));

    if (rc)
        return rc;
    *count = db_rows(rows);
    *out = ARENA_ARRAY(s->arena, struct ticket_link, *count + 1);
    for (size_t i = 0; i < *count; i++)
        (*out)[i] = (struct ticket_link){
            .id = db_get_int(rows, i, 0),
            .relation = relation_of(db_get_str(rows, i, 1), db_get_bool(rows, i, 2)),
            .other_number = db_get_str(rows, i, 3),
            .other_subject = db_get_str(rows, i, 4),
            .other_status = ticket_status_parse(db_get_str(rows, i, 5)),
            .created_by = db_get_int(rows, i, 6),
            .created_by_name = db_get_str(rows, i, 7),
            .created_at = db_get_time(rows, i, 8),
        };
    return ERR_OK;
}

/* ---- changing ----------------------------------------------------------------------------- */

/* New parents take turns: two of them could close a circle that neither sees. */
DB_WRITE(link_lock, "", "n",
         "SELECT 1 FROM (SELECT pg_advisory_xact_lock(hashtext(current_schema()), "
         "hashtext('ticket_link'))) l");
DB_READ(link_is_ancestor, "ii", "b",
        "WITH RECURSIVE up (id) AS (SELECT $1 UNION SELECT l.source_id FROM up "
        "JOIN ticket_link l ON l.kind = 'parent' AND l.target_id = up.id) "
        "SELECT EXISTS (SELECT 1 FROM up WHERE id = $2)");
DB_WRITE(link_insert, "tiiitz", "i",
         "INSERT INTO ticket_link (kind, source_id, target_id, created_by, created_by_name, "
         "created_at) VALUES ($1::ticket_link_kind, $2, $3, $4, $5, $6) RETURNING id");
DB_WRITE(link_delete, "ii", "tbit",
         "DELETE FROM ticket_link l USING ticket o WHERE l.id = $1 AND $2 IN (l.source_id, "
         "l.target_id) AND o.id = l.source_id + l.target_id - $2 "
         "RETURNING l.kind::text, l.source_id = $2, o.id, o.number");

/* Both tickets remember; what the other one is called is for those who may see internal notes. */
static enum err CO_FN remember(struct db_session *s, int64_t ticket_id, struct str number,
                               enum ticket_relation relation, int64_t other_id,
                               struct str other_number, bool is_new, const struct cause *c)
{
    struct str there =
                   str_printf(s->arena, "%s %.*s", RELATIONS[relation].word, STR_ARG(other_number)),
               back = str_printf(s->arena, "%s %.*s", RELATIONS[reversed(relation)].word,
                                 STR_ARG(number));
    struct history_entry here = {.ticket_id = ticket_id, .field = STR("link"), .is_internal = true},
                         other = {.ticket_id = other_id, .field = STR("link"), .is_internal = true};
    enum err rc;

    *(is_new ? &here.new_value : &here.old_value) = there;
    *(is_new ? &other.new_value : &other.old_value) = back;
    rc = history_store_add(s, &here, c);
    return rc ? rc : history_store_add(s, &other, c);
}

static enum err CO_FN check_circle(struct db_session *s, int64_t parent_id, int64_t child_id)
{
    struct db_result *rows;
    enum err rc = db_query(s, &link_lock, NULL);

    if (rc == ERR_OK)
        rc = db_query(s, &link_is_ancestor, &rows, DB_INT(parent_id), DB_INT(child_id));
    if (rc)
        return rc;
    return db_get_bool(rows, 0, 0) ? ERR_CONFLICT : ERR_OK;
}

enum err link_store_add(struct db_session *s, const struct ticket *t, enum ticket_relation relation,
                        const struct ticket *other, const struct cause *c, struct ticket_link *out)
{
    bool is_source = RELATIONS[relation].is_source;
    int64_t source_id = is_source ? t->id : other->id, target_id = is_source ? other->id : t->id;
    struct db_result *rows;
    enum err rc = ERR_OK;

    if (relation == RELATION_PARENT_OF || relation == RELATION_CHILD_OF)
        rc = check_circle(s, source_id, target_id);
    if (rc == ERR_OK)
        rc = db_query(s, &link_insert, &rows, DB_STR(str_from(RELATIONS[relation].kind)),
                      DB_INT(source_id), DB_INT(target_id), DB_OPT_INT(c->actor_id),
                      DB_STR(c->actor_name), DB_TIME(c->now));
    if (rc == ERR_CONFLICT && str_eq(s->error_constraint, STR("ticket_link_once")))
        return ERR_DUPLICATE_RESOURCE;
    if (rc)
        return rc;
    *out = (struct ticket_link){
        .id = db_get_int(rows, 0, 0),
        .relation = relation,
        .other_number = other->number,
        .other_subject = other->subject,
        .other_status = other->status,
        .created_by = c->actor_id,
        .created_by_name = c->actor_name,
        .created_at = c->now,
    };
    return remember(s, t->id, t->number, relation, other->id, other->number, true, c);
}

enum err link_store_remove(struct db_session *s, const struct ticket *t, int64_t link_id,
                           const struct cause *c)
{
    struct db_result *rows;
    enum err rc = db_query(s, &link_delete, &rows, DB_INT(link_id), DB_INT(t->id));

    if (rc)
        return rc;
    if (db_rows(rows) == 0)
        return ERR_NOT_FOUND;
    return remember(s, t->id, t->number,
                    relation_of(db_get_str(rows, 0, 0), db_get_bool(rows, 0, 1)),
                    db_get_int(rows, 0, 2), db_get_str(rows, 0, 3), false, c);
}

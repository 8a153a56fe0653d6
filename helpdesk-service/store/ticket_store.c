#include "store/ticket_store.h"

#include "domain/number.h"
#include "store/audit_change.h"
#include "store/audit_store.h"
#include "store/ticket_row.h"

/* What the person $2 is to the ticket, in a bit each. */
#define INVOLVEMENT                                                                                \
    "COALESCE((SELECT p.is_assignee::int + 2 * p.is_watcher::int FROM ticket_participant p "       \
    "WHERE p.ticket_id = t.id AND p.user_id = $2), 0)"
#define WATCHERS                                                                                   \
    "ARRAY(SELECT p.user_id FROM ticket_participant p WHERE p.ticket_id = t.id AND p.is_watcher)"
#define RFC3339(column) "to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
#define COMMENTS(members)                                                                          \
    "(SELECT json_agg(json_build_object('id', c.id, " members "'user_name', c.author_name, "       \
    "'comment', c.comment, 'created_at', " RFC3339(                                                \
        "c.created_at") ") ORDER BY c.id)::text "                                                  \
                        "FROM ticket_comment c WHERE c.ticket_id = t.id "                          \
                        "AND (NOT c.is_internal OR (t.requester_id <> $2 AND ($3 OR t.owner_id = " \
                        "$2 "                                                                      \
                        "OR EXISTS (SELECT 1 FROM ticket_participant p WHERE p.ticket_id = t.id "  \
                        "AND p.user_id = $2 AND p.is_assignee)))))"
#define ATTACHMENTS(members)                                                                       \
    "(SELECT json_agg(json_build_object('id', a.id, 'filename', a.filename, " members              \
    "'url', a.url, 'uploaded_at', " RFC3339(                                                       \
        "a.uploaded_at") ") ORDER BY a.id)::text "                                                 \
                         "FROM media_file a WHERE a.ticket_id = t.id)"
#define VIEW(comment_members, attachment_members)                                                  \
    "SELECT " TICKET_COLS ", " INVOLVEMENT ", " COMMENTS(comment_members) ", " ATTACHMENTS(        \
        attachment_members) " FROM ticket t WHERE t.number = $1"

DB_READ(ticket_integration_view, "tib", TICKET_COL_TYPES "ntt", VIEW("", ""));
DB_READ(ticket_full_view, "tib", TICKET_COL_TYPES "ntt",
        VIEW("'user_id', c.author_id, 'visibility', "
             "CASE WHEN c.is_internal THEN 'internal' ELSE 'public' END, 'edited_at', " RFC3339(
                 "c.edited_at") ", 'version', c.version, ",
             "'content_type', a.content_type, 'size', a.size, 'sha256', a.sha256, "
             "'uploaded_by', a.uploader_id, "));
DB_READ(ticket_by_number, "ti", TICKET_COL_TYPES "n",
        "SELECT " TICKET_COLS ", " INVOLVEMENT " FROM ticket t WHERE t.number = $1");
DB_READ(ticket_by_id, "ii", TICKET_COL_TYPES "n",
        "SELECT " TICKET_COLS ", " INVOLVEMENT " FROM ticket t WHERE t.id = $1");
DB_WRITE(ticket_lock_number, "ti", TICKET_COL_TYPES "nI",
         "SELECT " TICKET_COLS ", " INVOLVEMENT ", " WATCHERS
         " FROM ticket t WHERE t.number = $1 FOR UPDATE");
DB_WRITE(ticket_lock_id, "ii", TICKET_COL_TYPES "nI",
         "SELECT " TICKET_COLS ", " INVOLVEMENT ", " WATCHERS
         " FROM ticket t WHERE t.id = $1 FOR UPDATE");

DB_WRITE(ticket_lock_resolved, "zi", TICKET_COL_TYPES "nI",
         "SELECT " TICKET_COLS ", " INVOLVEMENT ", " WATCHERS " FROM ticket t "
         "WHERE t.status = 'Resolved' AND t.updated_at <= $1 ORDER BY t.updated_at, t.id LIMIT 1 "
         "FOR UPDATE SKIP LOCKED");

/* ---- reading ------------------------------------------------------------------------------ */

static void read_row(const struct db_result *rows, struct ticket *out)
{
    int64_t involvement = db_get_int(rows, 0, TICKET_COL_COUNT);

    ticket_from_row(rows, 0, 0, out);
    out->is_assignee = involvement & 1;
    out->is_watcher = involvement & 2;
}

static enum err CO_FN read_one(struct db_session *s, const struct db_stmt *stmt,
                               struct db_value key, int64_t viewer_id, struct ticket *out)
{
    struct db_result *rows;
    enum err rc = db_query(s, stmt, &rows, key, DB_INT(viewer_id));

    if (rc)
        return rc;
    if (db_rows(rows) == 0)
        return ERR_TICKET_NOT_FOUND;
    read_row(rows, out);
    if (!stmt->is_read)
        out->watcher_count = db_get_int_array(rows, 0, TICKET_COL_COUNT + 1, &out->watchers);
    return ERR_OK;
}

enum err ticket_store_view(struct db_session *s, struct str number, struct ticket_viewer viewer,
                           enum ticket_shape shape, struct ticket_view *out)
{
    const struct db_stmt *stmt =
        shape == TICKET_SHAPE_FULL ? &ticket_full_view : &ticket_integration_view;
    struct db_result *rows;
    enum err rc;

    if (!ticket_number_is_valid(number))
        return ERR_TICKET_NOT_FOUND;
    rc = db_query(s, stmt, &rows, DB_STR(number), DB_INT(viewer.id), DB_BOOL(viewer.is_staff));
    if (rc)
        return rc;
    if (db_rows(rows) == 0)
        return ERR_TICKET_NOT_FOUND;
    read_row(rows, &out->ticket);
    out->comments_json = db_get_str(rows, 0, TICKET_COL_COUNT + 1);
    out->attachments_json = db_get_str(rows, 0, TICKET_COL_COUNT + 2);
    return ERR_OK;
}

static enum err CO_FN by_number(struct db_session *s, const struct db_stmt *stmt, struct str number,
                                int64_t viewer_id, struct ticket *out)
{
    if (!ticket_number_is_valid(number))
        return ERR_TICKET_NOT_FOUND;
    return read_one(s, stmt, DB_STR(number), viewer_id, out);
}

enum err ticket_store_by_number(struct db_session *s, struct str number, int64_t viewer_id,
                                struct ticket *out)
{
    return by_number(s, &ticket_by_number, number, viewer_id, out);
}

enum err ticket_store_lock_number(struct db_session *s, struct str number, int64_t viewer_id,
                                  struct ticket *out)
{
    return by_number(s, &ticket_lock_number, number, viewer_id, out);
}

enum err ticket_store_by_id(struct db_session *s, int64_t id, int64_t viewer_id, struct ticket *out)
{
    return read_one(s, &ticket_by_id, DB_INT(id), viewer_id, out);
}

DB_READ(ticket_numbers, "I", "t",
        "SELECT t.number FROM unnest($1) WITH ORDINALITY AS u (id, n) JOIN ticket t ON t.id = u.id "
        "ORDER BY u.n");

enum err ticket_store_numbers(struct db_session *s, const int64_t *ids, size_t n, struct str **out,
                              size_t *count)
{
    struct db_result *rows;
    enum err rc = db_query(s, &ticket_numbers, &rows, DB_INT_ARRAY(ids, n));

    if (rc)
        return rc;
    *count = db_rows(rows);
    *out = ARENA_ARRAY(s->arena, struct str, *count + 1);
    for (size_t i = 0; i < *count; i++)
        (*out)[i] = db_get_str(rows, i, 0);
    return ERR_OK;
}

enum err ticket_store_lock_id(struct db_session *s, int64_t id, int64_t viewer_id,
                              struct ticket *out)
{
    return read_one(s, &ticket_lock_id, DB_INT(id), viewer_id, out);
}

enum err ticket_store_lock_resolved(struct db_session *s, int64_t untouched_since,
                                    struct ticket *out)
{
    return read_one(s, &ticket_lock_resolved, DB_TIME(untouched_since), 0, out);
}

/* ---- writing ------------------------------------------------------------------------------ */

DB_WRITE(ticket_insert, "itttttttittzittjTTT", "t",
         "WITH t AS (INSERT INTO ticket (id, number, subject, description, category, "
         "sub_category, department, priority, requester_id, requester_name, requester_email, "
         "requester_department, created_at, updated_at, approval, custom_fields, tags) "
         "VALUES ($1, $2, $3, $4, $5, $6, $7, $8::ticket_priority, $9, $10, $11, "
         "(SELECT NULLIF(p.department, '') FROM person p WHERE p.id = $9), $12, $12, "
         "$15::ticket_approval, COALESCE($16::jsonb, '{}'), $17) "
         "RETURNING requester_department), "
         "p AS (INSERT INTO ticket_participant (user_id, ticket_id, created_at, is_requester) "
         "VALUES ($9, $1, $12, true)), "
         "g AS (INSERT INTO ticket_tag (ticket_id, tag, created_at) "
         "SELECT $1, u.tag, $12 FROM unnest($17) AS u (tag)), "
         "v AS (SELECT ticket_vector($2, $3, $4, $10 || ' ' || $11, $17, $12) AS tsv), "
         "s AS (INSERT INTO ticket_search (ticket_id, is_internal, part, tsv) "
         "SELECT $1, false, 0, tsv FROM v), "
         "w AS (INSERT INTO search_delta (words) SELECT ts_filter(tsv, '{a,b}') FROM v), "
         "h AS (INSERT INTO ticket_history (ticket_id, field_name, new_value, changed_by, "
         "changed_by_name, changed_at) VALUES ($1, 'created', $2, $13, $14, "
         "$12)), " AUDIT_CTE("$19") ", " OUTBOX_CTE("$18") " "
                                                           "SELECT requester_department FROM t");
/* Of the ticket as it is now. */
static struct audit_event audit_of(struct arena *a, const struct ticket *t, const struct cause *c,
                                   const char *action)
{
    struct audit_event e = audit_event_of(c, action);

    e.object_type = STR("ticket");
    e.object_id = str_printf(a, "%lld", (long long)t->id);
    e.object_number = t->number;
    return e;
}

static struct audit_event audit_of_new(struct arena *a, const struct ticket *t,
                                       const struct cause *c)
{
    struct audit_event e = audit_of(a, t, c, "ticket.create");

    if (t->requester_id != c->actor_id)
        e.on_behalf_of = t->requester_id;
    return e;
}

enum err ticket_store_create(struct db_session *s, struct ticket *t, const struct cause *c,
                             const struct outbox_entry *messages, size_t n)
{
    struct audit_event event = audit_of_new(s->arena, t, c);
    struct db_result *rows;
    enum err rc = db_query(
        s, &ticket_insert, &rows, DB_INT(t->id), DB_STR(t->number), DB_STR(t->subject),
        DB_STR(t->description), DB_STR(t->category), DB_STR(t->sub_category), DB_STR(t->department),
        DB_STR(str_from(ticket_priority_label(t->priority))), DB_INT(t->requester_id),
        DB_STR(t->requester_name), DB_STR(t->requester_email), DB_TIME(t->created_at),
        DB_OPT_INT(c->actor_id), DB_STR(c->actor_name), DB_STR(ticket_approval_word(t->approval)),
        DB_STR(t->custom_fields), DB_STR_ARRAY(t->tags, t->tag_count),
        outbox_rows(s->arena, messages, n), audit_row(s->arena, &event));

    if (rc)
        return rc;
    outbox_written(s);
    t->requester_department = db_get_str(rows, 0, 0);
    return ERR_OK;
}

DB_WRITE(
    ticket_update, "itttttttttbitntizzzbTTTTittjTT", "",
    "WITH t AS (UPDATE ticket SET subject = $3, description = $4, category = $5, "
    "sub_category = $6, department = $7, priority = $8::ticket_priority, "
    "status = $9::ticket_status, held_status = $10::ticket_status, is_assigned = $11, "
    "owner_id = $12, owner_name = $13, csat_rating = $14, csat_feedback = $15, "
    "version = $16, updated_at = $17, completed_at = $18, closed_at = $19, "
    "approval = $27::ticket_approval, custom_fields = COALESCE($28::jsonb, '{}'), tags = $29 "
    "WHERE id = $1), "
    "s AS (UPDATE ticket_search s SET tsv = ticket_vector($2, $3, $4, o.requester_name || ' ' "
    "|| o.requester_email, $29, o.created_at) || ticket_search_comments($1, false, 0) "
    "FROM ticket o WHERE o.id = $1 AND s.ticket_id = $1 AND NOT s.is_internal AND s.part = 0 "
    "AND $20 RETURNING s.tsv), "
    "w AS (INSERT INTO search_delta (words) SELECT ts_filter(tsv, '{a,b}') FROM s), " AUDIT_CTE(
        "$30") " "
               "INSERT INTO ticket_history (ticket_id, field_name, old_value, new_value, note, "
               "changed_by, changed_by_name, changed_at) "
               "SELECT $1, u.field, NULLIF(u.old, ''), NULLIF(u.new, ''), NULLIF(u.note, ''), "
               "$25, $26, "
               "$17 FROM unnest($21, $22, $23, $24) AS u (field, old, new, note)");

/* What a change writes beside the ticket. */
struct traces {
    const struct ticket_field_change *changes;
    int n;
    struct str note, audited;
    bool reindex;
};

static enum err CO_FN update(struct db_session *s, const struct ticket *t, const struct cause *c,
                             const struct traces *x)
{
    const struct ticket_field_change *changes = x->changes;
    struct audit_event event = audit_of(s->arena, t, c, "ticket.update");
    int n = x->n;
    struct str field[TICKET_FIELD_MAX], old[TICKET_FIELD_MAX], new[TICKET_FIELD_MAX],
        notes[TICKET_FIELD_MAX];

    for (int i = 0; i < n; i++) {
        bool is_owner = str_eq(str_from(changes[i].field), STR("owner"));

        field[i] = str_from(changes[i].field);
        old[i] = changes[i].old_value;
        new[i] = changes[i].new_value;
        notes[i] = is_owner && t->owner_name.p ? t->owner_name : x->note;
    }
    event.changes = x->audited;
    event.reason = x->note;
    return db_query(s, &ticket_update, NULL, DB_INT(t->id), DB_STR(t->number), DB_STR(t->subject),
                    DB_STR(t->description), DB_STR(t->category), DB_STR(t->sub_category),
                    DB_STR(t->department), DB_STR(str_from(ticket_priority_label(t->priority))),
                    DB_STR(str_from(ticket_status_helpdesk(t->status))),
                    t->held_status == TICKET_STATUS_COUNT
                        ? DB_NULL
                        : DB_STR(str_from(ticket_status_helpdesk(t->held_status))),
                    DB_BOOL(t->is_assigned), DB_OPT_INT(t->owner_id), DB_STR(t->owner_name),
                    DB_OPT_INT(t->csat_rating), DB_STR(t->csat_feedback), DB_INT(t->version),
                    DB_TIME(t->updated_at), DB_TIME(t->completed_at), DB_TIME(t->closed_at),
                    DB_BOOL(x->reindex), DB_STR_ARRAY(field, n), DB_STR_ARRAY(old, n),
                    DB_STR_ARRAY(new, n), DB_STR_ARRAY(notes, n), DB_OPT_INT(c->actor_id),
                    DB_STR(c->actor_name), DB_STR(ticket_approval_word(t->approval)),
                    DB_STR(t->custom_fields), DB_STR_ARRAY(t->tags, t->tag_count),
                    audit_row(s->arena, &event));
}

DB_WRITE(participant_set_owner, "iiz", "",
         "WITH gone AS (DELETE FROM ticket_participant WHERE ticket_id = $1 AND is_owner "
         "AND user_id IS DISTINCT FROM $2 AND NOT is_requester AND NOT is_assignee "
         "AND NOT is_watcher), "
         "kept AS (UPDATE ticket_participant SET is_owner = false WHERE ticket_id = $1 "
         "AND is_owner AND user_id IS DISTINCT FROM $2 "
         "AND (is_requester OR is_assignee OR is_watcher)) "
         "INSERT INTO ticket_participant (user_id, ticket_id, created_at, is_owner) "
         "SELECT $2, $1, $3, true WHERE $2 IS NOT NULL "
         "ON CONFLICT (ticket_id, user_id) DO UPDATE SET is_owner = true");

DB_WRITE(tags_set, "izT", "",
         "WITH gone AS (DELETE FROM ticket_tag WHERE ticket_id = $1 AND tag <> ALL ($3)) "
         "INSERT INTO ticket_tag (ticket_id, tag, created_at) "
         "SELECT $1, u.tag, $2 FROM unnest($3) AS u (tag) ON CONFLICT DO NOTHING");
/* A history row for each custom field that differs, with its value as text. */
DB_WRITE(custom_fields_differ, "ijjtitz", "",
         "INSERT INTO ticket_history (ticket_id, field_name, old_value, new_value, note, "
         "changed_by, changed_by_name, changed_at) "
         "SELECT $1, 'custom_fields.' || key, o.value #>> '{}', n.value #>> '{}', $4, $5, $6, $7 "
         "FROM jsonb_each($2) o FULL JOIN jsonb_each($3) n USING (key) "
         "WHERE o.value IS DISTINCT FROM n.value ORDER BY key");

static bool same_tags(const struct ticket *a, const struct ticket *b)
{
    for (size_t i = 0; i < a->tag_count && i < b->tag_count; i++)
        if (!str_eq(a->tags[i], b->tags[i]))
            return false;
    return a->tag_count == b->tag_count;
}

enum err ticket_store_save(struct db_session *s, const struct ticket *before, struct ticket *after,
                           struct str note, const struct cause *c, bool *changed)
{
    struct ticket_field_change changes[TICKET_FIELD_MAX];
    int n = ticket_diff(s->arena, before, after, changes);
    struct traces traces = {
        .changes = changes,
        .n = n,
        .note = note,
        .reindex = !str_eq(before->subject, after->subject) ||
                   !str_eq(before->description, after->description) || !same_tags(before, after),
    };
    bool is_custom = !str_eq(before->custom_fields, after->custom_fields);
    enum err rc;

    *changed = n > 0 || is_custom;
    if (!*changed)
        return ERR_OK;
    after->version = before->version + 1;
    after->updated_at = c->now;
    traces.audited = audit_changes_of_ticket(s->arena, before, after, changes, n);
    rc = update(s, after, c, &traces);
    if (rc == ERR_OK && is_custom)
        rc = db_send(s, &custom_fields_differ, DB_INT(after->id), DB_STR(before->custom_fields),
                     DB_STR(after->custom_fields), DB_STR(note), DB_OPT_INT(c->actor_id),
                     DB_STR(c->actor_name), DB_TIME(c->now));
    if (rc == ERR_OK && !same_tags(before, after))
        rc = db_send(s, &tags_set, DB_INT(after->id), DB_TIME(after->created_at),
                     DB_STR_ARRAY(after->tags, after->tag_count));
    if (rc || before->owner_id == after->owner_id)
        return rc;
    return db_send(s, &participant_set_owner, DB_INT(after->id), DB_OPT_INT(after->owner_id),
                   DB_TIME(after->created_at));
}

DB_WRITE(participant_add_assignee, "ti", "",
         "INSERT INTO ticket_participant (user_id, ticket_id, created_at, is_assignee) "
         "SELECT $2, t.id, t.created_at, true FROM ticket t WHERE t.number = $1 "
         "ON CONFLICT (ticket_id, user_id) DO UPDATE SET is_assignee = true");

enum err ticket_store_add_assignee(struct db_session *s, struct str number, int64_t user_id)
{
    struct db_result *rows;
    enum err rc;

    if (!ticket_number_is_valid(number))
        return ERR_TICKET_NOT_FOUND;
    rc = db_query(s, &participant_add_assignee, &rows, DB_STR(number), DB_INT(user_id));
    if (rc)
        return rc;
    return db_affected(rows) > 0 ? ERR_OK : ERR_TICKET_NOT_FOUND;
}

DB_WRITE(ticket_rename_owner, "it", "",
         "UPDATE ticket SET owner_name = $2, version = version + 1 "
         "WHERE owner_id = $1 AND owner_name <> $2 AND status NOT IN ('Closed', 'Withdrawn')");

enum err ticket_store_rename_owner(struct db_session *s, int64_t owner_id, struct str name)
{
    return db_query(s, &ticket_rename_owner, NULL, DB_INT(owner_id), DB_STR(name));
}

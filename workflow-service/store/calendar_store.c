#include "store/calendar_store.h"

#include "store/sql.h"
#include "store/zone_store.h"

/* ---- reading ------------------------------------------------------------------------------ */

DB_READ(calendar_list, "ii", "iiittiizz",
        "SELECT n.total, g.id, g.version, g.name, g.zone,"
        " (SELECT count(*) FROM calendar_slot x WHERE x.calendar_id = g.id AND x.day IS NULL),"
        " (SELECT count(*) FROM calendar_exception x WHERE x.calendar_id = g.id), g.created_at,"
        " g.updated_at FROM (SELECT count(*) AS total FROM calendar) n"
        " LEFT JOIN LATERAL (SELECT * FROM calendar ORDER BY lower(name) LIMIT $1 OFFSET $2) g"
        " ON true ORDER BY lower(g.name)");

enum err calendar_store_list(struct db_session *s, int64_t limit, int64_t offset,
                             struct calendar_head **out, size_t *count, int64_t *total)
{
    struct db_result *r;
    enum err rc = db_query(s, &calendar_list, &r, DB_INT(limit), DB_INT(offset));
    if (rc)
        return rc;
    *total = db_get_int(r, 0, 0);
    *count = 0;
    *out = ARENA_ARRAY(s->arena, struct calendar_head, db_rows(r));
    for (size_t i = 0; i < db_rows(r) && !db_is_null(r, i, 1); i++)
        (*out)[(*count)++] = (struct calendar_head){
            .id = db_get_int(r, i, 1),
            .version = db_get_int(r, i, 2),
            .name = db_get_str(r, i, 3),
            .zone = db_get_str(r, i, 4),
            .slot_count = db_get_int(r, i, 5),
            .exception_count = db_get_int(r, i, 6),
            .created_at = db_get_time(r, i, 7),
            .updated_at = db_get_time(r, i, 8),
        };
    return ERR_OK;
}

#define HEAD_COLS "iittzz"
#define HEAD "SELECT id, version, name, zone, created_at, updated_at FROM calendar WHERE id = $1"

DB_READ(calendar_find, "i", HEAD_COLS, HEAD);
DB_WRITE(calendar_lock, "i", HEAD_COLS, HEAD " FOR UPDATE");
DB_READ(calendar_slots, "i", "iiii",
        "SELECT weekday, day, start_min, end_min FROM calendar_slot WHERE calendar_id = $1"
        " ORDER BY day NULLS FIRST, weekday, start_min");
DB_READ(calendar_exceptions, "i", "it",
        "SELECT day, name FROM calendar_exception WHERE calendar_id = $1 ORDER BY day");

/* Slots of weekdays come first; those of exceptions are in the order of their days. */
static void read_slots(struct arena *a, const struct db_result *r, struct calendar_plan *p,
                       struct calendar_exception *exceptions)
{
    size_t n = db_rows(r), k = 0;
    struct calendar_slot *slots = ARENA_ARRAY(a, struct calendar_slot, n + 1);
    for (size_t i = 0; i < n; i++) {
        slots[i] = (struct calendar_slot){db_is_null(r, i, 0) ? 0 : (int)db_get_int(r, i, 0),
                                          (int)db_get_int(r, i, 2), (int)db_get_int(r, i, 3)};
        if (db_is_null(r, i, 1)) {
            p->slot_count++;
            continue;
        }
        while (k < p->exception_count && exceptions[k].day < db_get_int(r, i, 1))
            k++;
        if (k == p->exception_count)
            break;
        if (!exceptions[k].slots)
            exceptions[k].slots = &slots[i];
        exceptions[k].slot_count++;
    }
    p->slots = slots;
}

static enum err CO_FN read_plan(struct db_session *s, int64_t id, struct calendar_plan *out)
{
    struct db_result *r;
    *out = (struct calendar_plan){0};
    enum err rc = db_query(s, &calendar_exceptions, &r, DB_INT(id));
    if (rc)
        return rc;
    out->exception_count = db_rows(r);
    struct calendar_exception *list =
        ARENA_ARRAY(s->arena, struct calendar_exception, out->exception_count + 1);
    for (size_t i = 0; i < out->exception_count; i++)
        list[i] =
            (struct calendar_exception){.day = db_get_int(r, i, 0), .name = db_get_str(r, i, 1)};
    out->exceptions = list;
    rc = db_query(s, &calendar_slots, &r, DB_INT(id));
    if (rc)
        return rc;
    read_slots(s->arena, r, out, list);
    return ERR_OK;
}

static enum err CO_FN read_doc(struct db_session *s, const struct db_stmt *stmt, int64_t id,
                               struct calendar_doc *out)
{
    struct db_result *r;
    enum err rc = db_query(s, stmt, &r, DB_INT(id));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_NOT_FOUND;
    *out = (struct calendar_doc){
        .id = db_get_int(r, 0, 0),
        .version = db_get_int(r, 0, 1),
        .name = db_get_str(r, 0, 2),
        .zone = db_get_str(r, 0, 3),
        .created_at = db_get_time(r, 0, 4),
        .updated_at = db_get_time(r, 0, 5),
    };
    return read_plan(s, id, &out->plan);
}

enum err calendar_store_find(struct db_session *s, int64_t id, struct calendar_doc *out)
{
    return read_doc(s, &calendar_find, id, out);
}

enum err calendar_store_lock(struct db_session *s, int64_t id, struct calendar_doc *out)
{
    return read_doc(s, &calendar_lock, id, out);
}

enum err calendar_store_load(struct db_session *s, int64_t id, struct str zone_name,
                             const struct calendar **out)
{
    const struct zone *zone;
    struct calendar_plan plan;
    enum err rc = zone_store_find(zone_name, &zone);
    if (rc == ERR_OK)
        rc = read_plan(s, id, &plan);
    if (rc)
        return rc;
    struct calendar *c = ARENA_NEW(s->arena, struct calendar);
    calendar_compile(s->arena, zone, &plan, c);
    *out = c;
    return ERR_OK;
}

/* ---- writing ------------------------------------------------------------------------------ */

DB_WRITE(calendar_insert, "ttz", "i",
         "INSERT INTO calendar (name, zone, created_at, updated_at) VALUES ($1, $2, $3, $3)"
         " RETURNING id");
DB_WRITE(calendar_set, "ittz", "i",
         "UPDATE calendar SET name = $2, zone = $3, updated_at = $4, version = version + 1"
         " WHERE id = $1 RETURNING version");
DB_WRITE(calendar_clear, "i", "",
         "WITH slots AS (DELETE FROM calendar_slot WHERE calendar_id = $1) "
         "DELETE FROM calendar_exception WHERE calendar_id = $1");
DB_WRITE(calendar_add_exceptions, "iIT", "",
         "INSERT INTO calendar_exception (calendar_id, day, name) "
         "SELECT $1, day, name FROM unnest($2, $3) x (day, name)");
/* A weekday below 0 stands for the slot of an exception. */
DB_WRITE(calendar_add_slots, "iIIII", "",
         "INSERT INTO calendar_slot (calendar_id, weekday, day, start_min, end_min) "
         "SELECT $1, CASE WHEN weekday >= 0 THEN weekday END, CASE WHEN weekday < 0 THEN day END,"
         " start_min, end_min FROM unnest($2, $3, $4, $5) x (weekday, day, start_min, end_min)");

static size_t count_slots(const struct calendar_plan *p)
{
    size_t n = p->slot_count;
    for (size_t i = 0; i < p->exception_count; i++)
        n += p->exceptions[i].slot_count;
    return n;
}

struct slot_columns {
    int64_t *weekday, *day, *start, *end;
    size_t count;
};

static void put_slot(struct slot_columns *c, int64_t weekday, int64_t day,
                     const struct calendar_slot *slot)
{
    c->weekday[c->count] = weekday;
    c->day[c->count] = day;
    c->start[c->count] = slot->start_min;
    c->end[c->count++] = slot->end_min;
}

static enum err CO_FN write_slots(struct db_session *s, int64_t id, const struct calendar_plan *p)
{
    size_t n = count_slots(p);
    struct slot_columns c = {
        .weekday = ARENA_ARRAY(s->arena, int64_t, n + 1),
        .day = ARENA_ARRAY(s->arena, int64_t, n + 1),
        .start = ARENA_ARRAY(s->arena, int64_t, n + 1),
        .end = ARENA_ARRAY(s->arena, int64_t, n + 1),
    };
    for (size_t i = 0; i < p->slot_count; i++)
        put_slot(&c, p->slots[i].weekday, 0, &p->slots[i]);
    for (size_t i = 0; i < p->exception_count; i++)
        for (size_t k = 0; k < p->exceptions[i].slot_count; k++)
            put_slot(&c, -1, p->exceptions[i].day, &p->exceptions[i].slots[k]);
    return db_query(s, &calendar_add_slots, NULL, DB_INT(id), DB_INT_ARRAY(c.weekday, n),
                    DB_INT_ARRAY(c.day, n), DB_INT_ARRAY(c.start, n), DB_INT_ARRAY(c.end, n));
}

static enum err CO_FN write_plan(struct db_session *s, int64_t id, const struct calendar_plan *p)
{
    int64_t *days = ARENA_ARRAY(s->arena, int64_t, p->exception_count + 1);
    struct str *names = ARENA_ARRAY(s->arena, struct str, p->exception_count + 1);
    for (size_t i = 0; i < p->exception_count; i++) {
        days[i] = p->exceptions[i].day;
        names[i] = p->exceptions[i].name.p ? p->exceptions[i].name : STR("");
    }
    enum err rc =
        db_query(s, &calendar_add_exceptions, NULL, DB_INT(id),
                 DB_INT_ARRAY(days, p->exception_count), DB_STR_ARRAY(names, p->exception_count));
    return rc ? rc : write_slots(s, id, p);
}

enum err calendar_store_add(struct db_session *s, struct calendar_doc *c, int64_t now)
{
    struct db_result *r;
    enum err rc = db_query(s, &calendar_insert, &r, DB_STR(c->name), DB_STR(c->zone), DB_TIME(now));
    if (rc)
        return rc;
    c->id = db_get_int(r, 0, 0);
    c->version = 1;
    c->created_at = c->updated_at = now;
    return write_plan(s, c->id, &c->plan);
}

/* clang-format off */
DB_WRITE(calendar_touch_workflows, "i", "",
         "UPDATE workflow w SET sla_version = sla_version + 1 WHERE EXISTS (SELECT 1"
         " FROM sla_policy p WHERE p.id = " POLICY_OF("w") " AND p.calendar_id = $1)");
/* clang-format on */

enum err calendar_store_update(struct db_session *s, struct calendar_doc *c, int64_t now)
{
    struct db_result *r;
    enum err rc = db_query(s, &calendar_set, &r, DB_INT(c->id), DB_STR(c->name), DB_STR(c->zone),
                           DB_TIME(now));
    if (rc)
        return rc;
    c->version = db_get_int(r, 0, 0);
    c->updated_at = now;
    rc = db_query(s, &calendar_clear, NULL, DB_INT(c->id));
    if (rc == ERR_OK)
        rc = write_plan(s, c->id, &c->plan);
    return rc ? rc : db_query(s, &calendar_touch_workflows, NULL, DB_INT(c->id));
}

DB_WRITE(calendar_delete, "i", "i",
         "DELETE FROM calendar g WHERE g.id = $1 AND NOT EXISTS (SELECT 1 FROM sla_policy p"
         " WHERE p.calendar_id = g.id) RETURNING g.id");

enum err calendar_store_delete(struct db_session *s, int64_t id)
{
    struct db_result *r;
    enum err rc = db_query(s, &calendar_delete, &r, DB_INT(id));
    if (rc)
        return rc == ERR_NOT_FOUND ? ERR_CONFLICT : rc;
    return db_rows(r) ? ERR_OK : ERR_CONFLICT;
}

#include "store/delivery_list_store.h"

#include "json.h"

#define COLUMNS                                                                                    \
    "d.id, d.notification_id, d.user_id, d.channel, n.type, n.title, d.recipient, d.status,"       \
    " d.last_error, d.attempts, d.digest_id, d.device_id, d.not_before, d.next_attempt_at,"        \
    " d.sent_at, d.created_at"
#define TYPES "iiittttttniizzzz"
#define FROM " FROM delivery d JOIN notification n ON n.id = d.notification_id"

/* One statement for each combination, so that each has its index. Parameters: status, channel,
 * person, id, how many to skip and to show. */
#define PAGE(name, condition)                                                                      \
    DB_READ(page_##name, "ttiiii", TYPES,                                                          \
            "SELECT " COLUMNS FROM " WHERE d.id < $4 AND coalesce($1, $2, $3::text, '') IS NOT "   \
            "NULL" condition " ORDER BY d.id DESC OFFSET $5 LIMIT $6");                            \
    DB_READ(count_##name, "ttii", "i",                                                             \
            "SELECT count(*) FROM (SELECT FROM delivery d WHERE coalesce($1, $2, $3::text, '')"    \
            " IS NOT NULL" condition " LIMIT $4) x")
PAGE(all, "");
PAGE(status, " AND d.status = $1");
PAGE(channel, " AND d.channel = $2");
PAGE(both, " AND d.channel = $2 AND d.status = $1");
PAGE(person, " AND d.user_id = $3 AND d.status = coalesce($1, d.status)"
             " AND d.channel = coalesce($2, d.channel)");

DB_READ(delivery_find, "i", TYPES, "SELECT " COLUMNS FROM " WHERE d.id = $1");
DB_WRITE(delivery_lock, "i", TYPES, "SELECT " COLUMNS FROM " WHERE d.id = $1 FOR UPDATE OF d");
DB_READ(delivery_attempts, "i", "izt",
        "SELECT number::bigint, ended_at, error FROM delivery_attempt WHERE delivery_id = $1"
        " ORDER BY number DESC LIMIT 100");
DB_WRITE(delivery_repeat, "iz", "i",
         "INSERT INTO delivery (notification_id, user_id, channel, recipient, recipient_key,"
         " target, not_before, next_attempt_at, created_at, device_id)"
         " SELECT notification_id, user_id, channel, recipient, recipient_key, target, $2, $2, $2,"
         " device_id FROM delivery WHERE id = $1 RETURNING id");

static void read_row(const struct db_result *r, size_t row, struct delivery_row *d)
{
    *d = (struct delivery_row){
        .id = db_get_int(r, row, 0),
        .notification_id = db_get_int(r, row, 1),
        .user_id = db_get_int(r, row, 2),
        .channel = db_get_str(r, row, 3),
        .type = db_get_str(r, row, 4),
        .title = db_get_str(r, row, 5),
        .recipient = db_get_str(r, row, 6),
        .status = db_get_str(r, row, 7),
        .last_error = db_get_str(r, row, 8),
        .attempts = db_get_int(r, row, 9),
        .digest_id = db_get_int(r, row, 10),
        .device_id = db_get_int(r, row, 11),
        .not_before = db_get_time(r, row, 12),
        .next_attempt_at = db_get_time(r, row, 13),
        .sent_at = db_get_time(r, row, 14),
        .created_at = db_get_time(r, row, 15),
    };
}

struct pair {
    const struct db_stmt *page, *count;
};

static struct pair statements_of(const struct delivery_filter *f)
{
    if (f->user_id != JSON_NO_INT)
        return (struct pair){&page_person, &count_person};
    if (f->status.p && f->channel.p)
        return (struct pair){&page_both, &count_both};
    if (f->status.p)
        return (struct pair){&page_status, &count_status};
    if (f->channel.p)
        return (struct pair){&page_channel, &count_channel};
    return (struct pair){&page_all, &count_all};
}

enum err delivery_list_store_page(struct db_session *s, const struct delivery_filter *f,
                                  const struct delivery_row **out, size_t *count)
{
    struct db_result *r;
    enum err rc =
        db_query(s, statements_of(f).page, &r, DB_STR(f->status), DB_STR(f->channel),
                 DB_OPT_INT(f->user_id), DB_INT(f->before), DB_INT(f->skip), DB_INT(f->limit));
    if (rc)
        return rc;
    *count = db_rows(r);
    struct delivery_row *rows = ARENA_ARRAY(s->arena, struct delivery_row, *count + 1);
    for (size_t i = 0; i < *count; i++)
        read_row(r, i, &rows[i]);
    *out = rows;
    return ERR_OK;
}

enum err delivery_list_store_count(struct db_session *s, const struct delivery_filter *f,
                                   int64_t most, int64_t *out)
{
    struct db_result *r;
    enum err rc = db_query(s, statements_of(f).count, &r, DB_STR(f->status), DB_STR(f->channel),
                           DB_OPT_INT(f->user_id), DB_INT(most));
    if (rc == ERR_OK)
        *out = db_get_int(r, 0, 0);
    return rc;
}

static enum err CO_FN read_one(struct db_session *s, const struct db_stmt *stmt, int64_t id,
                               struct delivery_row *out)
{
    struct db_result *r;
    enum err rc = db_query(s, stmt, &r, DB_INT(id));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_NOT_FOUND;
    read_row(r, 0, out);
    return ERR_OK;
}

enum err delivery_list_store_find(struct db_session *s, int64_t id, struct delivery_row *out)
{
    return read_one(s, &delivery_find, id, out);
}

enum err delivery_list_store_lock(struct db_session *s, int64_t id, struct delivery_row *out)
{
    return read_one(s, &delivery_lock, id, out);
}

enum err delivery_list_store_attempts(struct db_session *s, int64_t id,
                                      const struct attempt_row **out, size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &delivery_attempts, &r, DB_INT(id));
    if (rc)
        return rc;
    *count = db_rows(r);
    struct attempt_row *rows = ARENA_ARRAY(s->arena, struct attempt_row, *count + 1);
    for (size_t i = 0; i < *count; i++)
        rows[i] =
            (struct attempt_row){db_get_int(r, i, 0), db_get_time(r, i, 1), db_get_str(r, i, 2)};
    *out = rows;
    return ERR_OK;
}

enum err delivery_list_store_repeat(struct db_session *s, int64_t id, int64_t now, int64_t *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &delivery_repeat, &r, DB_INT(id), DB_TIME(now));
    if (rc == ERR_OK)
        *out = db_get_int(r, 0, 0);
    return rc;
}

#include "inbox.h"

#include <string.h>

DB_WRITE(inbox_record_stmt, "tt", "",
         "INSERT INTO inbox (consumer, message_id, processed_at) VALUES ($1, $2, now()) "
         "ON CONFLICT (consumer, message_id) DO UPDATE SET processed_at = now(), seen_at = now() "
         "WHERE inbox.processed_at IS NULL");

DB_WRITE(inbox_record_all_stmt, "tT", "i",
         "WITH x AS MATERIALIZED (SELECT id, n FROM unnest($2) WITH ORDINALITY AS x (id, n)), "
         "done AS (INSERT INTO inbox (consumer, message_id, processed_at) "
         "SELECT $1, id, now() FROM x ORDER BY id "
         "ON CONFLICT (consumer, message_id) DO UPDATE SET processed_at = now(), seen_at = now() "
         "WHERE inbox.processed_at IS NULL RETURNING message_id) "
         "SELECT x.n - 1 FROM x JOIN done ON done.message_id = x.id");

DB_WRITE(inbox_count_start_stmt, "tt", "i",
         "INSERT INTO inbox (consumer, message_id, starts) VALUES ($1, $2, 1) "
         "ON CONFLICT (consumer, message_id) DO UPDATE SET starts = inbox.starts + 1, "
         "seen_at = now() RETURNING starts::bigint");

DB_READ(inbox_probe_stmt, "", "n", "SELECT 1");

DB_WRITE_PLANNED(inbox_prune_stmt, "ii", "",
                 "DELETE FROM inbox WHERE (consumer, message_id) IN (SELECT consumer, message_id "
                 "FROM inbox WHERE seen_at < now() - make_interval(days => $1::int) LIMIT $2)");

struct str inbox_message_id(struct arena *a, const struct mq_message *m)
{
    if (m->message_id.len)
        return m->message_id;
    struct str id = mq_header_get(m, "id");
    struct str retries = mq_header_get(m, "retries");
    if (id.len == 0 || retries.len == 0 || str_eq(retries, STR("0")))
        return id;
    return str_printf(a, "%.*s:%.*s", STR_ARG(id), STR_ARG(retries));
}

enum err inbox_record(struct db_session *s, const char *consumer, struct str id, bool *is_new)
{
    struct db_result *r;
    enum err rc = db_query(s, &inbox_record_stmt, &r, DB_STR(str_from(consumer)), DB_STR(id));
    if (rc)
        return rc;
    *is_new = db_affected(r) > 0;
    return ERR_OK;
}

enum err inbox_record_all(struct db_session *s, const char *consumer, const struct str *ids,
                          size_t n, bool *are_new)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &inbox_record_all_stmt, &r, DB_STR(str_from(consumer)), DB_STR_ARRAY(ids, n));
    if (rc)
        return rc;
    memset(are_new, 0, n * sizeof *are_new);
    for (size_t i = 0; i < db_rows(r); i++)
        are_new[db_get_int(r, i, 0)] = true;
    return ERR_OK;
}

enum err inbox_count_start(struct db_session *s, const char *consumer, struct str id,
                           int64_t *starts)
{
    struct db_result *r;
    enum err rc = db_query(s, &inbox_count_start_stmt, &r, DB_STR(str_from(consumer)), DB_STR(id));
    if (rc)
        return rc;
    *starts = db_get_int(r, 0, 0);
    return ERR_OK;
}

enum err inbox_probe(struct db_session *s)
{
    return db_query(s, &inbox_probe_stmt, NULL);
}

enum err inbox_prune(struct db_session *s, int64_t days, int64_t limit, int64_t *pruned)
{
    struct db_result *r;
    enum err rc = db_query(s, &inbox_prune_stmt, &r, DB_INT(days), DB_INT(limit));
    if (rc)
        return rc;
    *pruned = db_affected(r);
    return ERR_OK;
}

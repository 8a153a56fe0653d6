#include "store/instance.h"

#define INSTANCE_COLS "tttibttbizzzz"
#define INSTANCE_COLUMNS                                                                           \
    "i.name, i.instance, i.host, i.port, i.port_is_text, i.health_endpoint, i.version, "           \
    "i.is_healthy, i.failures, i.registered_at, i.renewed_at, i.lease_until, i.last_health_check"
#define MOVE_REVISION "UPDATE directory_revision SET revision = revision + 1 "

DB_WRITE(instance_register, "tttibttzzz", "z",
         "WITH old AS (SELECT * FROM instance WHERE name = $1 AND instance = $2), "
         "written AS (INSERT INTO instance AS i (name, instance, host, port, port_is_text, "
         "health_endpoint, version, is_healthy, registered_at, renewed_at, lease_until, "
         "next_check_at) VALUES ($1, $2, $3, $4, $5, $6, $7, true, $8, $8, $9, $10) "
         "ON CONFLICT (name, instance) DO UPDATE SET host = $3, port = $4, port_is_text = $5, "
         "health_endpoint = $6, version = $7, is_healthy = true, failures = 0, renewed_at = $8, "
         "lease_until = $9, next_check_at = CASE WHEN i.is_healthy THEN i.next_check_at "
         "ELSE $10 END RETURNING i.registered_at), "
         "moved AS (" MOVE_REVISION "WHERE NOT EXISTS (SELECT 1 FROM old WHERE host = $3 "
         "AND port = $4 AND port_is_text = $5 AND health_endpoint = $6 AND version = $7 "
         "AND is_healthy)) "
         "SELECT registered_at FROM written");
DB_WRITE(instance_renew, "ttzz", "",
         "UPDATE instance SET renewed_at = $3, lease_until = $4 WHERE name = $1 AND instance = $2");
DB_WRITE(instance_remove, "tt", "",
         "WITH gone AS (DELETE FROM instance WHERE name = $1 "
         "AND ($2::text IS NULL OR instance = $2) RETURNING 1) " MOVE_REVISION
         "WHERE EXISTS (SELECT 1 FROM gone)");
DB_WRITE(
    instance_expire, "zziz", "iiib",
    "WITH counted AS MATERIALIZED (SELECT count(*) AS total, "
    "count(*) FILTER (WHERE lease_until < $2) AS overdue FROM instance), "
    "judged AS (SELECT total, overdue, $3 > 0 AND overdue > 1 "
    "AND (total - overdue) * 100 < total * $3 AS is_preserving FROM counted), "
    "due AS (SELECT name, instance FROM instance WHERE lease_until < $1 "
    "AND (lease_until < $4 OR NOT (SELECT is_preserving FROM judged)) FOR UPDATE SKIP LOCKED), "
    "gone AS (DELETE FROM instance i USING due "
    "WHERE i.name = due.name AND i.instance = due.instance RETURNING 1), "
    "moved AS (" MOVE_REVISION "WHERE EXISTS (SELECT 1 FROM gone)) "
    "SELECT (SELECT count(*) FROM gone), overdue, total, is_preserving FROM judged");
DB_READ(instance_revision, "", "i", "SELECT revision FROM directory_revision");
DB_WRITE(instance_raise_revision, "i", "",
         "UPDATE directory_revision SET revision = greatest(revision, $1) + 1");
DB_READ(instance_all, "", INSTANCE_COLS,
        "SELECT " INSTANCE_COLUMNS " FROM instance i ORDER BY i.name, i.registered_at, i.instance");
DB_WRITE_PLANNED(instance_claim_checks, "zzi", INSTANCE_COLS,
                 "WITH due AS (SELECT name, instance FROM instance WHERE next_check_at <= $1 "
                 "ORDER BY next_check_at LIMIT $3 FOR UPDATE SKIP LOCKED) "
                 "UPDATE instance i SET next_check_at = $2 FROM due WHERE i.name = due.name "
                 "AND i.instance = due.instance RETURNING " INSTANCE_COLUMNS);
DB_WRITE(instance_checked, "ttbzzz", "",
         "WITH old AS (SELECT is_healthy FROM instance WHERE name = $1 AND instance = $2), "
         "written AS (UPDATE instance SET is_healthy = $3, last_health_check = $4, "
         "failures = CASE WHEN $3 THEN 0 ELSE failures + 1 END, "
         "lease_until = CASE WHEN $3 THEN greatest(lease_until, $5) ELSE lease_until END, "
         "next_check_at = CASE WHEN $3 THEN next_check_at ELSE least(next_check_at, $6) END "
         "WHERE name = $1 AND instance = $2) " MOVE_REVISION
         "WHERE EXISTS (SELECT 1 FROM old WHERE is_healthy <> $3)");
DB_WRITE(instance_suspect, "ttiz", "",
         "UPDATE instance SET next_check_at = least(next_check_at, $4) "
         "WHERE name = $1 AND host = $2 AND port = $3 AND is_healthy");

static void read_instances(struct db_session *s, const struct db_result *r, struct instance **out,
                           size_t *n)
{
    *n = db_rows(r);
    *out = ARENA_ARRAY(s->arena, struct instance, *n);
    for (size_t i = 0; i < *n; i++)
        (*out)[i] = (struct instance){
            .name = db_get_str(r, i, 0),
            .id = db_get_str(r, i, 1),
            .host = db_get_str(r, i, 2),
            .port = db_get_int(r, i, 3),
            .port_is_text = db_get_bool(r, i, 4),
            .health_endpoint = db_get_str(r, i, 5),
            .version = db_get_str(r, i, 6),
            .is_healthy = db_get_bool(r, i, 7),
            .failures = db_get_int(r, i, 8),
            .registered_at = db_get_time(r, i, 9),
            .renewed_at = db_get_time(r, i, 10),
            .lease_until = db_get_time(r, i, 11),
            .last_health_check = db_get_time(r, i, 12),
        };
}

enum err CO_FN instance_store_register(struct db_session *s, const struct instance *i,
                                       int64_t check_at, int64_t *registered_at)
{
    struct db_result *r;
    enum err rc = db_query(s, &instance_register, &r, DB_STR(i->name), DB_STR(i->id),
                           DB_STR(i->host), DB_INT(i->port), DB_BOOL(i->port_is_text),
                           DB_STR(i->health_endpoint), DB_STR(i->version), DB_TIME(i->renewed_at),
                           DB_TIME(i->lease_until), DB_TIME(check_at));
    if (rc)
        return rc;
    *registered_at = db_get_time(r, 0, 0);
    return ERR_OK;
}

enum err CO_FN instance_store_renew(struct db_session *s, struct str name, struct str id,
                                    int64_t now, int64_t lease_until)
{
    struct db_result *r;
    enum err rc = db_query(s, &instance_renew, &r, DB_STR(name), DB_STR(id), DB_TIME(now),
                           DB_TIME(lease_until));
    if (rc)
        return rc;
    return db_affected(r) ? ERR_OK : ERR_SERVICE_NOT_FOUND;
}

enum err CO_FN instance_store_remove(struct db_session *s, struct str name, struct str id)
{
    return db_query(s, &instance_remove, NULL, DB_STR(name), DB_STR(id));
}

enum err CO_FN instance_store_expire(struct db_session *s, int64_t now,
                                     const struct lease_rules *rules, struct lease_count *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &instance_expire, &r, DB_TIME(now), DB_TIME(rules->overdue_before),
                           DB_INT(rules->preserve_percent), DB_TIME(rules->preserve_until));
    if (rc)
        return rc;
    *out = (struct lease_count){
        .ended = db_get_int(r, 0, 0),
        .overdue = db_get_int(r, 0, 1),
        .total = db_get_int(r, 0, 2),
        .is_preserving = db_get_bool(r, 0, 3),
    };
    return ERR_OK;
}

enum err CO_FN instance_store_revision(struct db_session *s, int64_t *revision)
{
    struct db_result *r;
    enum err rc = db_query(s, &instance_revision, &r);
    if (rc)
        return rc;
    *revision = db_get_int(r, 0, 0);
    return ERR_OK;
}

enum err CO_FN instance_store_raise_revision(struct db_session *s, int64_t beyond)
{
    return db_query(s, &instance_raise_revision, NULL, DB_INT(beyond));
}

enum err CO_FN instance_store_all(struct db_session *s, struct instance **out, size_t *n)
{
    struct db_result *r;
    enum err rc = db_query(s, &instance_all, &r);
    if (rc)
        return rc;
    read_instances(s, r, out, n);
    return ERR_OK;
}

enum err CO_FN instance_store_claim_checks(struct db_session *s, int64_t now, int64_t next_at,
                                           int64_t limit, struct instance **out, size_t *n)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &instance_claim_checks, &r, DB_TIME(now), DB_TIME(next_at), DB_INT(limit));
    if (rc)
        return rc;
    read_instances(s, r, out, n);
    return ERR_OK;
}

enum err CO_FN instance_store_checked(struct db_session *s, const struct instance *i,
                                      bool is_healthy, int64_t now, int64_t lease_until,
                                      int64_t retry_at)
{
    return db_query(s, &instance_checked, NULL, DB_STR(i->name), DB_STR(i->id), DB_BOOL(is_healthy),
                    DB_TIME(now), DB_TIME(lease_until), DB_TIME(retry_at));
}

enum err CO_FN instance_store_suspect(struct db_session *s, struct str name, struct str host,
                                      int64_t port, int64_t now, int64_t *n)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &instance_suspect, &r, DB_STR(name), DB_STR(host), DB_INT(port), DB_TIME(now));
    if (rc)
        return rc;
    *n = db_affected(r);
    return ERR_OK;
}

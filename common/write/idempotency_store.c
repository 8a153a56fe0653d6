#include "idempotency_store.h"

DB_READ(idempotency_find, "ttt", "tnttt",
        "SELECT request_hash, status, location, etag, body FROM idempotency "
        "WHERE principal = $1 AND route = $2 AND key = $3");
DB_WRITE(idempotency_put, "ttttntttz", "",
         "INSERT INTO idempotency (principal, route, key, request_hash, status, location, etag, "
         "body, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
DB_WRITE_PLANNED(idempotency_purge, "z", "", "DELETE FROM idempotency WHERE created_at < $1");

enum err idempotency_store_find(struct db_session *s, const struct idempotency_key *k, bool *found,
                                struct stored_answer *out)
{
    struct db_result *rows;
    enum err rc = db_query(s, &idempotency_find, &rows, DB_STR(k->principal), DB_STR(k->route),
                           DB_STR(k->key));

    if (rc)
        return rc;
    *found = db_rows(rows) > 0;
    if (!*found)
        return ERR_OK;
    if (!str_eq(db_get_str(rows, 0, 0), k->request_hash))
        return ERR_VALIDATION_ERROR;
    *out = (struct stored_answer){
        .status = db_get_int(rows, 0, 1),
        .location = db_get_str(rows, 0, 2),
        .etag = db_get_str(rows, 0, 3),
        .body = db_get_str(rows, 0, 4),
    };
    return ERR_OK;
}

enum err idempotency_store_put(struct db_session *s, const struct idempotency_key *k,
                               const struct stored_answer *a, int64_t now)
{
    return db_query(s, &idempotency_put, NULL, DB_STR(k->principal), DB_STR(k->route),
                    DB_STR(k->key), DB_STR(k->request_hash), DB_INT(a->status), DB_STR(a->location),
                    DB_STR(a->etag), DB_STR(a->body), DB_TIME(now));
}

enum err idempotency_store_purge(struct db_session *s, int64_t before)
{
    return db_query(s, &idempotency_purge, NULL, DB_TIME(before));
}

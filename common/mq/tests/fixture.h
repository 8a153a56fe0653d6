#pragma once
/*
 * What the integration tests share: a loop, a database schema of their own, an mq, and a raw
 * connection to look behind it. Needs TTS_TEST_AMQP_URL and TTS_TEST_DB_URL.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>

#include "arena.h"
#include "clock.h"
#include "co.h"
#include "db.h"
#include "inbox.h"
#include "log.h"
#include "loop.h"
#include "mem.h"
#include "migrate.h"
#include "mq.h"
#include "mq_internal.h"
#include "outbox.h"
#include "rand.h"
#include "url.h"

#ifndef TEST_DEADLINE_MS
#define TEST_DEADLINE_MS 240000
#endif

struct fixture {
    struct loop *loop;
    struct db *db;
    struct mq *mq;
    char schema[64], prefix[32];
    const char *amqp_url, *db_url;
    bool is_done;
    void (*body)(struct fixture *f);
};

static const struct db_migration EFFECT_MIGRATION = {
    "test", 1, "effect",
    "CREATE TABLE effect (id bigint GENERATED ALWAYS AS IDENTITY, name text NOT NULL)"};

DB_WRITE(insert_effect_stmt, "t", "", "INSERT INTO effect (name) VALUES ($1)");
DB_READ(count_effects_stmt, "t", "i", "SELECT count(*) FROM effect WHERE name = $1");
DB_READ(count_outbox_stmt, "", "i", "SELECT count(*) FROM outbox");

/* ---- environment --------------------------------------------------------------------------- */

static inline bool fixture_has_servers(struct fixture *f)
{
    f->amqp_url = getenv("TTS_TEST_AMQP_URL");
    f->db_url = getenv("TTS_TEST_DB_URL");
    if (f->amqp_url && f->db_url)
        return true;
    fprintf(stderr, "TTS_TEST_AMQP_URL and TTS_TEST_DB_URL must name a broker and a database\n");
    return false;
}

static inline struct db *fixture_db(struct fixture *f, struct loop *l)
{
    const struct db_config cfg = {.url = str_from(f->db_url),
                                  .schema = str_from(f->schema),
                                  .pool_size = 6,
                                  .read_connections = 1,
                                  .statement_timeout_ms = 60000,
                                  .acquire_timeout_ms = 60000,
                                  .app_name = "test_mq"};
    struct db *db = db_new(l, &cfg);
    db_start(db);
    return db;
}

static inline struct mq *fixture_mq(struct loop *l, const char *url)
{
    const struct mq_config cfg = {.url = str_from(url), .name = "test_mq", .confirm_window = 64};
    return mq_new(l, &cfg);
}

static inline bool fixture_migrate(struct fixture *f)
{
    struct db_migration list[8] = {EFFECT_MIGRATION};
    size_t n = 1;
    for (size_t i = 0; i < MQ_MIGRATIONS_COUNT; i++)
        list[n++] = MQ_MIGRATIONS[i];
    int applied;
    char *why = NULL;
    if (db_migrate(f->db_url, f->schema, list, n, &applied, &why) == ERR_OK)
        return true;
    fprintf(stderr, "migration: %s\n", why);
    free(why);
    return false;
}

static inline int fixture_setup(void **state)
{
    struct fixture *f = MEM_NEW(struct fixture);
    *state = f;
    log_init("test_mq", getenv("TTS_TEST_LOG") ? LOG_DEBUG : LOG_ERROR + 1);
    if (!fixture_has_servers(f))
        return 1;
    char unique[9];
    rand_hex(unique, 4);
    snprintf(f->schema, sizeof f->schema, "test_mq_%s", unique);
    snprintf(f->prefix, sizeof f->prefix, "t.%s", unique);
    if (!fixture_migrate(f))
        return 1;
    f->loop = loop_new();
    f->db = fixture_db(f, f->loop);
    f->mq = fixture_mq(f->loop, f->amqp_url);
    return 0;
}

static inline void fixture_main(void *arg)
{
    struct fixture *f = arg;
    f->body(f);
    mq_stop(f->mq, 2000);
    f->is_done = true;
}

/* Runs body in a coroutine, then stops f->mq. */
static inline void fixture_run(struct fixture *f, void (*body)(struct fixture *f))
{
    int64_t limit = clock_mono_us() + TEST_DEADLINE_MS * US_PER_MS;
    f->body = body;
    f->is_done = false;
    co_start(f->loop, fixture_main, f, "test");
    while (!f->is_done && clock_mono_us() < limit)
        loop_turn(f->loop, 100);
    assert_true(f->is_done);
}

static inline int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    if (f->loop) {
        mq_free(f->mq);
        db_free(f->db);
        loop_free(f->loop);
    }
    free(f);
    return 0;
}

/* A name of this run's own, valid for the next 15 calls. */
static inline const char *fixture_name(struct fixture *f, const char *name)
{
    static char names[16][128];
    static int next;
    char *out = names[next++ % 16];
    snprintf(out, sizeof names[0], "%s.%s", f->prefix, name);
    return out;
}

/* Suspends until the condition holds; fails the test after a deadline. */
#define WAIT_UNTIL(condition)                                                                      \
    do {                                                                                           \
        int64_t wait_limit_ = clock_mono_us() + TEST_DEADLINE_MS / 2 * US_PER_MS;                  \
        while (!(condition)) {                                                                     \
            if (clock_mono_us() > wait_limit_)                                                     \
                fail_msg("waited in vain for: %s", #condition);                                    \
            assert_int_equal(co_sleep_ms(5), ERR_OK);                                              \
        }                                                                                          \
    } while (0)

static inline int64_t fixture_count(struct fixture *f, const struct db_stmt *stmt, const char *name)
{
    struct arena *a = arena_new();
    struct db_session s;
    struct db_result *r;
    db_session_init(&s, f->db, a);
    struct db_value v = DB_STR(str_from(name));
    enum err rc = db_run(&s, stmt, &r, &v, stmt->params[0] ? 1 : 0);
    int64_t n = rc ? -1 : db_get_int(r, 0, 0);
    arena_free(a);
    return n;
}

static inline int64_t fixture_effects(struct fixture *f, const char *name)
{
    return fixture_count(f, &count_effects_stmt, name);
}

/* ---- what consumers are tried with ---------------------------------------------------------- */

#define QUEUE(f, name_, kind_)                                                                     \
    mq_declare_queue((f)->mq, &(struct mq_queue){fixture_name((f), (name_)), (kind_), NULL})

static inline void publish(struct fixture *f, const char *queue, const char *id, const char *body)
{
    struct mq_message m = {.routing_key = str_from(fixture_name(f, queue)),
                           .message_id = str_from(id),
                           .body = str_from(body)};
    WAIT_UNTIL(mq_is_up(f->mq));
    assert_int_equal(mq_publish(f->mq, &m), ERR_OK);
}

static inline enum err write_effect(struct mq_delivery *d)
{
    return db_query(d->db, &insert_effect_stmt, NULL, DB_STR(d->message->body));
}

static inline struct mq_stats stats_of(struct fixture *f)
{
    struct mq_stats stats;
    mq_stats(f->mq, &stats);
    return stats;
}

static inline bool is_settled(struct fixture *f, int64_t acked)
{
    return stats_of(f).acked >= acked;
}

/* ---- a connection of our own --------------------------------------------------------------- */

struct raw {
    amqp_connection_state_t conn;
    struct arena *arena;
};

static inline void raw_open(struct raw *r, const char *url)
{
    struct mq_url u;
    const char *why;
    r->arena = arena_new();
    assert_int_equal(mq_url_parse(r->arena, str_from(url), &u, &why), ERR_OK);
    r->conn = amqp_new_connection();
    amqp_socket_t *s = amqp_tcp_socket_new(r->conn);
    assert_int_equal(amqp_socket_open(s, u.host, u.port), 0);
    amqp_rpc_reply_t reply =
        amqp_login(r->conn, u.vhost, 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, u.user, u.password);
    assert_int_equal(reply.reply_type, AMQP_RESPONSE_NORMAL);
    assert_non_null(amqp_channel_open(r->conn, 1));
}

static inline void raw_close(struct raw *r)
{
    amqp_connection_close(r->conn, AMQP_REPLY_SUCCESS);
    amqp_destroy_connection(r->conn);
    arena_free(r->arena);
}

/* Messages ready in a queue, -1 when there is no such queue. */
static inline int raw_count(const char *url, const char *queue)
{
    struct raw r;
    raw_open(&r, url);
    amqp_queue_declare_ok_t *ok =
        amqp_queue_declare(r.conn, 1, amqp_cstring_bytes(queue), 1, 0, 0, 0, amqp_empty_table);
    int n = ok ? (int)ok->message_count : -1;
    raw_close(&r);
    return n;
}

static inline void raw_publish(const char *url, const char *exchange, const char *routing_key,
                               const amqp_basic_properties_t *p, const char *body)
{
    struct raw r;
    raw_open(&r, url);
    assert_int_equal(amqp_basic_publish(r.conn, 1, amqp_cstring_bytes(exchange),
                                        amqp_cstring_bytes(routing_key), 0, 0, p,
                                        amqp_cstring_bytes(body)),
                     0);
    raw_close(&r);
}

/* Takes one message off a queue; false when it is empty. The caller destroys it. */
static inline bool raw_get(struct raw *r, const char *queue, amqp_message_t *out)
{
    amqp_rpc_reply_t reply = amqp_basic_get(r->conn, 1, amqp_cstring_bytes(queue), 1);
    assert_int_equal(reply.reply_type, AMQP_RESPONSE_NORMAL);
    if (reply.reply.id != AMQP_BASIC_GET_OK_METHOD)
        return false;
    reply = amqp_read_message(r->conn, 1, out, 0);
    assert_int_equal(reply.reply_type, AMQP_RESPONSE_NORMAL);
    amqp_maybe_release_buffers(r->conn);
    return true;
}

static inline const amqp_field_value_t *raw_header(const amqp_message_t *m, const char *name)
{
    const amqp_table_t *t = &m->properties.headers;
    for (int i = 0; i < t->num_entries; i++)
        if (t->entries[i].key.len == strlen(name) &&
            memcmp(t->entries[i].key.bytes, name, strlen(name)) == 0)
            return &t->entries[i].value;
    return NULL;
}

static inline bool raw_is(amqp_bytes_t b, const char *text)
{
    return b.len == strlen(text) && memcmp(b.bytes, text, b.len) == 0;
}

static inline bool raw_header_is(const amqp_message_t *m, const char *name, const char *text)
{
    const amqp_field_value_t *v = raw_header(m, name);
    return v && v->kind == AMQP_FIELD_KIND_UTF8 && raw_is(v->value.bytes, text);
}

/* Lists of the audit trail: what they find, against the number of rows they touch. */
#include "fixture.h"

#include "json.h"
#include "store/audit_list_store.h"
#include "store/audit_store.h"

#define OK(call) assert_int_equal((call), ERR_OK)
#define MANY 20000

DB_WRITE(test_months, "z", "",
         "SELECT audit_make_month($1), audit_make_month($1 - interval '31 days')");
DB_WRITE(test_kinds, "", "",
         "INSERT INTO audit_kind (source, action, object_type, is_refused, actor_kind, actor) "
         "SELECT CASE WHEN i = 7 THEN 'rare-service' ELSE 'helpdesk-service' END, 'action.' || i, "
         "CASE WHEN i = 8 THEN 'rare' ELSE 'ticket' END, i = 9, 'person', "
         "CASE WHEN i = 10 THEN 'rare-program' ELSE '' END FROM generate_series(1, 30) i");
/* Kinds 7 to 10 are rare, so is person 5; two partitions. */
DB_WRITE(test_events, "zi", "",
         "INSERT INTO audit_event (seq, sealed_at, kind_id, at, actor_id, object_id, "
         "object_number, prev_hash, hash) SELECT i, $1 - (i % 2) * interval '31 days', "
         "CASE WHEN i % 1000 IN (7, 8, 9, 10) THEN (SELECT id FROM audit_kind WHERE action = "
         "'action.' || i % 1000) ELSE (SELECT min(id) FROM audit_kind) + i % 6 END, "
         "$1 + i * interval '1 second', CASE WHEN i % 500 = 5 THEN 5 ELSE 100 + i % 50 END, "
         "(i % 3000)::text, 'TX' || i % 3000, '', '' FROM generate_series(1, $2) i");
DB_WRITE(test_analyze, "", "", "ANALYZE audit_event");
DB_WRITE(test_touched, "", "ii",
         "SELECT sum(seq_tup_read)::bigint, COALESCE(sum(idx_tup_fetch), 0)::bigint "
         "FROM pg_stat_xact_user_tables WHERE relname LIKE 'audit_event%'");

static struct audit_filter everything(void)
{
    return (struct audit_filter){.actor_id = AUDIT_NONE,
                                 .is_refused = JSON_UNSET,
                                 .from = AUDIT_NONE,
                                 .to = AUDIT_NONE,
                                 .after_at = AUDIT_NONE,
                                 .limit = 11};
}

static void touched(struct db_session *s, int64_t *scanned, int64_t *fetched)
{
    struct db_result *rows;

    OK(db_query(s, &test_touched, &rows));
    *scanned = db_get_int(rows, 0, 0);
    *fetched = db_get_int(rows, 0, 1);
}

/* From the newest and from the middle, also once the plan is a generic one. */
static void expect_cheap(struct db_session *s, struct audit_filter f, size_t least, int64_t most)
{
    for (int i = 0; i < 8; i++) {
        int64_t scanned[2], fetched[2];
        struct audit_found *found;
        size_t count;

        if (i % 2) {
            f.after_at = NOW + MANY / 2 * US_PER_S;
            f.after_seq = MANY / 2;
        } else {
            f.after_at = AUDIT_NONE;
        }
        touched(s, &scanned[0], &fetched[0]);
        OK(audit_list_store_page(s, &f, &found, &count));
        touched(s, &scanned[1], &fetched[1]);
        assert_true(count >= least);
        for (size_t k = 1; k < count; k++)
            assert_true(found[k].event.at <= found[k - 1].event.at);
        assert_int_equal(scanned[1] - scanned[0], 0);
        if (fetched[1] - fetched[0] > most)
            fail_msg("%lld rows for a page", (long long)(fetched[1] - fetched[0]));
    }
}

static void lists_touch_what_they_show(struct db_session *s)
{
    struct audit_filter f = everything();

    OK(db_query(s, &test_months, NULL, DB_TIME(NOW)));
    OK(db_query(s, &test_kinds, NULL));
    OK(db_query(s, &test_events, NULL, DB_TIME(NOW), DB_INT(MANY)));
    OK(db_query(s, &test_analyze, NULL));
    expect_cheap(s, f, 11, 700); /* a page of each kind */
    f.from = NOW + 100 * US_PER_S;
    f.to = NOW + (MANY - 100) * US_PER_S;
    expect_cheap(s, f, 11, 700);
    f = everything();
    f.source = STR("rare-service");
    expect_cheap(s, f, 10, 100);
    f = everything();
    f.action = STR("action.8");
    expect_cheap(s, f, 10, 100);
    f = everything();
    f.object_type = STR("rare");
    expect_cheap(s, f, 10, 100);
    f = everything();
    f.is_refused = JSON_TRUE;
    expect_cheap(s, f, 10, 100);
    f = everything();
    f.actor = STR("rare-program");
    expect_cheap(s, f, 10, 100);
    f = everything();
    f.object_type = STR("ticket");
    expect_cheap(s, f, 11, 700);
    f = everything();
    f.actor_id = 5;
    expect_cheap(s, f, 10, 300);
    f.action = STR("action.1");
    expect_cheap(s, f, 0, 100);
    f = everything();
    f.object_id = STR("77");
    expect_cheap(s, f, 3, 100);
    f.action = STR("action.8");
    expect_cheap(s, f, 0, 100);
    f = everything();
    f.object_number = STR("TX77");
    expect_cheap(s, f, 3, 100);
}

/* Whatever a client says of itself is kept, as far as it is text. */
DB_WRITE(test_pending, "", "tt",
         "SELECT action, user_agent FROM audit_pending ORDER BY id DESC LIMIT 1");

static void events_are_recorded(struct db_session *s)
{
    static const struct {
        const char *said;
        size_t kept; /* bytes, 0: nothing */
    } AGENTS[] = {{"curl", 4}, {"", 0}, {"\xff\xfe", 0}, {"'; DROP TABLE ticket --", 23}};
    struct cause c = {.actor_id = CAUSE_SYSTEM, .now = NOW};
    char longest[400];
    struct audit_event e;
    struct db_result *rows;

    for (size_t i = 0; i < sizeof AGENTS / sizeof *AGENTS; i++) {
        c.user_agent = str_from(AGENTS[i].said);
        e = audit_event_of(&c, "test.agent");
        OK(audit_store_put(s, &e));
        OK(db_query(s, &test_pending, &rows));
        assert_int_equal(db_get_str(rows, 0, 1).len, AGENTS[i].kept);
    }
    /* Cut between two characters of three bytes each. */
    for (size_t i = 0; i < sizeof longest; i++)
        longest[i] = "\xe2\x82\xac"[i % 3];
    c.user_agent = str_n(longest, sizeof longest);
    e = audit_event_of(&c, "test.agent");
    assert_true(str_eq(e.actor_kind, STR("system")));
    OK(audit_store_put(s, &e));
    OK(db_query(s, &test_pending, &rows));
    assert_int_equal(db_get_str(rows, 0, 1).len, 198);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(lists_touch_what_they_show),
        STORE_TEST(events_are_recorded),
    };

    return STORE_TESTS_RUN(tests);
}

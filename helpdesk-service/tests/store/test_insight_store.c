/* Rollups against a recount of what was done, after random changes and in the midst of folding. */
#include "fixture.h"

#include "store/insight_store.h"

#define OK(call) assert_int_equal((call), ERR_OK)
#define TICKETS 60
#define CHANGES 1500
#define OWNERS 4

DB_WRITE(test_insert, "iztt", "",
         "INSERT INTO ticket (id, number, subject, description, category, department, priority, "
         "requester_id, requester_name, requester_email, created_at, updated_at) VALUES ($1, "
         "'TX20260101' || lpad($1::text, 6, '0'), 's', 'd', $3, NULLIF($4, ''), 'Low', 7, 'n', "
         "'e', $2, $2)");
DB_WRITE(test_status, "itz", "",
         "UPDATE ticket SET status = $2::ticket_status, updated_at = $3 WHERE id = $1");
DB_WRITE(test_owner, "ii", "", "UPDATE ticket SET owner_id = $2 WHERE id = $1");
DB_WRITE(test_category, "it", "", "UPDATE ticket SET category = $2 WHERE id = $1");
DB_WRITE(test_response, "iz", "",
         "UPDATE ticket SET first_response_at = $2 WHERE id = $1 AND first_response_at IS NULL");
DB_WRITE(test_rate, "iiiz", "",
         "INSERT INTO feedback (ticket_id, user_id, rating, created_at) VALUES ($1, $2, $3, $4) "
         "ON CONFLICT (ticket_id, user_id) DO UPDATE SET rating = $3, created_at = $4");
DB_WRITE(test_unrate, "i", "", "DELETE FROM feedback WHERE ticket_id = $1");
DB_WRITE(test_notes_left, "", "i", "SELECT count(*) FROM insight_delta");

/* What the test itself knows of a ticket, and of what it has counted. */
struct known {
    const char *category, *status;
    int64_t created_at, owner_id, finished_at, rated;
    bool is_missed, is_late, is_answered;
    const char *finished_category;
    int64_t finished_owner;
};
static struct known known[TICKETS];
static int64_t created, resolved, closed, reopened, responses;
static unsigned seed = 42;

static unsigned roll(unsigned n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

static bool is_open(const char *status)
{
    return strcmp(status, "Open") == 0 || strcmp(status, "In Progress") == 0 ||
           strcmp(status, "On Hold") == 0;
}

static void set_status(struct db_session *s, int i, const char *to, int64_t now)
{
    struct known *k = &known[i];
    bool was_open = is_open(k->status);

    if (strcmp(k->status, to) == 0)
        return;
    OK(db_query(s, &test_status, NULL, DB_INT(i + 1), DB_STR(str_from(to)), DB_TIME(now)));
    if (was_open && (strcmp(to, "Resolved") == 0 || strcmp(to, "Closed") == 0)) {
        resolved++;
        k->finished_at = now;
        k->is_missed = k->is_late;
        k->finished_category = k->category;
        k->finished_owner = k->owner_id;
    }
    if (!was_open && is_open(to)) {
        reopened++;
        k->finished_at = 0;
    }
    closed += strcmp(to, "Closed") == 0;
    k->status = to;
}

static void change(struct db_session *s, int64_t now)
{
    static const char *const STATUS[] = {"Open",   "In Progress", "On Hold",  "Resolved",
                                         "Closed", "Rejected",    "Withdrawn"};
    static const char *const CATEGORY[] = {"IT", "=HR", "Others"};
    int i = (int)roll(TICKETS);
    struct known *k = &known[i];

    if (!k->status) {
        *k = (struct known){.category = CATEGORY[roll(3)], .status = "Open", .created_at = now};
        OK(db_query(s, &test_insert, NULL, DB_INT(i + 1), DB_TIME(now),
                    DB_STR(str_from(k->category)),
                    DB_STR(roll(2) ? STR("IT Department") : STR(""))));
        created++;
        return;
    }
    switch (roll(6)) {
    case 0:
    case 1:
        set_status(s, i, STATUS[roll(7)], now);
        break;
    case 2:
        k->owner_id = 400 + roll(OWNERS);
        OK(db_query(s, &test_owner, NULL, DB_INT(i + 1), DB_INT(k->owner_id)));
        break;
    case 3:
        k->category = CATEGORY[roll(3)];
        OK(db_query(s, &test_category, NULL, DB_INT(i + 1), DB_STR(str_from(k->category))));
        break;
    case 4:
        OK(db_query(s, &test_response, NULL, DB_INT(i + 1), DB_TIME(now)));
        responses += !k->is_answered;
        k->is_answered = true;
        if (roll(4) == 0) {
            OK(insight_store_breach(s, i + 1, now));
            k->is_late = k->is_missed = true;
        }
        break;
    default:
        if (roll(5) == 0) {
            OK(db_query(s, &test_unrate, NULL, DB_INT(i + 1)));
            k->rated = 0;
        } else {
            k->rated = 1 + roll(5);
            OK(db_query(s, &test_rate, NULL, DB_INT(i + 1), DB_INT(7), DB_INT(k->rated),
                        DB_TIME(now)));
            /* Somebody else's opinion is no CSAT. */
            if (roll(3) == 0)
                OK(db_query(s, &test_rate, NULL, DB_INT(i + 1), DB_INT(8), DB_INT(1),
                            DB_TIME(now)));
        }
    }
}

static struct insight_figures totals(struct db_session *s, int64_t now)
{
    struct insight_question q = {.dimension = STR("all"),
                                 .from = NOW,
                                 .to = now + 3600 * US_PER_S,
                                 .zone = STR("UTC"),
                                 .metrics = ~0U};
    struct insight_answer a;

    OK(insight_store_series(s, &q, &a));
    assert_int_equal(a.count, 1);
    return a.rows[0];
}

static void expect_totals(struct db_session *s, int64_t now)
{
    struct insight_figures f = totals(s, now);
    int64_t finished = 0, missed = 0, ratings = 0, points = 0, found = 0, seconds = 0;

    for (int i = 0; i < TICKETS; i++) {
        finished += known[i].finished_at != 0;
        missed += known[i].finished_at != 0 && known[i].is_missed;
        seconds +=
            known[i].finished_at ? (known[i].finished_at - known[i].created_at) / US_PER_S : 0;
        ratings += known[i].rated != 0;
        points += known[i].rated;
    }
    assert_int_equal(f.n[INSIGHT_CREATED], created);
    assert_int_equal(f.n[INSIGHT_RESOLVED], resolved);
    assert_int_equal(f.n[INSIGHT_CLOSED], closed);
    assert_int_equal(f.n[INSIGHT_REOPENED], reopened);
    assert_int_equal(f.n[INSIGHT_RESPONSE], responses);
    assert_int_equal(f.n[INSIGHT_RESOLUTION], finished);
    assert_int_equal(f.seconds[INSIGHT_RESOLUTION], seconds);
    assert_int_equal(f.n[INSIGHT_MET], finished - missed);
    assert_int_equal(f.n[INSIGHT_MISSED], missed);
    assert_int_equal(f.n[INSIGHT_CSAT], ratings);
    for (int i = 1; i <= INSIGHT_RATINGS; i++)
        found += i * f.rating[i];
    assert_int_equal(found, points);
    for (int i = 0; i < HISTOGRAM_BUCKETS; i++)
        finished -= f.resolution[i];
    assert_int_equal(finished, 0);
}

static void expect_backlog(struct db_session *s, int64_t now)
{
    static const char *const STATES[] = {"Open", "In Progress", "On Hold"};
    struct insight_answer all, by_category, by_owner;
    int64_t open = 0, sum = 0;

    OK(insight_store_backlog(s, STR("all"), STR_NULL, now, &all));
    OK(insight_store_backlog(s, STR("category"), STR_NULL, now, &by_category));
    OK(insight_store_backlog(s, STR("owner"), STR("401"), now, &by_owner));
    for (int state = 0; state < INSIGHT_OPEN_STATES; state++) {
        int64_t n = 0;

        for (int i = 0; i < TICKETS; i++)
            n += known[i].status && strcmp(known[i].status, STATES[state]) == 0;
        assert_int_equal(all.count ? all.rows[0].state[state] : 0, n);
        open += n;
    }
    for (int i = 0; all.count && i < INSIGHT_AGES; i++)
        sum += all.rows[0].age[i];
    assert_int_equal(sum, open);
    for (size_t i = 0; i < by_category.count; i++)
        for (int k = 0; k < INSIGHT_OPEN_STATES; k++)
            open -= by_category.rows[i].state[k];
    assert_int_equal(open, 0);
    for (int i = 0; i < TICKETS; i++)
        open += known[i].owner_id == 401 && is_open(known[i].status);
    for (int k = 0; by_owner.count && k < INSIGHT_OPEN_STATES; k++)
        open -= by_owner.rows[0].state[k];
    assert_int_equal(open, 0);
}

static void expect_keys(struct db_session *s, int64_t now)
{
    struct insight_question q = {.dimension = STR("category"),
                                 .key = STR("IT"),
                                 .from = NOW,
                                 .to = now + 3600 * US_PER_S,
                                 .zone = STR("UTC"),
                                 .metrics = ~0U};
    struct insight_answer a;
    int64_t finished = 0;

    OK(insight_store_series(s, &q, &a));
    for (int i = 0; i < TICKETS; i++)
        finished += known[i].finished_at && strcmp(known[i].finished_category, "IT") == 0;
    assert_int_equal(a.count ? a.rows[0].n[INSIGHT_RESOLUTION] : 0, finished);
    q.dimension = STR("owner");
    q.key = STR("402");
    OK(insight_store_series(s, &q, &a));
    for (int i = 0; i < TICKETS; i++)
        finished -= known[i].finished_at && strcmp(known[i].finished_category, "IT") == 0;
    for (int i = 0; i < TICKETS; i++)
        finished += known[i].finished_at && known[i].finished_owner == 402;
    assert_int_equal(a.count ? a.rows[0].n[INSIGHT_RESOLUTION] : 0, finished);
}

static void rollups_equal_a_recount(struct db_session *s)
{
    int64_t now = NOW;
    struct db_result *rows;
    bool more;

    for (int i = 0; i < CHANGES; i++) {
        now += (int64_t)roll(3 * 3600) * US_PER_S;
        change(s, now);
        if (roll(40) == 0)
            OK(insight_store_fold(s, &more));
        if (roll(200) == 0)
            OK(insight_store_compact(s, now - 32 * US_PER_DAY));
        if (roll(100) == 0) {
            expect_totals(s, now);
            expect_backlog(s, now);
            expect_keys(s, now);
        }
    }
    OK(insight_store_fold(s, &more));
    assert_false(more);
    OK(db_query(s, &test_notes_left, &rows));
    assert_int_equal(db_get_int(rows, 0, 0), 0);
    expect_totals(s, now);
    expect_backlog(s, now);
    expect_keys(s, now);
}

/* ---- intervals ---------------------------------------------------------------------------- */

static void intervals_begin_where_the_zone_says(struct db_session *s)
{
    struct insight_question q = {.dimension = STR("all"),
                                 .from = NOW,
                                 .to = NOW + 3 * US_PER_DAY,
                                 .interval = STR("day"),
                                 .zone = STR("UTC"),
                                 .metrics = 1U << INSIGHT_CREATED};
    struct insight_answer a;
    bool is_zone;

    OK(db_query(s, &test_insert, NULL, DB_INT(1), DB_TIME(NOW + 20 * 3600 * US_PER_S),
                DB_STR(STR("IT")), DB_STR(STR(""))));
    OK(insight_store_series(s, &q, &a));
    assert_int_equal(a.count, 3);
    assert_int_equal(a.rows[0].start, NOW);
    assert_int_equal(a.rows[0].n[INSIGHT_CREATED], 1);
    assert_int_equal(a.rows[1].n[INSIGHT_CREATED], 0);
    q.zone = STR("Asia/Tokyo"); /* nine hours ahead: there it was the next day */
    OK(insight_store_series(s, &q, &a));
    assert_int_equal(a.count, 4);
    assert_int_equal(a.rows[0].start, NOW - 9 * 3600 * US_PER_S);
    assert_int_equal(a.rows[0].n[INSIGHT_CREATED], 0);
    assert_int_equal(a.rows[1].n[INSIGHT_CREATED], 1);
    OK(insight_store_is_zone(s, STR("Asia/Tokyo"), &is_zone));
    assert_true(is_zone);
    OK(insight_store_is_zone(s, STR("Middle/Earth'--"), &is_zone));
    assert_false(is_zone);
}

/* ---- two folders -------------------------------------------------------------------------- */

struct folder {
    struct co_wait *done;
    int left;
};

static void fold_until_empty(void *arg)
{
    struct folder *f = arg;
    struct arena *a = arena_new();
    struct db_session s;
    bool more = true;

    db_session_init(&s, fixture_db, a);
    while (more)
        OK(insight_store_fold(&s, &more));
    arena_free(a);
    if (--f->left == 0)
        co_wake(f->done, ERR_OK);
}

DB_WRITE(test_fill, "iz", "",
         "INSERT INTO ticket (id, number, subject, description, category, priority, requester_id, "
         "requester_name, requester_email, created_at, updated_at) SELECT i, 'TX2026010' || i, "
         "'s', 'd', 'C' || i % 7, 'Low', 7, 'n', 'e', $2 + i % 50 * interval '1 hour', $2 "
         "FROM generate_series(1000000, 1000000 + $1 - 1) i");
DB_WRITE(test_empty, "", "", "DELETE FROM ticket WHERE id >= 1000000");

/* Committed, because the two do not see what is not; taken back at the end. */
static void two_folders_count_once(struct db_session *s)
{
    enum { MANY = 22000 };
    struct insight_answer a;
    struct co_wait done;
    struct folder f = {&done, 2};
    int64_t n = 0;

    db_rollback(s);
    OK(db_query(s, &test_fill, NULL, DB_INT(MANY), DB_TIME(NOW)));
    co_wait_init(&done);
    co_start(fixture_loop, fold_until_empty, &f, "folder");
    co_start(fixture_loop, fold_until_empty, &f, "folder");
    OK(co_wait(&done, 60000));
    assert_int_equal(totals(s, NOW + 3 * US_PER_DAY).n[INSIGHT_CREATED], MANY);
    OK(insight_store_backlog(s, STR("category"), STR_NULL, NOW, &a));
    for (size_t i = 0; i < a.count; i++)
        n += a.rows[i].state[0];
    assert_int_equal(a.count, 7);
    assert_int_equal(n, MANY);
    OK(db_query(s, &test_empty, NULL));
    OK(insight_store_backlog(s, STR("all"), STR_NULL, NOW, &a));
    assert_int_equal(a.count, 0);
    OK(db_begin(s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(rollups_equal_a_recount),
        STORE_TEST(intervals_begin_where_the_zone_says),
        STORE_TEST(two_folders_count_once),
    };

    return STORE_TESTS_RUN(tests);
}

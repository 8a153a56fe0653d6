#include "fixture.h"

#include "store/actor_store.h"
#include "store/job_item_store.h"
#include "store/job_store.h"

#define OK(call) assert_int_equal((call), ERR_OK)
#define EQ(a, text) assert_true(str_eq((a), STR(text)))
#define PERSON 456
#define JOB_A "aaaaaaaa-0000-4000-8000-000000000000"
#define JOB_B "bbbbbbbb-0000-4000-8000-000000000000"

static const struct str KINDS[] = {{"ticket.bulk", 11}};
static const struct jwt_role ROLES[] = {
    {.system = {"hdts", 4}, .role = {"Ticket Coordinator", 18}}};
static const struct actor ACTOR = {.user_id = PERSON, .roles = ROLES, .role_count = 1};

static struct job add(struct db_session *s, const char *id, int64_t created_at)
{
    struct job j = {.id = str_from(id),
                    .kind = KINDS[0],
                    .is_dry_run = true,
                    .created_by = PERSON,
                    .created_by_name = STR("Jane Smith"),
                    .trace_id = STR("t"),
                    .created_at = created_at,
                    .params = STR("{\"a\": 1}")};

    OK(job_store_add(s, &j, &ACTOR, 20));
    return j;
}

static void add_items(struct db_session *s, const char *id, const struct str *subjects, size_t n)
{
    int64_t added;

    OK(job_item_store_add(s, str_from(id), 1, subjects, n, &added));
    assert_int_equal(added, n);
    OK(job_store_planned(s, str_from(id), STR("end"), true, added));
}

static void a_job_comes_back_as_it_went(struct db_session *s)
{
    struct job j = add(s, JOB_A, NOW), back;

    OK(job_store_get(s, j.id, &back));
    EQ(back.id, JOB_A);
    EQ(back.kind, "ticket.bulk");
    EQ(back.created_by_name, "Jane Smith");
    EQ(back.trace_id, "t");
    assert_null(back.scope.p);
    assert_null(back.request_id.p);
    assert_int_equal(back.state, JOB_QUEUED);
    assert_true(back.is_dry_run && !back.is_atomic && !back.is_planned);
    assert_int_equal(back.created_at, NOW);
    assert_int_equal(back.finished_at, JOB_NONE);
    assert_int_equal(job_store_get(s, STR(JOB_B), &back), ERR_NOT_FOUND);
    assert_int_equal(job_store_get(s, STR("' OR 1=1"), &back), ERR_NOT_FOUND);
    assert_int_equal(job_store_get(s, STR_NULL, &back), ERR_NOT_FOUND);
}

static void unfinished_jobs_are_limited(struct db_session *s)
{
    struct job j = add(s, JOB_A, NOW);

    j.id = STR(JOB_B);
    assert_int_equal(job_store_add(s, &j, &ACTOR, 1), ERR_CONFLICT);
    j.created_by = PERSON + 1;
    OK(job_store_add(s, &j, &ACTOR, 1));
}

static void who_has_waited_longest_is_next(struct db_session *s)
{
    static const struct str others[] = {{"other", 5}};
    struct job j;

    add(s, JOB_A, NOW);
    add(s, JOB_B, NOW + 1);
    assert_int_equal(job_store_take(s, others, 1, NOW + 2, &j), ERR_NOT_FOUND);
    OK(job_store_take(s, KINDS, 1, NOW + 2, &j));
    EQ(j.id, JOB_A);
    EQ(j.params, "{\"a\": 1}");
    assert_int_equal(j.state, JOB_RUNNING);
    assert_int_equal(j.started_at, NOW + 2);
    OK(job_store_take(s, KINDS, 1, NOW + 3, &j));
    EQ(j.id, JOB_B);
    OK(job_store_take(s, KINDS, 1, NOW + 4, &j));
    EQ(j.id, JOB_A);
    assert_int_equal(j.started_at, NOW + 2);
}

static void items_are_dealt_with_in_order(struct db_session *s)
{
    static const struct str subjects[] = {{"c", 1}, {"a", 1}, {"b", 1}};
    static const struct str again[] = {{"a", 1}, {"d", 1}};
    struct job_item_query q = {.job_id = STR(JOB_A), .limit = 10};
    struct job_item one, *all;
    struct job_counts n;
    size_t count;
    int64_t added, total;
    bool found;

    add(s, JOB_A, NOW);
    add_items(s, JOB_A, subjects, 3);
    OK(job_item_store_add(s, STR(JOB_A), 4, again, 2, &added));
    assert_int_equal(added, 1);
    OK(job_item_store_claim(s, STR(JOB_A), 0, &one, &found));
    assert_true(found);
    EQ(one.subject, "c");
    one.state = JOB_ITEM_FAILED;
    one.code = STR("FORBIDDEN");
    one.at = NOW;
    OK(job_item_store_put(s, STR(JOB_A), &one));
    one.state = JOB_ITEM_DONE; /* too late */
    OK(job_item_store_put(s, STR(JOB_A), &one));
    OK(job_item_store_claim(s, STR(JOB_A), 2, &one, &found));
    EQ(one.subject, "b");
    one.state = JOB_ITEM_DONE;
    one.version = 7;
    one.changes_json = STR("[]");
    OK(job_item_store_put(s, STR(JOB_A), &one));
    OK(job_item_store_claim_all(s, STR(JOB_A), &all, &count));
    assert_int_equal(count, 2);
    EQ(all[0].subject, "a");
    OK(job_item_store_skip(s, STR(JOB_A), STR("CANCELLED"), STR("why"), NOW, &added));
    assert_int_equal(added, 2);
    OK(job_item_store_claim(s, STR(JOB_A), 0, &one, &found));
    assert_false(found);
    OK(job_item_store_count(s, STR(JOB_A), &n));
    assert_int_equal(n.total, 4);
    assert_int_equal(n.done, 1);
    assert_int_equal(n.failed, 1);
    assert_int_equal(n.skipped, 2);
    OK(job_item_store_page(s, &q, &all, &count, &total));
    assert_int_equal(total, 4);
    assert_int_equal(all[0].state, JOB_ITEM_FAILED);
    EQ(all[0].code, "FORBIDDEN");
    assert_int_equal(all[2].version, 7);
    EQ(all[2].changes_json, "[]");
    EQ(all[3].message, "why");
    q.state = STR("skipped");
    q.after_ordinal = 2;
    OK(job_item_store_page(s, &q, &all, &count, &total));
    assert_int_equal(count, 1);
    EQ(all[0].subject, "d");
}

static void progress_is_due_once_a_second(struct db_session *s)
{
    static const struct str subjects[] = {{"a", 1}, {"b", 1}};
    struct job j = add(s, JOB_A, NOW);
    struct job_item one;
    bool found, is_due;

    add_items(s, JOB_A, subjects, 2);
    OK(job_store_take(s, KINDS, 1, NOW, &j));
    OK(job_item_store_claim(s, j.id, 0, &one, &found));
    one.state = JOB_ITEM_DONE;
    OK(job_item_store_put(s, j.id, &one));
    OK(job_store_progress(s, &j, NOW + JOB_PROGRESS_US - 1, &is_due));
    assert_false(is_due);
    assert_int_equal(j.counts.done, 1);
    assert_int_equal(j.counts.total, 2);
    OK(job_store_progress(s, &j, NOW + JOB_PROGRESS_US, &is_due));
    assert_true(is_due);
    OK(job_store_progress(s, &j, NOW + JOB_PROGRESS_US + 1, &is_due));
    assert_false(is_due);
}

static void an_ended_job_is_kept_for_a_while(struct db_session *s)
{
    struct job j = add(s, JOB_A, NOW), back;
    static const struct str subjects[] = {{"a", 1}};
    bool more, held;

    add_items(s, JOB_A, subjects, 1);
    OK(job_store_take(s, KINDS, 1, NOW, &j));
    OK(job_store_hold(s, j.id, &held));
    assert_true(held);
    j.state = JOB_FAILED;
    j.error = STR("no");
    OK(job_store_finish(s, &j, NOW + 1, NOW + 10));
    OK(job_store_hold(s, j.id, &held));
    assert_false(held);
    assert_int_equal(job_store_take(s, KINDS, 1, NOW, &back), ERR_NOT_FOUND);
    OK(job_store_purge(s, NOW + 10, &more));
    OK(job_store_lock(s, j.id, &back));
    assert_int_equal(back.state, JOB_FAILED);
    EQ(back.error, "no");
    assert_int_equal(back.finished_at, NOW + 1);
    OK(job_store_purge(s, NOW + 11, &more));
    assert_false(more);
    assert_int_equal(job_store_get(s, j.id, &back), ERR_NOT_FOUND);
}

static void pages_are_by_person_and_state(struct db_session *s)
{
    struct job_query q = {.created_by = PERSON, .before_seq = JOB_NONE, .limit = 10};
    struct job *jobs;
    size_t count;
    int64_t total;

    add(s, JOB_A, NOW);
    add(s, JOB_B, NOW);
    OK(job_store_page(s, &q, &jobs, &count, &total));
    assert_int_equal(count, 2);
    assert_int_equal(total, 2);
    EQ(jobs[0].id, JOB_B);
    q.before_seq = jobs[0].seq;
    OK(job_store_page(s, &q, &jobs, &count, &total));
    assert_int_equal(count, 1);
    EQ(jobs[0].id, JOB_A);
    assert_int_equal(total, JOB_NONE);
    q = (struct job_query){
        .created_by = JOB_NONE, .state = STR("queued"), .before_seq = JOB_NONE, .limit = 1};
    OK(job_store_page(s, &q, &jobs, &count, &total));
    assert_int_equal(count, 1);
    assert_int_equal(total, 2);
    q.state = STR("failed");
    OK(job_store_page(s, &q, &jobs, &count, &total));
    assert_int_equal(count, 0);
    assert_int_equal(total, 0);
}

static void a_person_may_do_what_they_may_now(struct db_session *s)
{
    struct event_user_role roles[] = {{{"hdts", 4}, {"Ticket Coordinator", 18}, 2},
                                      {{"tts", 3}, {"Admin", 5}, 1}};
    struct event_user u = {.id = PERSON,
                           .email = STR("jane@company.com"),
                           .name = STR("Jane Smith"),
                           .active = JSON_TRUE,
                           .version = 1,
                           .roles = {roles, 2}};
    struct actor a;

    assert_int_equal(actor_store_get(s, PERSON, &a), ERR_FORBIDDEN);
    OK(people_apply(s, &u));
    OK(actor_store_get(s, PERSON, &a));
    EQ(a.name, "Jane Smith");
    assert_int_equal(a.role_count, 2);
    assert_true(actor_may(&a, PERM_TICKET_WORK) && actor_may(&a, PERM_TICKET_READ_ALL));
    u.version = 2;
    u.roles.count = 0;
    OK(people_apply(s, &u));
    OK(actor_store_get(s, PERSON, &a));
    assert_false(actor_may(&a, PERM_TICKET_WORK));
    assert_true(actor_may(&a, PERM_TICKET_COMMENT));
    u.version = 3;
    u.active = JSON_FALSE;
    OK(people_apply(s, &u));
    assert_int_equal(actor_store_get(s, PERSON, &a), ERR_FORBIDDEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_job_comes_back_as_it_went),    STORE_TEST(unfinished_jobs_are_limited),
        STORE_TEST(who_has_waited_longest_is_next), STORE_TEST(items_are_dealt_with_in_order),
        STORE_TEST(progress_is_due_once_a_second),  STORE_TEST(an_ended_job_is_kept_for_a_while),
        STORE_TEST(pages_are_by_person_and_state),  STORE_TEST(a_person_may_do_what_they_may_now),
    };

    return STORE_TESTS_RUN(tests);
}

#include "fixture.h"

#include <string.h>

#include "store/blob_store.h"
#include "store/file_store.h"
#include "store/ticket_store.h"
#include "store/upload_store.h"

#define OK(call) assert_int_equal((call), ERR_OK)
#define EMPLOYEE 101
#define OTHER 102
#define EQ(a, text) assert_true(str_eq((a), STR(text)))
#define HOUR (3600 * US_PER_S)

static const struct cause CAUSE = {.actor_id = EMPLOYEE, .actor_name = {"John Doe", 8}, .now = NOW};

static const struct outbox_entry MESSAGE = {.exchange = {"", 0},
                                            .routing_key = {"q", 1},
                                            .message_id = {"m", 1},
                                            .content_type = {"text/plain", 10},
                                            .headers_json = {"{\"a\": 1}", 8},
                                            .body = {"", 0}};

static struct ticket insert(struct db_session *s)
{
    struct ticket t = {.id = 1,
                       .version = 1,
                       .number = STR("TX20260101000001"),
                       .subject = STR("s"),
                       .description = STR("d"),
                       .category = STR("IT Support"),
                       .priority = PRIORITY_LOW,
                       .held_status = TICKET_STATUS_COUNT,
                       .requester_id = EMPLOYEE,
                       .requester_name = STR("John Doe"),
                       .requester_email = STR("john.doe@company.com"),
                       .owner_id = TICKET_NONE,
                       .csat_rating = TICKET_NONE,
                       .created_at = NOW,
                       .updated_at = NOW,
                       .first_response_at = TICKET_NONE,
                       .completed_at = TICKET_NONE,
                       .closed_at = TICKET_NONE};

    OK(ticket_store_create(s, &t, &CAUSE, &MESSAGE, 1));
    return t;
}

static struct media_file file_named(const char *name)
{
    return (struct media_file){.filename = str_from(name),
                               .url = STR("/media/tickets/x/a.png"),
                               .content_type = STR("image/png"),
                               .size = 100,
                               .sha256 = STR("00")};
}

static void a_tickets_files(struct db_session *s)
{
    struct ticket t = insert(s);
    struct media_file f = file_named("a.png"), back, *all;
    const struct str *names;
    int64_t bytes;
    size_t count;

    OK(blob_store_announce(s, f.sha256, f.size, NOW));
    OK(file_store_usage(s, 1, &bytes, &names, &count));
    assert_int_equal(bytes, 0);
    assert_int_equal(count, 0);
    OK(file_store_attach(s, &t, &f, &CAUSE));
    assert_int_equal(t.version, 2);
    OK(file_store_usage(s, 1, &bytes, &names, &count));
    assert_int_equal(bytes, 100);
    assert_int_equal(count, 1);
    EQ(names[0], "a.png");
    OK(file_store_by_id(s, f.id, &back));
    EQ(back.entity_type, "ticket");
    EQ(back.entity_id, "TX20260101000001");
    assert_int_equal(back.uploader_id, EMPLOYEE);
    OK(file_store_by_name(s, 1, STR("a.png"), &back));
    assert_int_equal(file_store_by_name(s, 2, STR("a.png"), &back), ERR_NOT_FOUND);
    OK(file_store_of_ticket(s, 1, &all, &count));
    assert_int_equal(count, 1);
    OK(file_store_detach(s, &t, &f, &CAUSE, NOW));
    assert_int_equal(t.version, 3);
    assert_int_equal(file_store_by_id(s, f.id, &back), ERR_NOT_FOUND);
}

static void equal_names_of_a_ticket_conflict(struct db_session *s)
{
    struct ticket t = insert(s);
    struct media_file f = file_named("a.png");

    OK(blob_store_announce(s, f.sha256, f.size, NOW));
    OK(file_store_attach(s, &t, &f, &CAUSE));
    assert_int_equal(file_store_attach(s, &t, &f, &CAUSE), ERR_CONFLICT);
}

static void a_content_must_be_announced(struct db_session *s)
{
    struct media_file f = file_named("a.png");

    assert_int_equal(file_store_add(s, &f, &CAUSE), ERR_NOT_FOUND);
}

static void files_of_entities(struct db_session *s)
{
    struct media_file f = file_named("a.png"), open = file_named("b.png"), back, *list;
    const struct file_entity mine = {STR("draft"), STR("7"), EMPLOYEE},
                             theirs = {STR("draft"), STR("7"), OTHER},
                             all = {STR("draft"), STR("7"), TICKET_NONE};
    const struct file_page first = {TICKET_NONE, 0, 10};
    struct file_page one = {TICKET_NONE, 0, 1};
    struct ticket t = insert(s);
    int64_t total;
    size_t count;

    f.entity_type = open.entity_type = STR("draft");
    f.entity_id = open.entity_id = STR("7");
    open.is_public = true;
    OK(blob_store_announce(s, f.sha256, f.size, NOW));
    OK(file_store_add(s, &f, &CAUSE));
    OK(file_store_add(s, &open, &CAUSE));
    assert_int_equal(f.sort_order, 0);
    assert_int_equal(open.sort_order, 1);
    OK(file_store_of_entity(s, &mine, &first, &list, &count, &total));
    assert_int_equal(count, 2);
    OK(file_store_of_entity(s, &theirs, &first, &list, &count, &total));
    assert_int_equal(count, 1);
    assert_int_equal(total, 1);
    assert_int_equal(list[0].id, open.id);
    OK(file_store_of_entity(s, &all, &one, &list, &count, &total));
    assert_int_equal(count, 1);
    assert_int_equal(total, 2);
    one.after_id = f.id;
    OK(file_store_of_entity(s, &all, &one, &list, &count, &total));
    assert_int_equal(count, 1);
    assert_int_equal(list[0].id, open.id);
    assert_int_equal(total, TICKET_NONE);
    one.after_id = open.id;
    OK(file_store_of_uploader(s, EMPLOYEE, &one, &list, &count, &total));
    assert_int_equal(list[0].id, f.id);
    OK(file_store_of_uploader(s, EMPLOYEE, &first, &list, &count, &total));
    assert_int_equal(total, 2);
    assert_int_equal(list[0].id, open.id);

    OK(file_store_lock_entity(s, STR("draft"), STR("7"), OTHER, 10, &list, &count));
    assert_int_equal(count, 0);
    OK(file_store_lock_entity(s, STR("draft"), STR("7"), EMPLOYEE, 10, &list, &count));
    assert_int_equal(count, 2);
    OK(file_store_move_to_ticket(s, &t, &open, &CAUSE));
    OK(file_store_by_id(s, open.id, &back));
    assert_int_equal(back.ticket_id, 1);
    assert_false(back.is_public);
    OK(file_store_move(s, f.id, STR("page"), STR("8"), &CAUSE));
    OK(file_store_by_id(s, f.id, &back));
    EQ(back.entity_type, "page");
    OK(file_store_remove(s, f.id, NOW));
    assert_int_equal(file_store_remove(s, f.id, NOW), ERR_NOT_FOUND);
    /* A ticket's file goes only with its ticket's history. */
    assert_int_equal(file_store_remove(s, open.id, NOW), ERR_NOT_FOUND);
}

static void contents_without_a_file_are_removed(struct db_session *s)
{
    struct media_file f = file_named("a.png");
    const struct str *unused;
    size_t count;
    bool removed;

    OK(blob_store_announce(s, STR("00"), 100, NOW));
    OK(blob_store_announce(s, STR("11"), 100, NOW));
    OK(blob_store_announce(s, STR("22"), 100, NOW + HOUR));
    OK(file_store_add(s, &f, &CAUSE));
    OK(blob_store_clear_used(s, NOW + HOUR));
    OK(blob_store_unused(s, NOW + HOUR, 10, &unused, &count));
    assert_int_equal(count, 1);
    EQ(unused[0], "11");
    OK(blob_store_remove(s, STR("11"), NOW + HOUR, &removed));
    assert_true(removed);
    OK(blob_store_remove(s, STR("00"), NOW + HOUR, &removed));
    assert_false(removed);
    /* Announced again a moment ago. */
    OK(blob_store_remove(s, STR("22"), NOW + HOUR, &removed));
    assert_false(removed);
    OK(file_store_remove(s, f.id, NOW + HOUR));
    OK(blob_store_unused(s, NOW + 2 * HOUR, 10, &unused, &count));
    assert_int_equal(count, 2);
}

static struct upload_plan plan(const char *id)
{
    return (struct upload_plan){.id = str_from(id),
                                .owner_id = EMPLOYEE,
                                .filename = STR("a.bin"),
                                .size = 250,
                                .chunk_size = 100,
                                .ticket_id = UPLOAD_NONE,
                                .created_at = NOW,
                                .expires_at = NOW + HOUR};
}

static void uploads_in_parts(struct db_session *s)
{
    struct upload_plan u = plan("ab"), more = plan("cd"), back;
    const int64_t *missing;
    int64_t received;
    size_t count;
    bool claimed;

    assert_int_equal(upload_chunks(&u), 3);
    assert_int_equal(upload_chunk_length(&u, 2), 50);
    OK(upload_store_add(s, &u, 1));
    assert_int_equal(upload_store_add(s, &more, 1), ERR_CONFLICT);
    OK(upload_store_get(s, u.id, EMPLOYEE, NOW, &back));
    assert_int_equal(back.size, 250);
    assert_int_equal(back.file_id, UPLOAD_NONE);
    assert_int_equal(upload_store_get(s, u.id, OTHER, NOW, &back), ERR_NOT_FOUND);
    assert_int_equal(upload_store_get(s, u.id, EMPLOYEE, NOW + HOUR, &back), ERR_NOT_FOUND);
    OK(upload_store_put_chunk(s, u.id, 2, NOW + 2 * HOUR, &received));
    assert_int_equal(received, 1);
    OK(upload_store_put_chunk(s, u.id, 2, NOW, &received));
    assert_int_equal(received, 1);
    OK(upload_store_get(s, u.id, EMPLOYEE, NOW + HOUR, &back));
    OK(upload_store_missing(s, &u, 10, &missing, &count, &received));
    assert_int_equal(count, 2);
    assert_int_equal(missing[1], 1);
    assert_int_equal(received, 1);
    OK(upload_store_claim(s, u.id, NOW, NOW + 10, &claimed));
    assert_true(claimed);
    OK(upload_store_claim(s, u.id, NOW, NOW + 10, &claimed));
    assert_false(claimed);
    OK(upload_store_claim(s, u.id, NOW + 11, NOW + 20, &claimed));
    assert_true(claimed);
    OK(upload_store_unclaim(s, u.id));
    OK(upload_store_claim(s, u.id, NOW, NOW + 10, &claimed));
    assert_true(claimed);
    OK(upload_store_lock(s, u.id));
    OK(upload_store_finish(s, u.id, 7));
    assert_int_equal(upload_store_lock(s, u.id), ERR_CONFLICT);
    OK(upload_store_claim(s, u.id, NOW + HOUR, NOW + 2 * HOUR, &claimed));
    assert_false(claimed);
    assert_int_equal(upload_store_put_chunk(s, u.id, 0, NOW, &received), ERR_NOT_FOUND);
    assert_int_equal(upload_store_lock(s, more.id), ERR_NOT_FOUND);
}

static void old_uploads_end(struct db_session *s)
{
    struct upload_plan u = plan("ab"), more = plan("cd"), done = plan("ef"), back;
    const struct str names[] = {STR("ab"), STR("cd"), STR("ef"), STR("gone")}, *orphans;
    size_t count;

    more.expires_at = NOW + 2 * HOUR;
    OK(upload_store_add(s, &u, 9));
    OK(upload_store_add(s, &more, 9));
    OK(upload_store_add(s, &done, 9));
    OK(upload_store_finish(s, done.id, 7));
    OK(upload_store_orphans(s, names, 4, &orphans, &count));
    assert_int_equal(count, 2);
    OK(upload_store_expire(s, NOW + HOUR + 1));
    OK(upload_store_orphans(s, names, 4, &orphans, &count));
    assert_int_equal(count, 3);
    OK(upload_store_get(s, more.id, EMPLOYEE, NOW, &back));
    OK(upload_store_remove(s, more.id));
    assert_int_equal(upload_store_get(s, more.id, EMPLOYEE, NOW, &back), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_tickets_files),
        STORE_TEST(equal_names_of_a_ticket_conflict),
        STORE_TEST(a_content_must_be_announced),
        STORE_TEST(files_of_entities),
        STORE_TEST(contents_without_a_file_are_removed),
        STORE_TEST(uploads_in_parts),
        STORE_TEST(old_uploads_end),
    };

    return STORE_TESTS_RUN(tests);
}

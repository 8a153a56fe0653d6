#pragma once
/* What the tests of messaging's stores share: people, a ticket's conversation, what is said in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "people.h"
#include "store/change_store.h"
#include "store/conversation_store.h"
#include "store/participant_store.h"
#include "store_test.h"
#include "write_run.h"

extern const struct db_migration SERVICE_MIGRATIONS[];

#define OK(expression) assert_int_equal(expression, ERR_OK)
#define NOW (INT64_C(1768213800) * US_PER_S)
#define NUMBER STR("TX20260112000001")

enum { EMIL = 51, CORA = 11, COLE = 12, RITA = 21, ADAM = 41 };

static inline void follow(struct db_session *s, int64_t requester, int64_t owner, int64_t assignee,
                          int64_t since)
{
    const struct ticket_people p = {NUMBER, STR("VPN"), STR("Open"), requester,
                                    owner,  assignee,   since,       NOW};
    struct json_array former;
    int64_t id;
    OK(conversation_store_follow_ticket(s, &p, &id, &former));
}

static inline struct conversation find(struct db_session *s, int64_t user_id)
{
    struct conversation c;
    OK(conversation_store_by_ticket(s, NUMBER, user_id, &c));
    return c;
}

static inline struct message say(struct db_session *s, int64_t conversation, int64_t sender,
                                 struct str content, struct str client_id, bool expect_new)
{
    const struct message m = {.conversation_id = conversation,
                              .sender_id = sender,
                              .sender_name = STR("Somebody"),
                              .sender_role = STR(""),
                              .type = STR("text"),
                              .reply_to_id = JSON_NO_INT,
                              .content = content,
                              .client_id = client_id,
                              .created_at = NOW + 5};
    struct message out;
    bool is_new;
    OK(message_store_add(s, &m, &out, &is_new));
    assert_int_equal(is_new, expect_new);
    return out;
}

static inline int64_t read_up_to(struct db_session *s, int64_t id, int64_t user_id, int64_t up_to)
{
    const struct reading x = {id, user_id, up_to, true};
    int64_t change_id, moved_to;
    OK(participant_store_read(s, &x, &change_id, &moved_to));
    assert_int_equal(moved_to, change_id ? up_to : 0);
    return change_id;
}

static inline int open_store(void **state)
{
    static const struct db_migration *const MIGRATIONS[] = {PEOPLE_MIGRATIONS, WRITE_MIGRATIONS,
                                                            SERVICE_MIGRATIONS, NULL};
    (void)state;
    return store_test_open("messaging", MIGRATIONS);
}

static inline int close_store(void **state)
{
    (void)state;
    return store_test_close();
}

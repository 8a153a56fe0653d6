/* Events as they reach the outbox, and back through a delivery. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "event.h"
#include "migrate.h"
#include "outbox.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN "00f067aa0ba902b7"
#define NOW 1768213800123456

static struct outbox_entry stored;
static int stored_count;
static enum err store_result;

/* Stands in for the table: what an event becomes is this library's, keeping it is not. */
enum err outbox_put(struct db_session *s, const struct outbox_entry *e)
{
    stored = *e;
    stored_count++;
    return store_result;
}

static int setup(void **state)
{
    struct arena *a = arena_new();
    struct db_session *s = ARENA_NEW(a, struct db_session);

    s->arena = a;
    *state = s;
    stored_count = 0;
    store_result = ERR_OK;
    return 0;
}

static int teardown(void **state)
{
    struct db_session *s = *state;

    arena_free(s->arena);
    return 0;
}

static struct event_meta ticket_meta(void)
{
    return (struct event_meta){
        .source = "helpdesk-service",
        .type = "ticket.created",
        .subject = STR("TX20260112000001"),
        .time = NOW,
        .log = {.trace_id = STR(TRACE), .span_id = STR(SPAN), .request_id = STR("r-1")},
    };
}

static const struct event_ticket some_ticket = {
    .ticket_id = 5,
    .ticket_number = {"TX20260112000001", 16},
    .subject = {"Printer \"B\"", 11},
    .status = {"Open", 4},
    .requester_id = 9,
    .created_at = NOW,
};

static struct mq_message delivered(void)
{
    return (struct mq_message){.message_id = stored.message_id, .body = stored.body};
}

static void test_put_writes_a_cloudevent(void **state)
{
    struct db_session *s = *state;
    struct event_meta meta = ticket_meta();
    const char *want;

    assert_int_equal(event_put(s, &meta, &EVENT_TICKET, &some_ticket), ERR_OK);
    assert_int_equal(stored_count, 1);
    assert_true(str_eq(stored.exchange, STR("tts.events")));
    assert_true(str_eq(stored.routing_key, STR("ticket.created")));
    assert_true(str_eq(stored.type, STR("ticket.created")));
    assert_true(str_eq(stored.content_type, STR("application/cloudevents+json")));
    assert_true(str_eq(stored.key, STR("TX20260112000001")));
    assert_true(str_eq(stored.correlation_id, STR("r-1")));
    assert_true(str_eq(stored.headers_json, STR("{\"traceparent\":\"00-" TRACE "-" SPAN "-01\"}")));
    assert_int_equal(stored.message_id.len, 36);
    want = arena_printf(
        s->arena,
        "{\"specversion\":\"1.0\",\"id\":\"%.*s\",\"source\":\"helpdesk-service\","
        "\"type\":\"ticket.created\",\"subject\":\"TX20260112000001\","
        "\"time\":\"2026-01-12T10:30:00.123Z\",\"datacontenttype\":\"application/json\","
        "\"traceparent\":\"00-" TRACE "-" SPAN "-01\","
        "\"data\":{\"ticket_id\":5,\"ticket_number\":\"TX20260112000001\","
        "\"subject\":\"Printer \\\"B\\\"\",\"category\":null,\"sub_category\":null,"
        "\"department\":null,\"priority\":null,\"status\":\"Open\",\"requester_id\":9,"
        "\"requester_name\":null,\"requester_email\":null,"
        "\"created_at\":\"2026-01-12T10:30:00.123Z\"}}",
        STR_ARG(stored.message_id));
    assert_string_equal(str_cstr(s->arena, stored.body), want);
}

static void test_each_event_has_its_own_id(void **state)
{
    struct db_session *s = *state;
    struct event_meta meta = ticket_meta();
    struct str first;

    assert_int_equal(event_put(s, &meta, &EVENT_TICKET, &some_ticket), ERR_OK);
    first = stored.message_id;
    assert_int_equal(event_put(s, &meta, &EVENT_TICKET, &some_ticket), ERR_OK);
    assert_false(str_eq(stored.message_id, first));
}

static void test_headers(void **state)
{
    struct db_session *s = *state;
    struct event_meta meta = ticket_meta();

    meta.log = (struct log_context){0};
    assert_int_equal(event_put(s, &meta, &EVENT_TICKET, &some_ticket), ERR_OK);
    assert_null(stored.headers_json.p);
    assert_null(stored.correlation_id.p);
    assert_int_equal(str_find(stored.body, STR("traceparent")), -1);

    meta.time_overridden = true;
    assert_int_equal(event_put(s, &meta, &EVENT_TICKET, &some_ticket), ERR_OK);
    assert_true(str_eq(stored.headers_json, STR("{\"x-tts-time\":\"2026-01-12T10:30:00.123Z\"}")));

    /* a trace without a span is given one */
    meta.log.trace_id = STR(TRACE);
    assert_int_equal(event_put(s, &meta, &EVENT_TICKET, &some_ticket), ERR_OK);
    assert_true(str_has_prefix(stored.headers_json, STR("{\"traceparent\":\"00-" TRACE "-")));
    assert_int_equal(str_find(stored.headers_json, STR("-01\",\"x-tts-time\":")),
                     strlen("{\"traceparent\":\"00-" TRACE "-" SPAN));

    meta.log.trace_id = STR("\"},not a trace id");
    assert_int_equal(event_put(s, &meta, &EVENT_TICKET, &some_ticket), ERR_OK);
    assert_int_equal(str_find(stored.headers_json, STR("traceparent")), -1);
}

static void test_put_refuses_what_is_not_declared(void **state)
{
    struct db_session *s = *state;
    struct event_meta meta = ticket_meta();

    meta.type = "ticket.exploded";
    assert_int_equal(event_put(s, &meta, &EVENT_TICKET, &some_ticket), ERR_INTERNAL_ERROR);
    meta.type = "task.assigned";
    assert_int_equal(event_put(s, &meta, &EVENT_TICKET, &some_ticket), ERR_INTERNAL_ERROR);
    assert_int_equal(stored_count, 0);

    meta.type = "ticket.closed";
    store_result = ERR_SERVICE_UNAVAILABLE;
    assert_int_equal(event_put(s, &meta, &EVENT_TICKET, &some_ticket), ERR_SERVICE_UNAVAILABLE);
}

static void test_ticket_round_trip(void **state)
{
    struct db_session *s = *state;
    struct event_meta meta = ticket_meta();
    struct event_ticket t;
    struct mq_message m;
    struct event e;
    const char *why;

    assert_int_equal(event_put(s, &meta, &EVENT_TICKET, &some_ticket), ERR_OK);
    m = delivered();
    assert_int_equal(event_decode(s->arena, &m, &e), ERR_OK);
    assert_true(str_eq(e.id, stored.message_id));
    assert_true(str_eq(e.type, STR("ticket.created")));
    assert_true(str_eq(e.source, STR("helpdesk-service")));
    assert_true(str_eq(e.subject, STR("TX20260112000001")));
    assert_int_equal(e.time, NOW / 1000 * 1000);
    assert_int_equal(event_data(s->arena, &e, &EVENT_TICKET, &t, &why), ERR_OK);
    assert_int_equal(t.ticket_id, 5);
    assert_true(str_eq(t.subject, some_ticket.subject));
    assert_int_equal(t.requester_id, 9);
    /* what was only zeroed is absent, not user 0 */
    assert_int_equal(t.owner_id, JSON_NO_INT);
    assert_int_equal(t.rating, JSON_NO_INT);
    assert_null(t.comment.p);
}

static void test_user_round_trip(void **state)
{
    static struct event_user_role roles[] = {{{"hdts", 4}, {"Employee", 8}, 1},
                                             {{"tts", 3}, {"Admin", 5}, 0}};
    struct db_session *s = *state;
    struct event_meta meta = {.source = "auth-service", .type = "role.revoked", .time = NOW};
    struct event_user in = {.id = 4,
                            .email = STR("a@b.c"),
                            .active = JSON_FALSE,
                            .version = 3,
                            .roles = {roles, 2}},
                      out;
    struct mq_message m;
    struct event e;
    const char *why;

    assert_int_equal(event_put(s, &meta, &EVENT_USER, &in), ERR_OK);
    m = delivered();
    assert_int_equal(event_decode(s->arena, &m, &e), ERR_OK);
    assert_null(e.subject.p);
    assert_int_equal(event_data(s->arena, &e, &EVENT_USER, &out, &why), ERR_OK);
    assert_int_equal(out.active, JSON_FALSE);
    assert_int_equal(out.version, 3);
    assert_int_equal(out.roles.count, 2);
    assert_true(str_eq(((struct event_user_role *)out.roles.items)[1].role, STR("Admin")));
}

static void test_job_round_trip(void **state)
{
    struct db_session *s = *state;
    struct event_meta meta = {.source = "helpdesk-service", .type = "job.progress", .time = NOW};
    struct event_job in = {.job_id = STR("j"),
                           .kind = STR("ticket.bulk"),
                           .state = STR("running"),
                           .is_dry_run = JSON_FALSE,
                           .total = 10,
                           .created_by = 9,
                           .created_at = NOW,
                           .finished_at = JSON_NO_TIME},
                     out;
    struct mq_message m;
    struct event e;
    const char *why;

    assert_int_equal(event_put(s, &meta, &EVENT_JOB, &in), ERR_OK);
    m = delivered();
    assert_int_equal(event_decode(s->arena, &m, &e), ERR_OK);
    assert_int_equal(event_data(s->arena, &e, &EVENT_JOB, &out, &why), ERR_OK);
    assert_true(str_eq(out.kind, in.kind));
    assert_int_equal(out.is_dry_run, JSON_FALSE);
    assert_int_equal(out.total, 10);
    assert_int_equal(out.done, 0); /* a count, not an id */
    assert_int_equal(out.finished_at, JSON_NO_TIME);
    assert_null(out.error.p);
}

#define CE "\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"x\",\"type\":\"t\""

static void test_decode(void **state)
{
    static const struct {
        struct str body;
        enum err rc;
    } cases[] = {
        {STR("{" CE "}"), ERR_OK},
        {STR("{" CE ",\"data\":{\"a\":1},\"unknown\":[]}"), ERR_OK},
        {STR("{" CE ",\"time\":\"2026-01-12T10:30:00Z\"}"), ERR_OK},
        {STR(""), ERR_INVALID_PAYLOAD},
        {STR("[]"), ERR_INVALID_PAYLOAD},
        {STR("{}"), ERR_INVALID_PAYLOAD},
        {STR("{" CE), ERR_INVALID_PAYLOAD},
        {STR("{" CE ",\"time\":\"now\"}"), ERR_INVALID_PAYLOAD},
        {STR("{" CE ",\"id\":\"2\"}"), ERR_INVALID_PAYLOAD},
        {STR("{" CE ",\"datacontenttype\":\"text/xml\"}"), ERR_INVALID_PAYLOAD},
        {STR("{\"specversion\":\"0.3\",\"id\":\"1\",\"source\":\"x\",\"type\":\"t\"}"),
         ERR_INVALID_PAYLOAD},
        {STR("{\"specversion\":\"1.0\",\"id\":\"\",\"source\":\"x\",\"type\":\"t\"}"),
         ERR_INVALID_PAYLOAD},
        {STR("{\"specversion\":\"1.0\",\"id\":1,\"source\":\"x\",\"type\":\"t\"}"),
         ERR_INVALID_PAYLOAD},
        {STR("{\"specversion\":\"1.0\",\"id\":\"1\",\"type\":\"t\"}"), ERR_INVALID_PAYLOAD},
        {STR("{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"x\"}"), ERR_INVALID_PAYLOAD},
    };
    struct db_session *s = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mq_message m = {.body = cases[i].body, .timestamp_s = 77};
        struct event e;

        assert_int_equal(event_decode(s->arena, &m, &e), cases[i].rc);
        assert_int_equal(e.type.p != NULL, cases[i].rc == ERR_OK);
    }
}

static void test_time_falls_back_to_the_message(void **state)
{
    struct db_session *s = *state;
    struct mq_message m = {.body = STR("{" CE "}"), .timestamp_s = 77};
    struct event e;

    assert_int_equal(event_decode(s->arena, &m, &e), ERR_OK);
    assert_int_equal(e.time, 77000000);
}

static void test_data_problems(void **state)
{
    static const struct {
        struct str body;
        const char *why;
    } cases[] = {
        {STR("{" CE "}"), "must be an object"},
        {STR("{" CE ",\"data\":[1]}"), "must be an object"},
        {STR("{" CE ",\"data\":{\"ticket_number\":\"TX1\"}}"), "ticket_id: is required"},
        {STR("{" CE ",\"data\":{\"ticket_id\":\"5\",\"ticket_number\":\"TX1\"}}"),
         "ticket_id: must be a whole number"},
        {STR("{" CE ",\"data\":{\"ticket_id\":5,\"ticket_number\":\" \"}}"),
         "ticket_number: is required"},
    };
    struct db_session *s = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mq_message m = {.body = cases[i].body};
        struct event_ticket t;
        struct event e;
        const char *why;

        assert_int_equal(event_decode(s->arena, &m, &e), ERR_OK);
        assert_int_equal(event_data(s->arena, &e, &EVENT_TICKET, &t, &why), ERR_INVALID_PAYLOAD);
        assert_string_equal(why, cases[i].why);
    }
}

/* Every type is there once, with a schema that documents can be made from. */
static void test_catalogue(void **state)
{
    struct db_session *s = *state;

    for (size_t i = 0; i < EVENT_CATALOGUE_COUNT; i++) {
        const struct event_kind *k = &EVENT_CATALOGUE[i];
        struct json_writer w;
        struct buf b;

        assert_ptr_equal(event_kind(str_from(k->type)), k); /* so no type is there twice */
        assert_true(str_has_suffix(str_from(k->source), STR("-service")));
        assert_true(strlen(k->meaning) > 0);
        buf_init(&b, s->arena);
        jw_init(&w, &b);
        json_schema_describe(&w, k->schema);
        assert_true(str_find(buf_str(&b), STR("\"required\":[")) > 0);
    }
    assert_null(event_kind(STR("ticket")));
    assert_null(event_kind(STR_NULL));
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_put_writes_a_cloudevent),
        CASE(test_each_event_has_its_own_id),
        CASE(test_headers),
        CASE(test_put_refuses_what_is_not_declared),
        CASE(test_ticket_round_trip),
        CASE(test_user_round_trip),
        CASE(test_job_round_trip),
        CASE(test_decode),
        CASE(test_time_falls_back_to_the_message),
        CASE(test_data_problems),
        CASE(test_catalogue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

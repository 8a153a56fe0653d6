#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "url.h"

static void test_accepted(void **state)
{
    static const struct {
        const char *url, *user, *password, *host, *vhost;
        int port;
        bool is_tls;
    } CASES[] = {
        {"amqp://", "guest", "guest", "localhost", "/", 5672},
        {"amqp://guest:guest@localhost:5672//", "guest", "guest", "localhost", "/", 5672},
        {"amqp://guest:guest@localhost:5672/", "guest", "guest", "localhost", "/", 5672},
        {"amqp://guest:guest@localhost:5672/%2F", "guest", "guest", "localhost", "/", 5672},
        {"amqp://a:p%40ss@mq.internal/tts?heartbeat=10", "a", "p@ss", "mq.internal", "tts", 5672},
        {"amqp://a:b@c@mq:1", "a", "b@c", "mq", "/", 1},
        {"amqp://[::1]:5673/x", "guest", "guest", "::1", "x", 5673},
        {"amqp://[fe80::1]", "guest", "guest", "fe80::1", "/", 5672},
        {"amqps://", "guest", "guest", "localhost", "/", 5671, true},
        {"amqps://a:b@mq:5673/x", "a", "b", "mq", "x", 5673, true},
    };
    (void)state;
    struct arena *a = arena_new();
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct mq_url u;
        const char *why = "";
        assert_int_equal(mq_url_parse(a, str_from(CASES[i].url), &u, &why), ERR_OK);
        assert_string_equal(u.user, CASES[i].user);
        assert_string_equal(u.password, CASES[i].password);
        assert_string_equal(u.host, CASES[i].host);
        assert_string_equal(u.vhost, CASES[i].vhost);
        assert_int_equal(u.port, CASES[i].port);
        assert_int_equal(u.is_tls, CASES[i].is_tls);
    }
    arena_free(a);
}

static void test_refused(void **state)
{
    static const char *const CASES[] = {"",
                                        "http://localhost",
                                        "amqpss://localhost",
                                        "amqp://localhost:0",
                                        "amqp://localhost:70000",
                                        "amqp://localhost:56a",
                                        "amqp://[::1",
                                        "amqp://[::1]5672",
                                        "amqp://%zz:secret@localhost",
                                        "amqp://u:%00@localhost",
                                        "amqp://localhost/%"};
    (void)state;
    struct arena *a = arena_new();
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct mq_url u;
        const char *why = NULL;
        assert_int_equal(mq_url_parse(a, str_from(CASES[i]), &u, &why), ERR_INVALID_INPUT);
        assert_non_null(why);
        assert_null(strstr(why, "secret"));
    }
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

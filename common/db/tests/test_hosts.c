/* Names of database hosts, with a name server of the test's own. Needs a PostgreSQL server at
 * 127.0.0.1: TTS_TEST_DB_URL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "db.h"
#include "hosts.h"
#include "log.h"
#include "loop.h"

#define SERVER "127.0.0.1"

DB_READ(one, "", "i", "SELECT 1::int8");

static struct loop *loop;
static struct arena *arena;

/* ---- the name server: in place of the C library's ------------------------------------------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t answers_again = PTHREAD_COND_INITIALIZER;
static bool is_away;

static void set_away(bool away)
{
    pthread_mutex_lock(&lock);
    is_away = away;
    pthread_cond_broadcast(&answers_again);
    pthread_mutex_unlock(&lock);
}

static struct addrinfo *address_of(const char *text, int port, struct addrinfo *next)
{
    struct addrinfo *ai = calloc(1, sizeof *ai);
    struct sockaddr_in *sin = calloc(1, sizeof *sin);
    sin->sin_family = AF_INET;
    sin->sin_port = htons((uint16_t)port);
    inet_pton(AF_INET, text, &sin->sin_addr);
    *ai = (struct addrinfo){.ai_family = AF_INET,
                            .ai_socktype = SOCK_STREAM,
                            .ai_addr = (struct sockaddr *)sin,
                            .ai_addrlen = sizeof *sin,
                            .ai_next = next};
    return ai;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **out)
{
    struct in_addr numeric;
    int port = service ? (int)strtol(service, NULL, 10) : 0;
    (void)hints;
    if (inet_pton(AF_INET, node, &numeric) == 1) {
        *out = address_of(node, port, NULL);
        return 0;
    }
    pthread_mutex_lock(&lock);
    while (is_away)
        pthread_cond_wait(&answers_again, &lock);
    pthread_mutex_unlock(&lock);
    if (strcmp(node, "server") == 0)
        *out = address_of(SERVER, port, NULL);
    else if (strcmp(node, "two") == 0)
        *out = address_of("127.0.0.2", port, address_of("127.0.0.3", port, NULL));
    else
        return EAI_NONAME;
    return 0;
}

void freeaddrinfo(struct addrinfo *ai)
{
    while (ai) {
        struct addrinfo *next = ai->ai_next;
        free(ai->ai_addr);
        free(ai);
        ai = next;
    }
}

/* ---- what is found -------------------------------------------------------------------------- */

static int told;
static char found_text[200];

static void on_found(void *arg, const struct hosts_found *found, const char *why)
{
    (void)arg;
    told++;
    if (found)
        snprintf(found_text, sizeof found_text, "%s %s %s", found->host, found->hostaddr,
                 found->port);
    else
        snprintf(found_text, sizeof found_text, "%s", why);
}

static int setup(void **state)
{
    (void)state;
    if (!getenv("TTS_TEST_DB_URL")) {
        fprintf(stderr, "TTS_TEST_DB_URL is not set\n");
        return 1;
    }
    log_init("test", LOG_ERROR);
    loop = loop_new();
    arena = arena_new();
    told = 0;
    set_away(false);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    loop_free(loop);
    return 0;
}

static void turn_until(const int *counter, int value)
{
    int64_t deadline = clock_mono_us() + 20 * US_PER_S;
    while (*counter < value && clock_mono_us() < deadline)
        loop_turn(loop, 50);
    assert_int_equal(*counter, value);
}

static void every_address_is_an_entry(void **state)
{
    (void)state;
    static const struct {
        const char *url, *found;
    } CASES[] = {
        {"postgresql://u@server/d", "server 127.0.0.1 "},
        {"postgresql://u@server:5433/d", "server 127.0.0.1 5433"},
        {"postgresql://u@two:1,server:2/d", "two,two,server 127.0.0.2,127.0.0.3,127.0.0.1 1,1,2"},
        {"postgresql://u@none:1,server:2/d", "server 127.0.0.1 2"},
        {"postgresql://u@127.0.0.9:1,server:2/d", "127.0.0.9,server ,127.0.0.1 1,2"},
        {"host=two,/run/x port=7", "two,two,/run/x 127.0.0.2,127.0.0.3, 7,7,7"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct hosts *h = hosts_new(loop, CASES[i].url);
        assert_true(hosts_have_names(h));
        told = 0;
        hosts_ask(h, arena, on_found, NULL);
        turn_until(&told, 1);
        assert_string_equal(found_text, CASES[i].found);
        hosts_free(h);
    }
}

static void nothing_to_look_up(void **state)
{
    (void)state;
    static const char *const URLS[] = {"postgresql://u@127.0.0.1:5432/d",
                                       "postgresql://u@[::1]/d",
                                       "postgresql://localhost/d",
                                       "postgresql:///d?host=/run/postgresql",
                                       "host=server hostaddr=127.0.0.1",
                                       "dbname=d",
                                       "",
                                       "no such thing"};
    for (size_t i = 0; i < sizeof URLS / sizeof URLS[0]; i++) {
        struct hosts *h = hosts_new(loop, URLS[i]);
        assert_false(hosts_have_names(h));
        hosts_free(h);
    }
}

static void no_name_has_an_address(void **state)
{
    (void)state;
    struct hosts *h = hosts_new(loop, "postgresql://none,nothing/d");
    hosts_ask(h, arena, on_found, NULL);
    turn_until(&told, 1);
    assert_string_equal(found_text, gai_strerror(EAI_NONAME));
    hosts_free(h);
}

/* ---- connections ---------------------------------------------------------------------------- */

static struct db *connect_by_name(void)
{
    static char url[400];
    const char *given = getenv("TTS_TEST_DB_URL"), *at = strstr(given, SERVER);
    if (!at)
        at = strstr(given, "localhost");
    assert_non_null(at);
    size_t len = strncmp(at, SERVER, strlen(SERVER)) == 0 ? strlen(SERVER) : strlen("localhost");
    snprintf(url, sizeof url, "%.*sserver%s", (int)(at - given), given, at + len);
    struct db_config cfg = {.url = str_from(url),
                            .pool_size = 3,
                            .statement_timeout_ms = 3000,
                            .acquire_timeout_ms = 5000,
                            .app_name = "test_hosts"};
    struct db *db = db_new(loop, &cfg);
    db_start(db);
    return db;
}

static void CO_FN ask_one(void *arg)
{
    struct db_session s;
    struct db_result *r;
    db_session_init(&s, arg, arena);
    assert_int_equal(db_query(&s, &one, &r), ERR_OK);
    told++;
}

static void turn_until_up(const struct db *db)
{
    int64_t deadline = clock_mono_us() + 20 * US_PER_S;
    while (!db_is_up(db) && clock_mono_us() < deadline)
        loop_turn(loop, 50);
    assert_true(db_is_up(db));
}

static void a_server_is_found_by_its_name(void **state)
{
    (void)state;
    struct db *db = connect_by_name();
    turn_until_up(db);
    co_start(loop, ask_one, db, "ask");
    turn_until(&told, 1);
    db_free(db);
}

static void count(void *arg)
{
    ++*(int *)arg;
}

static void without_a_name_server_the_loop_goes_on(void **state)
{
    (void)state;
    struct timer t;
    int fired = 0;
    set_away(true);
    struct db *db = connect_by_name();
    timer_init(&t, loop, count, &fired);
    timer_start(&t, 20);
    turn_until(&fired, 1);
    assert_false(db_is_up(db));
    set_away(false);
    turn_until_up(db);
    timer_release(&t);
    db_free(db);
}

static void freed_while_names_are_looked_up(void **state)
{
    (void)state;
    set_away(true);
    struct db *db = connect_by_name();
    loop_turn(loop, 0);
    set_away(false);
    db_free(db);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(every_address_is_an_entry),
        T(nothing_to_look_up),
        T(no_name_has_an_address),
        T(a_server_is_found_by_its_name),
        T(without_a_name_server_the_loop_goes_on),
        T(freed_while_names_are_looked_up),
    };
    return cmocka_run_group_tests_name("hosts", tests, NULL, NULL);
}

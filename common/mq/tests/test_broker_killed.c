/*
 * A broker of this test's own is killed with SIGKILL and started again while messages flow from the
 * outbox through two kinds of queues, some by way of a retry: every effect happens exactly once.
 * The script deploy/local/rabbitmq runs the broker, on ports of its own.
 */
#define TEST_DEADLINE_MS 180000
#include "fixture.h"

#include <arpa/inet.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { COUNT = 400, KILLS = 2 };

DB_READ(totals_stmt, "", "ii", "SELECT count(*), count(DISTINCT name) FROM effect");

static char script[PATH_MAX], state_dir[PATH_MAX];
static int port_offset;
static struct outbox_relay *relay;

/* ---- the broker ---------------------------------------------------------------------------- */

static bool is_free(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool ok = bind(fd, (const struct sockaddr *)(const void *)&a, sizeof a) == 0;
    close(fd);
    return ok;
}

static int free_offset(void)
{
    static const int PORTS[] = {5672, 5673, 5674, 15672};
    for (;;) {
        int offset = 30000 + (int)(rand_u64() % 19000), found = 0;
        for (int i = 0; i < 4; i++)
            found += is_free(PORTS[i] + offset);
        if (found == 4)
            return offset;
    }
}

/* The binary lies in build/<variant>/common/mq/tests/. */
static void find_places(void)
{
    char self[PATH_MAX], *tests;
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(n > 0);
    self[n] = '\0';
    tests = dirname(self);
    snprintf(script, sizeof script, "%.3000s/../../../../../deploy/local/rabbitmq", tests);
    snprintf(state_dir, sizeof state_dir, "%.3000s/broker-%d", tests, (int)getpid());
}

static pid_t run_script(const char *command)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    char offset[16];
    snprintf(offset, sizeof offset, "%d", port_offset);
    setenv("PORT_OFFSET", offset, 1);
    setenv("STATE_DIR", state_dir, 1);
    execl(script, script, command, (char *)NULL);
    _exit(127);
}

static void run_and_wait(const char *command)
{
    int status;
    pid_t pid = run_script(command);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static pid_t broker_pid(void)
{
    char path[PATH_MAX + 32];
    int pid = 0;
    snprintf(path, sizeof path, "%s/pid/rabbitmq", state_dir);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%d", &pid), 1);
    fclose(file);
    assert_true(pid > 1);
    return pid;
}

static bool has_ended(pid_t pid)
{
    int status;
    pid_t ended = waitpid(pid, &status, WNOHANG);
    if (ended == 0)
        return false;
    assert_int_equal(ended, pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return true;
}

/* ---- the work ------------------------------------------------------------------------------ */

/* Every eighth message fails at first and comes again through a retry queue. */
static enum err write_once(struct mq_delivery *d)
{
    struct str body = d->message->body;
    enum err rc = db_query(d->db, &insert_effect_stmt, NULL, DB_STR(body));
    if (rc)
        return rc;
    return d->attempt == 1 && body.p[body.len - 1] == '8' ? ERR_TICKET_NOT_FOUND : ERR_OK;
}

static enum err put_one(struct db_session *s, void *arg)
{
    int n = *(const int *)arg;
    struct str body = str_printf(s->arena, "n%d", n);
    const struct outbox_entry e = {.routing_key = n % 2 ? STR("classic") : STR("quorum"),
                                   .message_id = body,
                                   .body = body,
                                   .key = str_printf(s->arena, "k%d", n % 10)};
    return outbox_put(s, &e);
}

static void put_next(struct fixture *f, int n)
{
    struct arena *a = arena_new();
    struct db_session s;
    db_session_init(&s, f->db, a);
    assert_int_equal(db_transact(&s, put_one, &n), ERR_OK);
    arena_free(a);
}

static void totals(struct fixture *f, int64_t *all, int64_t *distinct)
{
    struct arena *a = arena_new();
    struct db_session s;
    struct db_result *r;
    db_session_init(&s, f->db, a);
    assert_int_equal(db_query(&s, &totals_stmt, &r), ERR_OK);
    *all = db_get_int(r, 0, 0);
    *distinct = db_get_int(r, 0, 1);
    arena_free(a);
}

/* Puts a share of the messages, kills the broker while they flow, and starts it again. */
static void put_and_kill(struct fixture *f, int from, int to)
{
    int64_t all, distinct;
    pid_t starting;
    for (int n = from; n < to; n++) {
        put_next(f, n);
        if (n == from + (to - from) / 2) {
            WAIT_UNTIL((totals(f, &all, &distinct), distinct > from));
            assert_int_equal(kill(broker_pid(), SIGKILL), 0);
        }
    }
    WAIT_UNTIL(!mq_is_up(f->mq));
    starting = run_script("start");
    WAIT_UNTIL(has_ended(starting));
    WAIT_UNTIL(mq_is_up(f->mq));
}

static void body_killed(struct fixture *f)
{
    int64_t all, distinct;
    char url[64];
    WAIT_UNTIL(mq_is_up(f->mq) && db_is_up(f->db));
    relay = outbox_relay_start(f->loop, f->db, f->mq);
    for (int i = 0; i < KILLS; i++)
        put_and_kill(f, COUNT / KILLS * i, COUNT / KILLS * (i + 1));
    WAIT_UNTIL((totals(f, &all, &distinct), distinct == COUNT));
    WAIT_UNTIL(fixture_count(f, &count_outbox_stmt, NULL) == 0 && f->mq->running == 0);
    totals(f, &all, &distinct);
    assert_int_equal(all, COUNT);
    snprintf(url, sizeof url, "amqp://127.0.0.1:%d", 5672 + port_offset);
    WAIT_UNTIL(raw_count(url, "classic") == 0 && raw_count(url, "quorum") == 0);
    assert_int_equal(raw_count(url, "classic.dead"), 0);
    assert_int_equal(raw_count(url, "quorum.dead"), 0);
    outbox_relay_stop(relay);
}

static void consume(struct fixture *f, const char *queue, enum mq_queue_kind kind)
{
    mq_declare_queue(f->mq, &(struct mq_queue){queue, kind, NULL});
    mq_consume(f->mq,
               &(struct mq_consumer){.queue = queue, .use_inbox = true, .handler = write_once},
               f->db, NULL);
}

static void test_killed(void **state)
{
    struct fixture *f = *state;
    char url[64];
    snprintf(url, sizeof url, "amqp://127.0.0.1:%d", 5672 + port_offset);
    mq_free(f->mq);
    f->mq = fixture_mq(f->loop, url);
    consume(f, "classic", MQ_CLASSIC);
    consume(f, "quorum", MQ_QUORUM);
    mq_start(f->mq); /* nothing listens there yet */
    run_and_wait("start");
    fixture_run(f, body_killed);
}

static int setup(void **state)
{
    port_offset = free_offset();
    find_places();
    return fixture_setup(state);
}

static int teardown(void **state)
{
    int rc = fixture_teardown(state);
    run_and_wait("stop");
    pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/rm", "rm", "-rf", state_dir, (char *)NULL);
        _exit(127);
    }
    int status;
    return waitpid(pid, &status, 0) == pid ? rc : 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_killed, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

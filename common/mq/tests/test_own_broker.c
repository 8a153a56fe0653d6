/*
 * What needs a broker of this test's own. It is killed with SIGKILL and started again while
 * messages flow from the outbox through two kinds of queues, some by way of a retry: every effect
 * happens exactly once. And it runs short of memory: publishing waits, consuming goes on. The
 * script deploy/local/rabbitmq runs it, on ports found free.
 */
#define TEST_DEADLINE_MS 480000
#include "fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
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
static pid_t guard;
static int guard_pipe;

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
        /* Away from the ports of fleets, other tests and outgoing connections. */
        int offset = 7000 + (int)(rand_u64() % 1900), found = 0;
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

/* The arguments end with NULL. */
static pid_t run_script(const char *const *args)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    char offset[16], *argv[8] = {script};
    for (int i = 0; args[i]; i++)
        argv[i + 1] = mem_strdup(args[i]);
    snprintf(offset, sizeof offset, "%d", port_offset);
    setenv("PORT_OFFSET", offset, 1);
    setenv("STATE_DIR", state_dir, 1);
    dup2(STDERR_FILENO, STDOUT_FILENO); /* standard output is the report of the tests */
    execv(script, argv);
    _exit(127);
}

#define SCRIPT(...) run_script((const char *const[]){__VA_ARGS__, NULL})

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

static bool has_succeeded(pid_t pid)
{
    int status;
    pid_t ended = waitpid(pid, &status, WNOHANG);
    if (ended == 0)
        return false;
    assert_int_equal(ended, pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return true;
}

static const char *own_url(void)
{
    static char url[64];
    snprintf(url, sizeof url, "amqp://127.0.0.1:%d", 5672 + port_offset);
    return url;
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
    starting = SCRIPT("start");
    WAIT_UNTIL(has_succeeded(starting));
    WAIT_UNTIL(mq_is_up(f->mq));
}

static void body_killed(struct fixture *f)
{
    int64_t all, distinct;
    WAIT_UNTIL(mq_is_up(f->mq) && db_is_up(f->db));
    relay = outbox_relay_start(f->loop, f->db, f->mq);
    for (int i = 0; i < KILLS; i++)
        put_and_kill(f, COUNT / KILLS * i, COUNT / KILLS * (i + 1));
    WAIT_UNTIL((totals(f, &all, &distinct), distinct == COUNT));
    WAIT_UNTIL(fixture_count(f, &count_outbox_stmt, NULL) == 0 && f->mq->running == 0);
    totals(f, &all, &distinct);
    assert_int_equal(all, COUNT);
    const char *url = own_url();
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

static void use_own_broker(struct fixture *f)
{
    mq_free(f->mq);
    f->mq = fixture_mq(f->loop, own_url());
}

static void test_killed(void **state)
{
    struct fixture *f = *state;
    use_own_broker(f);
    consume(f, "classic", MQ_CLASSIC);
    consume(f, "quorum", MQ_QUORUM);
    mq_start(f->mq);
    fixture_run(f, body_killed);
}

/* ---- short of memory ----------------------------------------------------------------------- */

enum { BACKLOG = 20 };

static int drained;

static enum err take_a_while(struct mq_delivery *d)
{
    enum err rc = co_sleep_ms(100);
    drained++;
    return rc;
}

static void limit_memory(const char *limit)
{
    pid_t pid = SCRIPT("ctl", "set_vm_memory_high_watermark", "absolute", limit);
    WAIT_UNTIL(has_succeeded(pid));
}

static enum err publish_within(struct fixture *f, int64_t timeout_us)
{
    const struct mq_message m = {.routing_key = STR("drain"), .body = STR("{}")};
    co_set_deadline(co_self(), clock_mono_us() + timeout_us);
    enum err rc = mq_publish(f->mq, &m);
    co_set_deadline(co_self(), 0);
    return rc;
}

static void body_short_of_memory(struct fixture *f)
{
    struct mq_stats stats;
    WAIT_UNTIL(mq_is_up(f->mq));
    for (int i = 0; i < BACKLOG; i++)
        assert_int_equal(publish_within(f, 60 * US_PER_S), ERR_OK);
    limit_memory("1MB");
    WAIT_UNTIL(publish_within(f, US_PER_S) == ERR_TIMEOUT);
    assert_int_equal(publish_within(f, US_PER_S), ERR_TIMEOUT);
    WAIT_UNTIL(drained >= BACKLOG && raw_count(own_url(), "drain") == 0);
    limit_memory("1GB");
    WAIT_UNTIL(publish_within(f, 60 * US_PER_S) == ERR_OK);
    assert_true(mq_is_up(f->mq));
    WAIT_UNTIL((mq_stats(f->mq, &stats), stats.acked > BACKLOG));
}

static void test_short_of_memory(void **state)
{
    struct fixture *f = *state;
    use_own_broker(f);
    mq_declare_queue(f->mq, &(struct mq_queue){"drain", MQ_CLASSIC, NULL});
    mq_consume(f->mq,
               &(struct mq_consumer){
                   .queue = "drain", .prefetch = 2, .concurrency = 1, .handler = take_a_while},
               NULL, NULL);
    mq_start(f->mq);
    fixture_run(f, body_short_of_memory);
}

/* ---- life cycle ---------------------------------------------------------------------------- */

static int run(pid_t pid)
{
    int status;
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int clean_up(void)
{
    int rc = run(SCRIPT("stop"));
    pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/rm", "rm", "-rf", state_dir, (char *)NULL);
        _exit(127);
    }
    return run(pid) | rc;
}

/* Stops the broker however this process ends: a process of its own session sees the pipe close. */
static void start_guard(void)
{
    int ends[2];
    char c;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    guard = fork();
    assert_true(guard >= 0);
    if (guard == 0) {
        close(ends[1]);
        setsid();
        while (read(ends[0], &c, 1) < 0 && errno == EINTR)
            continue;
        _exit(clean_up() != 0);
    }
    close(ends[0]);
    guard_pipe = ends[1];
}

static int start_broker(void **state)
{
    (void)state;
    port_offset = free_offset();
    find_places();
    start_guard();
    return run(SCRIPT("start"));
}

static int stop_broker(void **state)
{
    (void)state;
    close(guard_pipe);
    return run(guard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_killed, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_short_of_memory, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, start_broker, stop_broker);
}

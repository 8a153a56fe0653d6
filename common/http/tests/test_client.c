#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "client.h"
#include "raw.h"
#include "server.h"

/* ---- a server to talk to ------------------------------------------------------------------ */

static struct {
    int connections_seen, cancelled;
    struct http_server *server;
} peer;

static enum err show(struct req *r)
{
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_STR(w, "method", r->method);
    JW_STR(w, "type", req_header(r, "Content-Type"));
    JW_STR(w, "x", req_header(r, "X"));
    JW_STR(w, "empty", req_header(r, "Empty"));
    JW_STR(w, "expect", req_header(r, "Expect"));
    JW_STR(w, "body", req_body_text(r));
    JW_INT(w, "connections", http_server_connections(peer.server));
    jw_end_object(w);
    return req_json_end(r, str_eq(r->method, STR("POST")) ? 201 : 200);
}

static enum err CO_FN wait_long(struct req *r)
{
    enum err rc = co_sleep_ms(60000);
    peer.cancelled += rc == ERR_CANCELLED;
    return rc;
}

static enum err redirect(struct req *r)
{
    req_set_header(r, "Location", STR("/show"));
    return req_reply_empty(r, 302);
}

static enum err large(struct req *r)
{
    return req_reply(r, 200, "text/plain", str_n(arena_calloc(r->arena, 1, 100000), 100000));
}

static const struct route ROUTES[] = {
    {.method = "GET", .pattern = "/show", .handler = show},
    {.method = "POST", .pattern = "/show", .handler = show},
    {.method = "PUT", .pattern = "/show", .handler = show},
    {.method = "DELETE", .pattern = "/show", .handler = show},
    {.method = "GET", .pattern = "/wait", .handler = wait_long},
    {.method = "GET", .pattern = "/redirect", .handler = redirect},
    {.method = "GET", .pattern = "/large", .handler = large},
    {0},
};

static struct loop *loop;
static struct route_table *table;
static struct http_client *client;
static struct arena *arena;

static int set_up(void **state)
{
    struct http_server_config cfg = HTTP_SERVER_DEFAULTS;
    const struct route *const arrays[] = {ROUTES};
    cfg.bind = "127.0.0.1";
    memset(&peer, 0, sizeof peer);
    loop = loop_new();
    arena = arena_new();
    table = route_table_new(arrays, 1);
    peer.server = http_server_new(loop, &cfg, table, NULL, NULL);
    assert_true(http_server_listen(peer.server));
    client = http_client_new(loop);
    return 0;
}

static int tear_down(void **state)
{
    http_client_free(client);
    http_server_drain(peer.server);
    WAIT_FOR(loop, http_server_active(peer.server) == 0);
    http_server_free(peer.server);
    loop_turn(loop, 0);
    loop_turn(loop, 0);
    assert_int_equal(co_count(), 0);
    route_table_free(table);
    arena_free(arena);
    loop_free(loop);
    return 0;
}

/* ---- running a call ----------------------------------------------------------------------- */

struct run {
    struct http_call call;
    struct http_answer answer;
    enum err rc;
    struct co *co;
    int64_t deadline_ms;
    bool is_done;
};

static void CO_FN run_call(void *arg)
{
    struct run *r = arg;
    r->co = co_self();
    if (r->deadline_ms)
        co_set_deadline(co_self(), clock_mono_us() + r->deadline_ms * US_PER_MS);
    r->rc = http_client_call(client, arena, &r->call, &r->answer);
    r->is_done = true;
}

static struct str url_of(const char *path)
{
    return str_printf(arena, "http://127.0.0.1:%d%s", http_server_port(peer.server), path);
}

static struct run call(struct http_call c)
{
    struct run r = {.call = c};
    co_start(loop, run_call, &r, "test");
    WAIT_FOR(loop, r.is_done);
    return r;
}

static const struct json *answer_json(const struct run *r)
{
    const struct json *v;
    const char *why;
    assert_int_equal(r->rc, ERR_OK);
    assert_int_equal(json_parse(arena, r->answer.body, &v, &why), ERR_OK);
    return v;
}

static bool says(const struct run *r, const char *key, const char *value)
{
    return str_eq(json_str(json_get(answer_json(r), key)), str_from(value));
}

/* ---- HTTP --------------------------------------------------------------------------------- */

static void test_methods(void **state)
{
    const struct http_call_header headers[] = {{"X", STR("y z")}, {"Empty", STR("")}};
    struct run r = call((struct http_call){
        .method = "GET", .url = url_of("/show"), .headers = headers, .header_count = 2});
    assert_int_equal(r.answer.status, 200);
    assert_true(says(&r, "method", "GET"));
    assert_true(says(&r, "x", "y z"));
    assert_int_equal(json_type(json_get(answer_json(&r), "empty")), JSON_STRING);
    assert_int_equal(json_type(json_get(answer_json(&r), "type")), JSON_NULL);
    assert_true(str_eq(r.answer.content_type, STR("application/json")));

    r = call((struct http_call){.method = "POST", .url = url_of("/show"), .body = STR("{}")});
    assert_int_equal(r.answer.status, 201);
    assert_true(says(&r, "body", "{}"));
    assert_true(says(&r, "type", "application/json"));
    assert_int_equal(json_type(json_get(answer_json(&r), "expect")), JSON_NULL);

    const struct http_call_header text[] = {{"content-type", STR("text/plain")}};
    r = call((struct http_call){.method = "PUT",
                                .url = url_of("/show"),
                                .body = STR("a\tb"),
                                .headers = text,
                                .header_count = 1});
    assert_true(says(&r, "method", "PUT"));
    assert_true(says(&r, "type", "text/plain"));
    assert_int_equal(json_str(json_get(answer_json(&r), "body")).len, 3);

    r = call((struct http_call){.method = "DELETE", .url = url_of("/show")});
    assert_true(says(&r, "method", "DELETE"));
    r = call((struct http_call){.method = "POST", .url = url_of("/show")});
    assert_true(says(&r, "body", ""));
    r = call((struct http_call){.method = "HEAD", .url = url_of("/show")});
    assert_int_equal(r.rc, ERR_OK);
    assert_int_equal(r.answer.status, 200);
    assert_int_equal(r.answer.body.len, 0);
    /* All over one connection. */
    r = call((struct http_call){.method = "GET", .url = url_of("/show")});
    int64_t n;
    assert_true(json_int(json_get(answer_json(&r), "connections"), &n));
    assert_int_equal(n, 1);
}

static void test_statuses_are_answers(void **state)
{
    struct run r = call((struct http_call){.method = "GET", .url = url_of("/nope")});
    assert_int_equal(r.rc, ERR_OK);
    assert_int_equal(r.answer.status, 404);
    r = call((struct http_call){.method = "GET", .url = url_of("/redirect")});
    assert_int_equal(r.answer.status, 302);
}

static void test_refused_calls(void **state)
{
    const struct http_call_header evil[] = {{"X", STR("a\r\nEvil: b")}};
    struct run r = call((struct http_call){
        .method = "GET", .url = url_of("/show"), .headers = evil, .header_count = 1});
    assert_int_equal(r.rc, ERR_INVALID_INPUT);
    r = call((struct http_call){.method = "GET", .url = STR("file:///etc/passwd")});
    assert_int_equal(r.rc, ERR_INVALID_INPUT);
    r = call((struct http_call){.method = "GET", .url = STR("gopher://127.0.0.1/")});
    assert_int_equal(r.rc, ERR_INVALID_INPUT);
    r = call((struct http_call){.method = "GET", .url = STR("http://a b/")});
    assert_int_equal(r.rc, ERR_INVALID_INPUT);
}

/* A port that was free a moment ago. */
static int closed_port(void)
{
    struct sockaddr_in sa = {.sin_family = AF_INET};
    socklen_t len = sizeof sa;
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
    close(fd);
    return ntohs(sa.sin_port);
}

static void test_unreachable(void **state)
{
    struct str url = str_printf(arena, "http://127.0.0.1:%d/", closed_port());
    struct run r = call((struct http_call){.method = "GET", .url = url});
    assert_int_equal(r.rc, ERR_SERVICE_UNAVAILABLE);
}

static void test_limits(void **state)
{
    struct run r = call(
        (struct http_call){.method = "GET", .url = url_of("/large"), .max_reply_bytes = 99999});
    assert_int_equal(r.rc, ERR_BAD_GATEWAY);
    r = call(
        (struct http_call){.method = "GET", .url = url_of("/large"), .max_reply_bytes = 100000});
    assert_int_equal(r.rc, ERR_OK);
    assert_int_equal(r.answer.body.len, 100000);
    r = call((struct http_call){.method = "GET", .url = url_of("/wait"), .timeout_ms = 500});
    assert_int_equal(r.rc, ERR_TIMEOUT);
    WAIT_FOR(loop, peer.cancelled == 1);
    struct run deadline = {.call = {.method = "GET", .url = url_of("/wait")}, .deadline_ms = 500};
    co_start(loop, run_call, &deadline, "test");
    WAIT_FOR(loop, deadline.is_done);
    assert_int_equal(deadline.rc, ERR_TIMEOUT);
    WAIT_FOR(loop, peer.cancelled == 2);
}

static bool is_allowed(void *arg, const struct sockaddr *address)
{
    struct sockaddr_in sa;
    int *asked = arg;
    memcpy(&sa, address, sizeof sa);
    if (address->sa_family == AF_INET)
        assert_int_equal(ntohl(sa.sin_addr.s_addr), INADDR_LOOPBACK);
    return ++*asked > 1;
}

/* A guard is asked for every connection, and none is shared with those who have no guard. */
static void test_guard(void **state)
{
    int asked = 0;
    struct http_call c = {
        .method = "GET", .url = url_of("/show"), .may_connect = is_allowed, .guard_arg = &asked};
    assert_int_equal(call((struct http_call){.method = "GET", .url = url_of("/show")}).rc, ERR_OK);
    struct run r = call(c);
    assert_int_equal(r.rc, ERR_FORBIDDEN);
    assert_int_equal(asked, 1);
    for (int i = 2; i < 4; i++) {
        r = call(c);
        assert_int_equal(r.rc, ERR_OK);
        assert_int_equal(r.answer.status, 200);
        assert_int_equal(asked, i);
    }
    asked = -10;
    c.url = str_printf(arena, "http://localhost:%d/show", http_server_port(peer.server));
    assert_int_equal(call(c).rc, ERR_FORBIDDEN);
    assert_true(asked > -10);
    asked = 1;
    c.url = str_printf(arena, "http://127.0.0.1:%d/", closed_port());
    r = call(c);
    assert_int_equal(r.rc, ERR_SERVICE_UNAVAILABLE);
    assert_true(r.answer.problem.len > 0);
}

static void test_cut_reply(void **state)
{
    int asked = 1;
    struct http_call c = {.method = "GET",
                          .url = url_of("/large"),
                          .max_reply_bytes = 1000,
                          .may_connect = is_allowed,
                          .guard_arg = &asked};
    assert_int_equal(call(c).rc, ERR_BAD_GATEWAY);
    c.cut_reply = true;
    struct run r = call(c);
    assert_int_equal(r.rc, ERR_OK);
    assert_int_equal(r.answer.status, 200);
    assert_int_equal(r.answer.body.len, 1000);
    c.max_reply_bytes = 100000;
    r = call(c);
    assert_int_equal(r.rc, ERR_OK);
    assert_int_equal(r.answer.body.len, 100000);
}

static void test_cancellation(void **state)
{
    struct run r = {.call = {.method = "GET", .url = url_of("/wait")}};
    co_start(loop, run_call, &r, "test");
    WAIT_FOR(loop, http_server_active(peer.server) == 1);
    co_cancel(r.co);
    WAIT_FOR(loop, r.is_done);
    assert_int_equal(r.rc, ERR_CANCELLED);
    WAIT_FOR(loop, peer.cancelled == 1);
}

/* ---- peers that misbehave ----------------------------------------------------------------- */

/* Listens, answers the first connection with fixed bytes as soon as it has spoken, and hangs up. */
struct script {
    int listener, fd;
    const char *text;
};

static struct script script_open(const char *text)
{
    struct sockaddr_in sa = {.sin_family = AF_INET};
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct script s = {socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), -1, text};
    assert_int_equal(bind(s.listener, (struct sockaddr *)&sa, sizeof sa), 0);
    assert_int_equal(listen(s.listener, 5), 0);
    return s;
}

static int script_port(const struct script *s)
{
    struct sockaddr_in sa;
    socklen_t len = sizeof sa;
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&sa, &len), 0);
    return ntohs(sa.sin_port);
}

/* True when it has said everything. */
static bool script_step(struct script *s)
{
    char ignored[4096];
    if (s->fd < 0)
        s->fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK);
    if (s->fd < 0 || recv(s->fd, ignored, sizeof ignored, 0) <= 0)
        return false;
    assert_int_equal(send(s->fd, s->text, strlen(s->text), MSG_NOSIGNAL), strlen(s->text));
    close(s->fd);
    close(s->listener);
    return true;
}

static void test_nonsense(void **state)
{
    static const struct {
        const char *text;
        enum err rc;
    } cases[] = {
        {"hello there, I am no HTTP server\r\n", ERR_BAD_GATEWAY},
        {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", ERR_BAD_GATEWAY},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", ERR_BAD_GATEWAY},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", ERR_OK},
        {"HTTP/1.1 200 OK\r\n\r\nuntil the end", ERR_OK},
        {"HTTP/1.0 204 No Content\r\n\r\n", ERR_OK},
        {"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ERR_OK},
        {"HTTP/1.1 103 Early Hints\r\n\r\n", ERR_BAD_GATEWAY},
        {"HTTP/1.1 101 Switching Protocols\r\n\r\n", ERR_BAD_GATEWAY},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", ERR_BAD_GATEWAY},
        {"HTTP/1.1 200 OK\r\n", ERR_BAD_GATEWAY},
        {"", ERR_SERVICE_UNAVAILABLE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct script s = script_open(cases[i].text);
        struct run r = {.call = {.method = "GET"}};
        r.call.url = str_printf(arena, "http://127.0.0.1:%d/", script_port(&s));
        co_start(loop, run_call, &r, "test");
        WAIT_FOR(loop, script_step(&s));
        WAIT_FOR(loop, r.is_done);
        if (r.rc != cases[i].rc)
            fail_msg("%s: %s", cases[i].text, err_code(r.rc));
    }
}

static void test_urls(void **state)
{
    static const struct {
        const char *format; /* with the port of the server */
        enum err rc;
        int status;
    } cases[] = {
        {"http://127.0.0.1:%d", ERR_OK, 404},
        {"HTTP://127.0.0.1:%d/show", ERR_OK, 200},
        {"http://localhost:%d/show?a=b", ERR_OK, 200},
        {"http://127.0.0.1:%d?a=b", ERR_OK, 404},
        {"http://no-such-host.invalid:%d/", ERR_SERVICE_UNAVAILABLE, 0},
        {"http://[::1]:%d/show", ERR_SERVICE_UNAVAILABLE, 0}, /* it listens on IPv4 */
        {"http://127.0.0.1:9%d/", ERR_INVALID_INPUT, 0},
        {"http://[::1:%d/", ERR_INVALID_INPUT, 0},
        {"http://[::1]x:%d/", ERR_INVALID_INPUT, 0},
        {"http://:%d/", ERR_INVALID_INPUT, 0},
        {"http://127.0.0.1:%d/a b", ERR_INVALID_INPUT, 0},
        {"http://127.0.0.1:%d/a#b", ERR_INVALID_INPUT, 0},
        {"http://a\\b:%d/", ERR_INVALID_INPUT, 0},
        {"http://me:secret@127.0.0.1:%d/show", ERR_OK, 200},
        {"https://127.0.0.1:%d/show", ERR_SERVICE_UNAVAILABLE, 0}, /* it speaks no TLS */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char url[128];
        const char *at = strstr(cases[i].format, "%d");
        snprintf(url, sizeof url, "%.*s%d%s", (int)(at - cases[i].format), cases[i].format,
                 http_server_port(peer.server), at + 2);
        struct run r = call((struct http_call){.method = "GET", .url = str_from(url)});
        if (r.rc != cases[i].rc || r.answer.status != cases[i].status)
            fail_msg("%s: %s, %d", url, err_code(r.rc), r.answer.status);
    }
}

static void test_methods_are_tokens(void **state)
{
    struct run r = call((struct http_call){.method = "GET /\r\nX", .url = url_of("/show")});
    assert_int_equal(r.rc, ERR_INVALID_INPUT);
    const struct http_call_header evil[] = {{"X:\r\nY", STR("z")}};
    r = call((struct http_call){
        .method = "GET", .url = url_of("/show"), .headers = evil, .header_count = 1});
    assert_int_equal(r.rc, ERR_INVALID_INPUT);
}

/* The first answer promises to keep the connection, which is then closed: without the client having
 * seen that, and with a request already on its way. */
static void test_a_kept_connection_that_was_closed(void **state)
{
    struct script s = script_open("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    struct str url = str_printf(arena, "http://127.0.0.1:%d/", script_port(&s));
    for (int i = 0; i < 3; i++) {
        struct run r = {.call = {.method = "POST", .url = url}};
        int listener = dup(s.listener);
        co_start(loop, run_call, &r, "test");
        WAIT_FOR(loop, script_step(&s));
        WAIT_FOR(loop, r.is_done);
        assert_int_equal(r.rc, ERR_OK);
        assert_true(str_eq(r.answer.body, STR("ok")));
        s = (struct script){listener, -1, s.text};
    }
    close(s.listener);
}

/* ---- mail --------------------------------------------------------------------------------- */

/* A server that answers each command in turn, and keeps what it was sent. */
struct smtp {
    int listener, fd;
    const char *const *answers; /* the greeting first */
    struct buf heard;
    bool is_data;
};

static void smtp_say(struct smtp *s)
{
    if (!*s->answers)
        return;
    assert_int_equal(send(s->fd, *s->answers, strlen(*s->answers), MSG_NOSIGNAL),
                     strlen(*s->answers));
    s->is_data = strncmp(*s->answers, "354", 3) == 0;
    s->answers++;
}

static bool smtp_step(struct smtp *s)
{
    if (s->fd < 0) {
        s->fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK);
        if (s->fd >= 0)
            smtp_say(s);
        return false;
    }
    char p[4096];
    ssize_t n = recv(s->fd, p, sizeof p, 0);
    if (n > 0) {
        buf_add(&s->heard, p, (size_t)n);
        const char *end = s->is_data ? "\r\n.\r\n" : "\r\n";
        if (str_has_suffix(buf_str(&s->heard), str_from(end)))
            smtp_say(s);
    }
    return n == 0;
}

struct mail_run {
    struct mail_call call;
    enum err rc;
    const char *why;
    bool is_done;
};

static void CO_FN run_mail(void *arg)
{
    struct mail_run *r = arg;
    r->rc = mail_send(client, arena, &r->call, &r->why);
    r->is_done = true;
}

static const struct str TO[] = {{"a@b.example", 11}, {"c@d.example", 11}};

static struct mail_run send_mail(const char *const *answers, struct str *heard)
{
    struct script listener = script_open("");
    struct smtp s = {listener.listener, -1, answers};
    struct mail_run r = {.call = {.from = STR("me@x.example"), .to = TO, .to_count = 2}};
    r.call.url = str_printf(arena, "smtp://127.0.0.1:%d", script_port(&listener));
    r.call.message = STR("Subject: s\r\n\r\nline\r\n.dot\r\n");
    buf_init(&s.heard, arena);
    co_start(loop, run_mail, &r, "test");
    while (!r.is_done) {
        (void)smtp_step(&s);
        loop_turn(loop, 1);
    }
    close(s.fd);
    close(s.listener);
    *heard = buf_str(&s.heard);
    return r;
}

static void test_mail(void **state)
{
    static const char *const fine[] = {"220 hi\r\n", "250 ok\r\n",  "250 ok\r\n",
                                       "250 ok\r\n", "250 ok\r\n",  "354 go\r\n",
                                       "250 ok\r\n", "221 bye\r\n", NULL};
    struct str heard;
    struct mail_run r = send_mail(fine, &heard);
    if (r.rc)
        fail_msg("%s: %.*s", r.why, STR_ARG(heard));
    assert_int_equal(r.rc, ERR_OK);
    assert_true(str_find(heard, STR("MAIL FROM:<me@x.example>")) > 0);
    assert_true(str_find(heard, STR("RCPT TO:<c@d.example>")) > 0);
    assert_true(str_find(heard, STR("Subject: s\r\n\r\nline\r\n..dot\r\n.\r\n")) > 0);

    static const char *const no_such_user[] = {"220 hi\r\n",           "250 ok\r\n",  "250 ok\r\n",
                                               "550 no such user\r\n", "221 bye\r\n", NULL};
    r = send_mail(no_such_user, &heard);
    assert_int_equal(r.rc, ERR_INVALID_INPUT);
    assert_true(r.why[0] != '\0');

    static const char *const later[] = {"220 hi\r\n", "250 ok\r\n", "451 later\r\n", "221 bye\r\n",
                                        NULL};
    r = send_mail(later, &heard);
    assert_int_equal(r.rc, ERR_SERVICE_UNAVAILABLE);
    static const char *const busy[] = {"421 too busy\r\n", NULL};
    r = send_mail(busy, &heard);
    assert_int_equal(r.rc, ERR_SERVICE_UNAVAILABLE);
}

static void test_mail_refusals(void **state)
{
    struct str evil = STR("a@b>\r\nRCPT TO:<c@d");
    struct mail_run r = {.call = {.url = STR("smtp://127.0.0.1:1"), .to = &evil, .to_count = 1}};
    co_start(loop, run_mail, &r, "test");
    assert_true(r.is_done);
    assert_int_equal(r.rc, ERR_INVALID_INPUT);
    r = (struct mail_run){.call = {.to = TO, .to_count = 1}};
    r.call.url = str_printf(arena, "smtp://127.0.0.1:%d", closed_port());
    co_start(loop, run_mail, &r, "test");
    WAIT_FOR(loop, r.is_done);
    assert_int_equal(r.rc, ERR_SERVICE_UNAVAILABLE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_methods),
        TEST(test_statuses_are_answers),
        TEST(test_refused_calls),
        TEST(test_unreachable),
        TEST(test_limits),
        TEST(test_guard),
        TEST(test_cut_reply),
        TEST(test_cancellation),
        TEST(test_nonsense),
        TEST(test_mail),
        TEST(test_mail_refusals),
        TEST(test_urls),
        TEST(test_methods_are_tokens),
        TEST(test_a_kept_connection_that_was_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "json.h"

#define MAX_VALUE 8192          /* bytes of one value that reach the line */
#define KEEP_CAPACITY (1 << 16) /* a line buffer larger than this is given back */

static const char *service_name = "";
static enum log_level threshold = LOG_INFO;
static const struct log_context *(*context_source)(void);

/* One buffer for all threads: lines are written whole and in order under its lock. */
static pthread_mutex_t line_lock = PTHREAD_MUTEX_INITIALIZER;
static struct buf line;

/* Warnings and errors by their text's address; two that meet in one place forget each other. */
#define PLACES 64
struct repeats {
    const char *msg;
    int64_t since_us; /* mono */
    int written;
    int64_t left_out;
};
static struct repeats repeats[PLACES];
static int repeats_max = 20;
static int64_t repeats_us = 10 * US_PER_S;

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_init(const char *service, enum log_level level)
{
    service_name = service;
    log_set_level(level);
}

void log_set_level(enum log_level level)
{
    __atomic_store_n(&threshold, level, __ATOMIC_RELAXED);
}

bool log_level_from_name(struct str name, enum log_level *out)
{
    for (int i = LOG_DEBUG; i <= LOG_ERROR; i++) {
        if (str_ieq(name, str_from(level_names[i]))) {
            *out = (enum log_level)i;
            return true;
        }
    }
    if (!str_ieq(name, STR("warning")))
        return false;
    *out = LOG_WARN;
    return true;
}

void log_set_context_source(const struct log_context *(*source)(void))
{
    context_source = source;
}

static void put_str(struct json_writer *w, const char *key, struct str value)
{
    jw_key(w, str_from(key));
    jw_str(w, value.len > MAX_VALUE ? str_n(value.p, MAX_VALUE) : value);
}

static void put_context(struct json_writer *w, const struct log_context *c)
{
    if (!str_is_empty(c->trace_id))
        put_str(w, "trace_id", c->trace_id);
    if (!str_is_empty(c->span_id))
        put_str(w, "span_id", c->span_id);
    if (!str_is_empty(c->request_id))
        put_str(w, "request_id", c->request_id);
    if (c->user_id)
        JW_INT(w, "user_id", c->user_id);
}

static void put_field(struct json_writer *w, const struct log_field *f)
{
    switch (f->kind) {
    case LOG_FIELD_STR:
        put_str(w, f->key, f->s);
        return;
    case LOG_FIELD_INT:
        jw_key(w, str_from(f->key));
        jw_int(w, f->i);
        return;
    case LOG_FIELD_BOOL:
        jw_key(w, str_from(f->key));
        jw_bool(w, f->i != 0);
        return;
    }
}

/* A line that cannot be written is lost: there is nowhere left to say so. */
static void write_all(const char *p, size_t n)
{
    while (n > 0) {
        ssize_t done = write(STDOUT_FILENO, p, n);

        if (done >= 0) {
            p += done;
            n -= (size_t)done;
        } else if (errno == EAGAIN) {
            struct pollfd wait = {.fd = STDOUT_FILENO, .events = POLLOUT};
            if (poll(&wait, 1, -1) < 0 && errno != EINTR)
                return;
        } else if (errno != EINTR) {
            return;
        }
    }
}

void log_set_repeats(int lines, int interval_ms)
{
    repeats_max = lines;
    repeats_us = interval_ms * US_PER_MS;
}

/* Whether one more may be written, and how many were left out before it. */
static bool may_repeat(const char *msg, int64_t *left_out)
{
    struct repeats *r = &repeats[((uintptr_t)msg * 0x9e3779b97f4a7c15ULL) >> 58];
    int64_t now = clock_mono_us();
    if (r->msg != msg)
        *r = (struct repeats){.msg = msg, .since_us = now};
    if (now - r->since_us >= repeats_us) {
        r->since_us = now;
        r->written = r->left_out ? repeats_max - 1 : 0;
    }
    if (r->written == repeats_max) {
        r->left_out++;
        return false;
    }
    r->written++;
    *left_out = r->left_out;
    r->left_out = 0;
    return true;
}

static void write_line(enum log_level level, const char *msg, const struct log_field *fields, int n,
                       int64_t left_out)
{
    const struct log_context *context = context_source ? context_source() : NULL;
    struct json_writer w;

    buf_clear(&line);
    jw_init(&w, &line);
    jw_object(&w);
    JW_TIME_MS(&w, "ts", clock_wall_us());
    JW_STR(&w, "level", str_from(level_names[level]));
    JW_STR(&w, "service", str_from(service_name));
    put_str(&w, "msg", str_from(msg));
    if (context)
        put_context(&w, context);
    for (int i = 0; i < n; i++)
        put_field(&w, &fields[i]);
    if (left_out)
        JW_INT(&w, "left_out", left_out);
    jw_end_object(&w);
    buf_add_char(&line, '\n');
    write_all(line.p, line.len);
    if (line.cap > KEEP_CAPACITY)
        buf_release(&line);
}

static void put(enum log_level level, const char *msg, const struct log_field *fields, int n,
                bool is_limited)
{
    int saved_errno = errno;
    int64_t left_out = 0;

    if (level < __atomic_load_n(&threshold, __ATOMIC_RELAXED))
        return;
    pthread_mutex_lock(&line_lock);
    if (!is_limited || may_repeat(msg, &left_out))
        write_line(level, msg, fields, n, left_out);
    pthread_mutex_unlock(&line_lock);
    errno = saved_errno;
}

void log_write(enum log_level level, const char *msg, const struct log_field *fields, int n)
{
    put(level, msg, fields, n, level >= LOG_WARN);
}

void log_record(enum log_level level, const char *msg, const struct log_field *fields, int n)
{
    put(level, msg, fields, n, false);
}

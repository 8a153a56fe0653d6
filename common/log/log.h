#pragma once
/*
 * Structured logs: one JSON object a line on standard output, e.g.
 * {"ts":"2026-01-12T10:30:00.123Z","level":"info","service":"auth-service","msg":"…","trace_id":"…",…}
 * Thread-safe. Values are escaped; never pass a token, password, body or query string.
 */
#include <stdbool.h>
#include <stdint.h>

#include "str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
    const char *key;
    enum { LOG_FIELD_STR, LOG_FIELD_INT, LOG_FIELD_BOOL } kind;
    struct str s;
    int64_t i;
};

/* Identity of the work in progress, added to every line; empty members are left out. Those behind
 * user_id are not logged but go on to whom this work gives work (common/trace). */
struct log_context {
    struct str trace_id, span_id, request_id;
    int64_t user_id;
    struct str parent_id;   /* the span that caused this one */
    struct str trace_state; /* other tracers' (W3C tracestate) */
    bool is_unsampled;      /* whoever began the trace does not want it recorded */
};

/* service is borrowed for the life of the process. */
void log_init(const char *service, enum log_level level);
void log_set_level(enum log_level level);
bool log_level_from_name(struct str name, enum log_level *out);
/* Called on every line to find the current context; may return NULL. Set once by the loop. */
void log_set_context_source(const struct log_context *(*source)(void));

/*
 * msg is borrowed for the life of the process. Of warnings and errors with the same msg so many in
 * a row are written, then one an interval at most; it tells by "left_out" how many were not.
 */
void log_write(enum log_level level, const char *msg, const struct log_field *fields, int n);
/* The same for what is a record of something rather than news of it: never left out. */
void log_record(enum log_level level, const char *msg, const struct log_field *fields, int n);
/* 20 and 10 s unless this is called. */
void log_set_repeats(int lines, int interval_ms);

#define LOG_STR(k, v) ((struct log_field){.key = (k), .kind = LOG_FIELD_STR, .s = (v)})
#define LOG_CSTR(k, v) ((struct log_field){.key = (k), .kind = LOG_FIELD_STR, .s = str_from(v)})
#define LOG_I(k, v) ((struct log_field){.key = (k), .kind = LOG_FIELD_INT, .i = (v)})
#define LOG_B(k, v) ((struct log_field){.key = (k), .kind = LOG_FIELD_BOOL, .i = (v)})

#define LOG_AT(level, msg, ...)                                                                    \
    do {                                                                                           \
        const struct log_field log_fields_[] = {{0}, ##__VA_ARGS__};                               \
        log_write((level), (msg), log_fields_ + 1,                                                 \
                  (int)(sizeof log_fields_ / sizeof log_fields_[0]) - 1);                          \
    } while (0)
#define log_debug(msg, ...) LOG_AT(LOG_DEBUG, msg, ##__VA_ARGS__)
#define log_info(msg, ...) LOG_AT(LOG_INFO, msg, ##__VA_ARGS__)
#define log_warn(msg, ...) LOG_AT(LOG_WARN, msg, ##__VA_ARGS__)
#define log_error(msg, ...) LOG_AT(LOG_ERROR, msg, ##__VA_ARGS__)

#include "ws_json.h"

#include "buf.h"
#include "clock.h"
#include "socket.h"
#include "trace.h"

struct json_writer *ws_json_begin(struct arena *a, const char *type)
{
    struct buf *b = ARENA_NEW(a, struct buf);
    struct json_writer *w = ARENA_NEW(a, struct json_writer);
    buf_init(b, a);
    jw_init(w, b);
    jw_object(w);
    JW_STR(w, "type", str_from(type));
    return w;
}

struct str ws_json_end(struct json_writer *w)
{
    jw_end_object(w);
    return buf_str(w->out);
}

struct str ws_json_traced(struct arena *a, struct str frame)
{
    const struct log_context *log = co_local();
    struct str parent = trace_wants(log) ? traceparent_write(a, log) : STR_NULL;
    struct json_writer w;
    struct buf b, members;
    if (!parent.len || !str_has_suffix(frame, STR("}")))
        return frame;
    buf_init(&members, a);
    jw_init(&w, &members);
    jw_object(&w);
    JW_STR(&w, "traceparent", parent);
    if (log->trace_state.len)
        JW_STR(&w, "tracestate", log->trace_state);
    jw_end_object(&w);
    buf_init(&b, a);
    buf_printf(&b, "%.*s,%.*s", (int)frame.len - 1, frame.p, (int)members.len - 1, members.p + 1);
    return buf_str(&b);
}

void ws_json_error(struct ws *ws, struct arena *a, const struct json *m, enum err e,
                   const char *text)
{
    struct str client_id = json_str(json_get(m, "client_id"));
    struct json_writer *w = ws_json_begin(a, "error");
    JW_STR(w, "code", str_from(err_code(e)));
    JW_STR(w, "message", str_from(text ? text : err_text(e)));
    if (client_id.len)
        JW_STR(w, "client_id", client_id);
    ws_send_text(ws, ws_json_end(w));
}

void ws_json_pong(struct ws *ws, struct arena *a, const struct json *ping)
{
    struct json_writer *w = ws_json_begin(a, "pong");
    const struct json *at = json_get(ping, "timestamp");
    if (at) {
        JW_KEY(w, "timestamp");
        jw_value(w, at);
    }
    ws_send_text(ws, ws_json_end(w));
}

/* ---- commands ----------------------------------------------------------------------------- */

struct log_context ws_json_context(void)
{
    const struct log_context *c = co_local();
    return c ? *c : (struct log_context){0};
}

static void identify(const struct ws *ws, struct arena *a, const struct json *m,
                     struct log_context *log)
{
    *log = (struct log_context){.user_id = ws->user_id};
    if (!trace_join(log, json_str(json_get(m, "traceparent")),
                    json_str(json_get(m, "tracestate")))) {
        log->trace_id = str_dup(a, str_from(ws->trace_id));
        log->parent_id = str_dup(a, str_from(ws->span_id));
        log->is_unsampled = ws->is_unsampled;
    }
    trace_identify(log, a);
}

static void CO_FN run(const struct ws_command *c, struct ws *ws, void *arg, struct arena *a,
                      const struct json *m)
{
    struct log_context log;
    int64_t began_us = clock_mono_us();
    identify(ws, a, m, &log);
    co_set_local(&log);
    c->fn(ws, arg, a, m);
    co_set_local(NULL);
    const struct span s = {.kind = SPAN_SERVER,
                           .name = str_printf(a, "websocket %s", c->type),
                           .log = &log,
                           .duration_us = clock_mono_us() - began_us};
    const struct log_field fields[] = {LOG_CSTR("network.protocol.name", "websocket"),
                                       LOG_I("tts.user_id", log.user_id)};
    trace_record(&s, fields, sizeof fields / sizeof fields[0]);
}

void ws_json_dispatch(const struct ws_command *commands, struct ws *ws, void *arg, struct arena *a,
                      struct str text)
{
    const struct json *m;
    const char *why;
    if (json_parse(a, text, &m, &why) != ERR_OK || json_type(m) != JSON_OBJECT) {
        ws_json_error(ws, a, NULL, ERR_INVALID_INPUT, "A frame is a JSON object");
        return;
    }
    struct str type = json_str(json_get(m, "type"));
    for (const struct ws_command *c = commands; c->type; c++) {
        if (str_eq(type, str_from(c->type))) {
            run(c, ws, arg, a, m);
            return;
        }
    }
    ws_json_error(ws, a, m, ERR_INVALID_INPUT, "The type of the frame is unknown");
}

#include "ws_json.h"

#include "buf.h"

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
            c->fn(ws, arg, a, m);
            return;
        }
    }
    ws_json_error(ws, a, m, ERR_INVALID_INPUT, "The type of the frame is unknown");
}

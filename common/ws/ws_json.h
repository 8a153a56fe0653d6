#pragma once
/* Frames that are JSON objects with a "type": writing them, and dispatching those that arrive. */
#include "json.h"
#include "ws.h"

/* w = ws_json_begin(arena, "pong"); JW_INT(w, …); text = ws_json_end(w); */
struct json_writer *ws_json_begin(struct arena *a, const char *type);
struct str ws_json_end(struct json_writer *w);

/* The frame with the members traceparent and tracestate (W3C Trace Context) of what this coroutine
 * does, so that whoever gets it can go on in that trace; as it is when that is not recorded. */
struct str ws_json_traced(struct arena *a, struct str frame);

/* {"type":"error","code":…,"message":…}; text NULL takes the catalogue's. m is the frame that is
 * refused, whose client_id is repeated, or NULL. */
void ws_json_error(struct ws *ws, struct arena *a, const struct json *m, enum err e,
                   const char *text);
/* {"type":"pong"} with the timestamp of the ping. */
void ws_json_pong(struct ws *ws, struct arena *a, const struct json *ping);

struct ws_command {
    const char *type; /* NULL ends */
    void (*fn)(struct ws *ws, void *arg, struct arena *a, const struct json *m);
};
/*
 * Runs the command the text names; answers an error frame itself when it names none. May suspend.
 * While it runs ws_json_context is the frame's: of the trace that its members traceparent and
 * tracestate name, else of the upgrade's.
 */
void CO_FN ws_json_dispatch(const struct ws_command *commands, struct ws *ws, void *arg,
                            struct arena *a, struct str text);
/* In a command. */
struct log_context ws_json_context(void);

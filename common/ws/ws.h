#pragma once
/*
 * WebSocket server side (RFC 6455), compressed if the peer offers it (RFC 7692). Messages of one
 * socket are handled in order, each in a coroutine that exists only meanwhile; an idle socket keeps
 * no buffer. A peer that reads too slowly is closed.
 */
#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "co.h"
#include "err.h"
#include "req.h"
#include "str.h"

struct ws;

enum ws_close_code {
    WS_NORMAL = 1000,
    WS_GOING_AWAY = 1001,
    WS_PROTOCOL_ERROR = 1002,
    WS_UNSUPPORTED = 1003,
    WS_BAD_DATA = 1007,
    WS_POLICY = 1008,
    WS_TOO_BIG = 1009,
    WS_INTERNAL = 1011,
    WS_TRY_AGAIN = 1013,
    WS_TOKEN_EXPIRED = 4401,
};

struct ws_handlers {
    /* One complete text message. arena is freed afterwards. May suspend. */
    void (*on_text)(struct ws *ws, void *arg, struct arena *arena, struct str text);
    /* Exactly once, last; the socket must not be used afterwards. code is the peer's, or else what
     * it was closed with; 1006 when the connection broke. Does not suspend. */
    void (*on_close)(struct ws *ws, void *arg, int code);
};

struct ws_limits {
    int64_t max_message;  /* bytes, inflated: 1009 beyond it */
    int64_t max_backlog;  /* unsent bytes: 1013 and closed beyond it */
    int ping_interval_ms; /* silence after which a ping is sent; a second one closes */
    int messages_per_s;   /* pings count too; 0: no limit; 1008 beyond it */
    int deflate_from;     /* bytes: shorter messages are sent as they are */
};
extern const struct ws_limits WS_DEFAULT_LIMITS;

/*
 * Answers the upgrade and takes the connection. Refusals are ordinary replies:
 * ERR_UPGRADE_REQUIRED, ERR_INVALID_INPUT. A requested "bearer" subprotocol is echoed. arg is
 * passed to the handlers. Messages may come in as soon as the caller waits or returns.
 */
MUST_CHECK enum err ws_accept(struct req *r, const struct ws_handlers *h,
                              const struct ws_limits *limits, void *arg, struct ws **out);

/* A text message encoded, and compressed, once for many sockets; reference-counted. */
struct ws_frame;
struct ws_frame *ws_frame_text(struct str text);
void ws_frame_unref(struct ws_frame *f);

/* Sent or queued; never suspend and call no handler. A socket that is closing ignores them. */
void ws_send_frame(struct ws *ws, struct ws_frame *f);
void ws_send_text(struct ws *ws, struct str text);
/* Bytes the peer has not taken yet; 0 when it is closing. Who sends much waits for it to fall. */
int64_t ws_backlog(const struct ws *ws);
/* Starts the closing handshake; reason at most 123 bytes. */
void ws_close(struct ws *ws, int code, struct str reason);

/* Every open socket of the process. */
int ws_count(void);
/* Closes all with 1001, for shutdown; ws_count falls to 0 as they finish. */
void ws_close_all(int code);

#pragma once
/*
 * What the files of a socket share: ws.c is its life, read.c what comes in, send.c what goes out.
 * Private to this library.
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "buf.h"
#include "frame.h"
#include "list.h"
#include "ws.h"

enum ws_state {
    WS_OPEN,
    WS_CLOSE_SENT, /* frames are read on until the peer's close */
    WS_FAILED,     /* nothing is read on: a close is on its way, then the socket ends */
    WS_DEAD,       /* no connection any more */
};

/* A message of which only a part has arrived. */
struct partial {
    struct buf text; /* on the heap; compressed if is_deflated */
    struct utf8_check utf8;
    struct ws_frame_head frame; /* the frame being read */
    int64_t frame_read;
    bool is_in_frame, is_in_message, is_deflated;
};

struct ws {
    /* What sending a frame looks at comes first, in one cache line. */
    enum ws_state state;
    int fd;           /* the connection's */
    bool has_backlog; /* something is in the connection's buffer, or may be */
    int window_bits;  /* of what may be sent compressed; 0: nothing was agreed on */
    struct ws_limits limits;
    struct bufferevent *bev; /* owned; NULL when dead */
    const struct ws_handlers *handlers;
    void *arg;
    struct list node; /* in the list of all */
    struct loop *loop;
    struct partial *partial; /* NULL between messages */
    struct co *co;           /* handles a message */
    int64_t seen_us, pinged_us, closing_us, rate_us;
    int rate_count;
    int code;                       /* for on_close */
    char trace_id[33], span_id[17]; /* of the upgrade, hex; NUL-terminated */
    int64_t user_id;                /* who made it, 0: nobody known */
    bool is_unsampled;              /* the upgrade's trace is not recorded */
    bool is_busy, is_turning, is_scheduled, is_peer_closed;
};

/* ---- ws.c --------------------------------------------------------------------------------- */

/* The connection ends now; the socket itself when nobody uses it any more. */
void socket_die(struct ws *ws);
/* Goes on after whoever is on the stack now. */
void socket_schedule(struct ws *ws);

/* ---- send.c ------------------------------------------------------------------------------- */

/* Unsent bytes; only with a connection. */
size_t socket_backlog(const struct ws *ws);
void socket_send_control(struct ws *ws, enum ws_opcode op, struct str payload);
/* A violation: says so, and reads nothing more. */
void socket_fail(struct ws *ws, int code);
/* A close frame from the peer. */
void socket_peer_closed(struct ws *ws, struct str payload);

/* ---- read.c ------------------------------------------------------------------------------- */

/* Takes one frame, or a part of one; false when there is nothing more to do now. */
bool socket_read(struct ws *ws);
/* Forgets a message of which only a part has arrived. */
void socket_drop_partial(struct ws *ws);

#pragma once
/*
 * Who waits for a change of the directory: event streams, each a connection and a few words, and
 * long polls, each a waiting request. All get the same text, rendered once a revision; a stream
 * that reads slowly skips revisions, and one that does not read at all is closed.
 */
#include "buf.h"
#include "co.h"

struct bufferevent;
struct loop;
struct watch_set;

struct watch_config {
    size_t max; /* streams and polls together */
    int heartbeat_ms;
    /* Writes the directory as one line of JSON. */
    void (*render)(void *arg, struct buf *out);
    void *arg;
};

struct watch_set *watch_set_new(struct loop *l, const struct watch_config *cfg);
/* Closes the streams; no poll may wait any more. NULL is accepted. */
void watch_set_free(struct watch_set *w);

/* The directory is at that revision now; those who have seen another one are told. The same
 * revision again: only its text has changed, for those who come later. */
void watch_set_move(struct watch_set *w, int64_t revision);
/* Closes every stream and wakes every poll; none waits any more from now on. */
void watch_set_end(struct watch_set *w);
bool watch_set_is_full(const struct watch_set *w);
size_t watch_set_streams(const struct watch_set *w);
size_t watch_set_polls(const struct watch_set *w);

/* The current text as JSON, valid until the next move. */
struct str watch_set_text(struct watch_set *w);
/* Waits until the revision moves beyond seen; returns at once when it has, at the latest after
 * timeout_ms. ERR_OK also then; ERR_CANCELLED. */
MUST_CHECK enum err CO_FN watch_set_wait(struct watch_set *w, int64_t seen, int64_t timeout_ms);
/* Takes the connection, whose head has been sent, and sends what is newer than seen. */
void watch_set_stream(struct watch_set *w, struct bufferevent *bev, int64_t seen);

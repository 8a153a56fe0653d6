#pragma once
/*
 * Bufferevents without the detours: output is written at once and the loop is asked to watch for
 * writability only when the socket is full; large input is read in large pieces.
 */
#include <stdbool.h>
#include <stddef.h>

#include <event2/bufferevent.h>
#include <event2/event.h>

/* Bytes a direction holds at most before its source is left unread, and when it is read again. */
#define STREAM_HIGH (256 * 1024)
#define STREAM_LOW (64 * 1024)
#define STREAM_INPUT_MAX (64 * 1024)

/* Makes a bufferevent, a socket's or one of a pair, a stream with these callbacks; reading is on
 * when it is connected, writing of a socket is left to stream_flush. */
void stream_init(struct bufferevent *bev, bufferevent_data_cb on_read, bufferevent_data_cb on_write,
                 bufferevent_event_cb on_event, void *arg);
/* A stream on fd (-1: to be connected), which it closes when freed. */
struct bufferevent *stream_new(struct event_base *base, int fd, bufferevent_data_cb on_read,
                               bufferevent_data_cb on_write, bufferevent_event_cb on_event,
                               void *arg);
/* Writes what the socket takes now; the rest follows when it can, and on_write is then called. */
void stream_flush(struct bufferevent *bev);
/* From on_write: nothing is left, so the loop need not watch any more. */
void stream_written(struct bufferevent *bev);
/* Reads what else has arrived, up to the input limit: libevent reads 4 KiB a turn. */
void stream_fill(struct bufferevent *bev);
/* Reads on while less than max bytes of input wait, and not otherwise. */
void stream_pace(struct bufferevent *bev, size_t max);
size_t stream_pending(struct bufferevent *bev); /* bytes not yet written */
/* Ends our sending side, when nothing is pending. */
void stream_shut(struct bufferevent *bev);

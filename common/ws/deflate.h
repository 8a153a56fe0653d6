#pragma once
/*
 * Compressed messages: permessage-deflate (RFC 7692), without context takeover on either side, so
 * that an idle socket keeps nothing and a frame is compressed once for everyone it goes to. Private
 * to this library.
 */
#include <stdbool.h>

#include "buf.h"
#include "str.h"

/* What is compressed here refers back at most 2^13 bytes. */
#define WS_DEFLATE_BITS 13

/*
 * Takes the first offer of Sec-WebSocket-Extensions that can be kept. *answer is for the response;
 * *window_bits says how far back the peer lets us refer, as a power of two. False: no such offer.
 */
bool ws_deflate_negotiate(struct arena *a, struct str offers, int *window_bits, struct str *answer);

/* Replaces out by the payload of a compressed message. False when it would not be shorter. */
bool ws_deflate(struct str text, struct buf *out);

/* Replaces out by the text of a compressed message. 0, or the code to fail with: 1009 as soon as it
 * is longer than max bytes, 1007 when it is malformed. */
int ws_inflate(struct str payload, size_t max, struct buf *out);

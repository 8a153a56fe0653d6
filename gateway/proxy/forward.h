#pragma once
/* Writes message heads for the other side, straight from the received slices. */
#include "buf.h"
#include "proxy/exchange.h"

/* Request line, end-to-end headers, who the client is, framing of the forwarded body. */
void forward_request_head(const struct exchange *x, const struct endpoint *e, struct buf *out);
/* Status line, end-to-end headers of x->response, framing as x->out and x->is_response_chunked say.
 * An upgrade's 101 keeps its upgrade headers. */
void forward_response_head(const struct exchange *x, struct buf *out);
/* An interim response (100, 103) as it came, without connection headers. */
void forward_interim_head(const struct http_head *h, struct buf *out);

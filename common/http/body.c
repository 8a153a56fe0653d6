#include "body.h"

#include <event2/buffer.h>

#include "syntax.h"

/* Chunk extensions and trailers are checked and dropped; more of them than this is an attack. */
#define MAX_CHUNK_LINE 256
#define MAX_TRAILER_LINE 1024
#define MAX_TRAILERS 8192
/* 60 bits: the sum of a message's chunks cannot overflow before it exceeds every limit. */
#define MAX_SIZE_DIGITS 15

enum chunk_state { CHUNK_SIZE, CHUNK_DATA, CHUNK_END, CHUNK_TRAILER };

/* What one step of the decoder achieved. */
enum progress { STEP_ON, STEP_STARVED, STEP_BAD };

void http_body_init(struct http_body *b, enum http_framing framing, int64_t length)
{
    *b = (struct http_body){.framing = framing};
    if (framing == HTTP_BODY_LENGTH)
        b->remaining = length;
    b->done = framing == HTTP_BODY_NONE || (framing == HTTP_BODY_LENGTH && length == 0);
}

/* Moves payload: at most limit bytes, and not more than there are. Returns how many. */
static int64_t move_payload(struct http_body *b, struct evbuffer *in, struct evbuffer *out,
                            int64_t limit)
{
    int64_t n = (int64_t)evbuffer_get_length(in);
    if (n > limit)
        n = limit;
    if (n <= 0)
        return 0;
    if (!out)
        evbuffer_drain(in, (size_t)n);
    else if ((size_t)n == evbuffer_get_length(in))
        evbuffer_add_buffer(out, in);
    else
        evbuffer_remove_buffer(in, out, (size_t)n);
    b->received += n;
    return n;
}

/*
 * Takes a line with its CRLF out of in. *len counts the text before CRLF. STEP_BAD when it is
 * longer than size, or ends with a bare LF.
 */
static enum progress take_line(struct evbuffer *in, char *line, size_t size, size_t *len)
{
    size_t eol_len;
    struct evbuffer_ptr eol = evbuffer_search_eol(in, NULL, &eol_len, EVBUFFER_EOL_LF);
    if (eol.pos < 0)
        return evbuffer_get_length(in) >= size ? STEP_BAD : STEP_STARVED;
    size_t n = (size_t)eol.pos + 1;
    if (n > size)
        return STEP_BAD;
    evbuffer_remove(in, line, n);
    if (n < 2 || line[n - 2] != '\r')
        return STEP_BAD;
    *len = n - 2;
    return STEP_ON;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* chunk-size [ ";" extension ]; nothing may stand between the digits and the semicolon. */
static bool parse_chunk_size(const char *line, size_t len, int64_t *out)
{
    size_t i = 0;
    int64_t size = 0;
    while (i < len && hex_digit(line[i]) >= 0) {
        if (i == MAX_SIZE_DIGITS)
            return false;
        size = size * 16 + hex_digit(line[i++]);
    }
    if (i == 0 || (i < len && line[i] != ';'))
        return false;
    for (; i < len; i++)
        if (!http_is((unsigned char)line[i], HTTP_CHAR_VALUE))
            return false;
    *out = size;
    return true;
}

static enum progress step_size(struct http_body *b, struct evbuffer *in)
{
    char line[MAX_CHUNK_LINE];
    size_t len;
    enum progress got = take_line(in, line, sizeof line, &len);
    if (got != STEP_ON)
        return got;
    if (!parse_chunk_size(line, len, &b->remaining))
        return STEP_BAD;
    b->state = b->remaining ? CHUNK_DATA : CHUNK_TRAILER;
    /* remaining counts the room for trailers from here on. */
    if (b->state == CHUNK_TRAILER)
        b->remaining = MAX_TRAILERS;
    return STEP_ON;
}

static enum progress step_chunk_end(struct http_body *b, struct evbuffer *in)
{
    char crlf[2];
    ev_ssize_t n = evbuffer_copyout(in, crlf, 2);
    if (n < 1)
        return STEP_STARVED;
    if (crlf[0] != '\r' || (n == 2 && crlf[1] != '\n'))
        return STEP_BAD;
    if (n == 1)
        return STEP_STARVED;
    evbuffer_drain(in, 2);
    b->state = CHUNK_SIZE;
    return STEP_ON;
}

static enum progress step_trailer(struct http_body *b, struct evbuffer *in)
{
    char line[MAX_TRAILER_LINE];
    size_t len;
    enum progress got = take_line(in, line, sizeof line, &len);
    if (got != STEP_ON)
        return got;
    if (len == 0) {
        b->done = true;
        b->remaining = 0;
        return STEP_ON;
    }
    struct http_header field;
    const char *p = line;
    b->remaining -= (int64_t)len;
    if (b->remaining < 0 || http_scan_field(&p, line + len + 2, &field) || p != line + len + 2)
        return STEP_BAD;
    return STEP_ON;
}

static enum err read_chunked(struct http_body *b, struct evbuffer *in, struct evbuffer *out,
                             int64_t max)
{
    enum progress step = STEP_ON;
    while (step == STEP_ON && !b->done) {
        switch ((enum chunk_state)b->state) {
        case CHUNK_SIZE:
            step = step_size(b, in);
            break;
        case CHUNK_DATA: {
            int64_t limit = max >= 0 && max < b->remaining ? max : b->remaining;
            int64_t n = move_payload(b, in, out, limit);
            b->remaining -= n;
            if (max >= 0)
                max -= n;
            if (b->remaining == 0)
                b->state = CHUNK_END;
            else
                step = STEP_STARVED;
            break;
        }
        case CHUNK_END:
            step = step_chunk_end(b, in);
            break;
        case CHUNK_TRAILER:
            step = step_trailer(b, in);
            break;
        }
    }
    return step == STEP_BAD ? ERR_INVALID_INPUT : ERR_OK;
}

enum err http_body_read(struct http_body *b, struct evbuffer *in, struct evbuffer *out, int64_t max)
{
    if (b->done)
        return ERR_OK;
    switch (b->framing) {
    case HTTP_BODY_NONE:
        break;
    case HTTP_BODY_LENGTH:
        b->remaining -=
            move_payload(b, in, out, max >= 0 && max < b->remaining ? max : b->remaining);
        b->done = b->remaining == 0;
        break;
    case HTTP_BODY_CHUNKED:
        return read_chunked(b, in, out, max);
    case HTTP_BODY_UNTIL_CLOSE:
        move_payload(b, in, out, max >= 0 ? max : INT64_MAX);
        break;
    }
    return ERR_OK;
}

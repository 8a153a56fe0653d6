#include "deflate.h"

#include <stdint.h>
#include <stdlib.h>

#include <zlib.h>

#include "mem.h"

#define LEVEL 4
#define MEM_LEVEL 6
#define GROWTH (16 * 1024)
/* How often a message may end a DEFLATE stream within itself (RFC 7692 §7.2.3.5). Each time costs a
 * copy of the window, which a few bytes could otherwise ask for thousands of times. */
#define MAX_ENDS 64
#define WINDOW (32 * 1024)

/* What a sync flush ends with; the sender leaves it out (RFC 7692 §7.2.1). */
static const unsigned char TAIL[] = {0x00, 0x00, 0xff, 0xff};

/* ---- negotiation (RFC 7692 §7.1) ---------------------------------------------------------- */

struct offer {
    bool has_server_no_context, has_client_no_context, has_client_bits;
    int server_bits; /* 0: not asked for */
};

static bool is_token_char(char c)
{
    return c > ' ' && c < 0x7f && !strchr("()<>@,;:\\\"/[]?={}", c);
}

static void skip_blanks(struct str *s)
{
    while (s->len && (*s->p == ' ' || *s->p == '\t'))
        *s = str_slice(*s, 1, s->len);
}

static struct str take_token(struct str *s)
{
    size_t n = 0;
    while (n < s->len && is_token_char(s->p[n]))
        n++;
    struct str token = str_slice(*s, 0, n);
    *s = str_slice(*s, n, s->len);
    skip_blanks(s);
    return token;
}

static bool take_char(struct str *s, char c)
{
    if (!s->len || *s->p != c)
        return false;
    *s = str_slice(*s, 1, s->len);
    skip_blanks(s);
    return true;
}

/* A token, or one in quotes (RFC 6455 §9.1). */
static bool take_value(struct str *s, struct str *out)
{
    bool is_quoted = s->len && *s->p == '"';
    if (is_quoted)
        *s = str_slice(*s, 1, s->len);
    *out = take_token(s);
    return out->len && (!is_quoted || take_char(s, '"'));
}

/* 8 to 15 without leading zeros; 0 otherwise. */
static int to_bits(struct str value)
{
    int64_t bits;
    bool is_short = value.len == 1 || (value.len == 2 && value.p[0] == '1');
    return is_short && str_to_i64(value, &bits) && bits >= 8 && bits <= 15 ? (int)bits : 0;
}

static bool set_flag(bool *flag, bool is_fine)
{
    bool is_first = !*flag;
    *flag = true;
    return is_first && is_fine;
}

/* False when the offer must be declined for it: unknown, repeated or with a wrong value. */
static bool read_parameter(struct offer *o, struct str name, bool has_value, struct str value)
{
    if (str_ieq(name, STR("server_no_context_takeover")))
        return set_flag(&o->has_server_no_context, !has_value);
    if (str_ieq(name, STR("client_no_context_takeover")))
        return set_flag(&o->has_client_no_context, !has_value);
    if (str_ieq(name, STR("client_max_window_bits")))
        return set_flag(&o->has_client_bits, !has_value || to_bits(value));
    if (!str_ieq(name, STR("server_max_window_bits")) || o->server_bits)
        return false;
    o->server_bits = to_bits(value);
    return o->server_bits;
}

/* Reads one offer off *s. False when the header is malformed; *is_usable tells the rest. */
static bool take_offer(struct str *s, struct offer *o, bool *is_usable)
{
    struct str name = take_token(s);
    *o = (struct offer){0};
    *is_usable = str_ieq(name, STR("permessage-deflate"));
    while (take_char(s, ';')) {
        struct str value = STR_NULL, parameter = take_token(s);
        bool has_value = take_char(s, '=');
        if (!parameter.len || (has_value && !take_value(s, &value)))
            return false;
        *is_usable = *is_usable && read_parameter(o, parameter, has_value, value);
    }
    return name.len > 0;
}

bool ws_deflate_negotiate(struct arena *a, struct str offers, int *window_bits, struct str *answer)
{
    bool is_usable = false;
    struct offer o;
    skip_blanks(&offers);
    do {
        if (!take_offer(&offers, &o, &is_usable))
            return false;
    } while (!is_usable && take_char(&offers, ','));
    if (!is_usable)
        return false;
    *window_bits = o.server_bits ? o.server_bits : 15;
    *answer = STR("permessage-deflate; server_no_context_takeover; client_no_context_takeover");
    if (o.server_bits)
        *answer = str_printf(a, "%.*s; server_max_window_bits=%d", STR_ARG(*answer), o.server_bits);
    return true;
}

/* ---- compressing -------------------------------------------------------------------------- */

static unsigned char *bytes_of(struct str s)
{
    return (unsigned char *)(uintptr_t)s.p;
}

bool ws_deflate(struct str text, struct buf *out)
{
    /* One for all sockets of the process, made when it is first needed. */
    static z_stream z;
    if (!z.state &&
        deflateInit2(&z, LEVEL, Z_DEFLATED, -WS_DEFLATE_BITS, MEM_LEVEL, Z_DEFAULT_STRATEGY))
        abort();
    buf_clear(out);
    if (text.len <= sizeof TAIL)
        return false;
    deflateReset(&z);
    z.next_in = bytes_of(text);
    z.avail_in = (uInt)text.len;
    z.next_out = (unsigned char *)buf_reserve(out, text.len);
    z.avail_out = (uInt)text.len;
    if (deflate(&z, Z_SYNC_FLUSH) != Z_OK || z.avail_out == 0)
        return false;
    out->len = text.len - z.avail_out - sizeof TAIL;
    return true;
}

/* ---- inflating ---------------------------------------------------------------------------- */

/* A stream has ended within the message: what follows may refer to what came before. */
static bool restart(z_stream *z, const struct buf *out)
{
    size_t n = out->len < WINDOW ? out->len : WINDOW;
    if (inflateReset(z) != Z_OK)
        return false;
    return n == 0 ||
           inflateSetDictionary(z, (const unsigned char *)out->p + out->len - n, (uInt)n) == Z_OK;
}

/* Inflates one piece of input; one byte more than max is room enough to see that it is too long. */
static int inflate_piece(z_stream *z, struct str in, size_t max, struct buf *out, int *ends)
{
    z->next_in = bytes_of(in);
    z->avail_in = (uInt)in.len;
    for (;;) {
        size_t room = max + 1 - out->len;
        if (room > GROWTH)
            room = GROWTH;
        z->next_out = (unsigned char *)buf_reserve(out, room);
        z->avail_out = (uInt)room;
        int rc = inflate(z, Z_SYNC_FLUSH);
        out->len += room - z->avail_out;
        if (out->len > max)
            return 1009;
        if (rc == Z_STREAM_END) {
            if (++*ends > MAX_ENDS || !restart(z, out))
                return 1007;
        } else if (rc != Z_OK && rc != Z_BUF_ERROR) {
            return 1007;
        }
        if (z->avail_in == 0 && z->avail_out)
            return 0;
    }
}

int ws_inflate(struct str payload, size_t max, struct buf *out)
{
    static z_stream z;
    if (!z.state && inflateInit2(&z, -MAX_WBITS))
        abort();
    int ends = 0;
    buf_clear(out);
    inflateReset(&z);
    int error = inflate_piece(&z, payload, max, out, &ends);
    if (!error)
        error = inflate_piece(&z, str_n((const char *)TAIL, sizeof TAIL), max, out, &ends);
    /* Between two blocks, as zlib says it; anything else was cut off. */
    if (!error && !(z.data_type & 128))
        error = 1007;
    return error;
}

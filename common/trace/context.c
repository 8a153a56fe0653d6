/* W3C Trace Context: headers in, headers out. */
#include <string.h>

#include "encode.h"
#include "rand.h"
#include "trace.h"

#define MAX_TRACESTATE 512 /* the least that must be carried on (W3C Trace Context §3.3.1.5) */

/* Random bytes in batches: a system call for every span would cost more than the rest of it. */
void trace_random_hex(char *out, size_t n)
{
    static uint8_t pool[1024];
    static size_t left;
    if (left < n) {
        rand_bytes(pool, sizeof pool);
        left = sizeof pool;
    }
    left -= n;
    hex_encode(pool + left, n, out);
}

static bool is_hex(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
    }
    return true;
}

/* All zero is what broken tracers send. */
static bool is_id(struct str s)
{
    bool is_zero = true;
    for (size_t i = 0; i < s.len; i++)
        is_zero = is_zero && s.p[i] == '0';
    return !is_zero && is_hex(s);
}

bool traceparent_read(struct str text, struct traceparent *out)
{
    if (text.len < TRACEPARENT_LEN || text.p[2] != '-' || text.p[35] != '-' || text.p[52] != '-')
        return false;
    struct str version = str_n(text.p, 2), flags = str_n(text.p + 53, 2);
    bool is_00 = str_eq(version, STR("00"));
    if (!is_hex(version) || str_eq(version, STR("ff")) || !is_hex(flags))
        return false;
    if (text.len > TRACEPARENT_LEN && (is_00 || text.p[TRACEPARENT_LEN] != '-'))
        return false;
    uint8_t bits = 0;
    out->trace_id = str_n(text.p + 3, TRACE_ID_LEN);
    out->span_id = str_n(text.p + 36, SPAN_ID_LEN);
    out->is_sampled = hex_decode(flags, &bits, 1) && (bits & 1);
    return is_id(out->trace_id) && is_id(out->span_id);
}

struct str traceparent_write(struct arena *a, const struct log_context *c)
{
    char span[SPAN_ID_LEN + 1];
    struct str span_id = c->span_id;
    if (c->trace_id.len != TRACE_ID_LEN)
        return STR_NULL;
    if (span_id.len != SPAN_ID_LEN) {
        trace_random_hex(span, SPAN_ID_LEN / 2);
        span_id = str_n(span, SPAN_ID_LEN);
    }
    char *text = arena_alloc(a, TRACEPARENT_LEN + 1);
    memcpy(text, "00-", 3);
    memcpy(text + 3, c->trace_id.p, TRACE_ID_LEN);
    text[35] = '-';
    memcpy(text + 36, span_id.p, SPAN_ID_LEN);
    memcpy(text + 52, c->is_unsampled ? "-00" : "-01", 4);
    return str_n(text, TRACEPARENT_LEN);
}

/* Printable ASCII on one line: it is only carried along, its members are others' business. */
static bool is_tracestate(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] < ' ' || s.p[i] > '~')
            return false;
    return s.len > 0 && s.len <= MAX_TRACESTATE;
}

bool trace_join(struct log_context *c, struct str traceparent, struct str tracestate)
{
    struct traceparent t;
    if (!traceparent_read(traceparent, &t))
        return false;
    c->trace_id = t.trace_id;
    c->parent_id = t.span_id;
    c->span_id = STR_NULL;
    c->trace_state = is_tracestate(tracestate) ? tracestate : STR_NULL;
    c->is_unsampled = !t.is_sampled;
    return true;
}

static struct str random_id(struct arena *a, size_t len)
{
    char *id = arena_alloc(a, len + 1);
    trace_random_hex(id, len / 2);
    return str_n(id, len);
}

void trace_identify(struct log_context *c, struct arena *a)
{
    bool is_root = !c->trace_id.p;
    if (is_root)
        c->trace_id = random_id(a, TRACE_ID_LEN);
    c->span_id = random_id(a, SPAN_ID_LEN);
    if (trace_is_on())
        c->is_unsampled = !trace_samples(c->trace_id, is_root, !c->is_unsampled);
}

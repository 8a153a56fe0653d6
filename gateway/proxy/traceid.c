#include "proxy/traceid.h"

#include <string.h>

#include "clock.h"
#include "encode.h"
#include "rand.h"
#include "trace.h"

#define MAX_REQUEST_ID 128

/* xoshiro256** seeded from the kernel once: ids must be unique, and a system call each costs more
 * than routing. */
static uint64_t state[4];

static inline uint64_t rotate(uint64_t v, int n)
{
    return v << n | v >> (64 - n);
}

static uint64_t next_u64(void)
{
    if (!(state[0] | state[1] | state[2] | state[3]))
        rand_bytes(state, sizeof state);
    uint64_t result = rotate(state[1] * 5, 7) * 9, t = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= t;
    state[3] = rotate(state[3], 45);
    return result;
}

void trace_uuid(char out[TRACE_UUID_LEN])
{
    static const char digits[] = "0123456789abcdef";
    uint64_t bits[2] = {next_u64(), next_u64()};
    uint8_t b[16];
    memcpy(b, bits, sizeof b);
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = digits[b[i] >> 4];
        *out++ = digits[b[i] & 15];
    }
}

static bool is_request_id(struct str s)
{
    if (!s.len || s.len > MAX_REQUEST_ID)
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~' || strchr("\"\\<>", s.p[i]))
            return false;
    return true;
}

static void keep(char *to, struct str id)
{
    memcpy(to, id.p, id.len);
    to[id.len] = '\0';
}

static bool continue_trace(struct trace *t, const struct trace_given *given)
{
    struct log_context c = {0};
    if (!given->traceparent.p || !trace_join(&c, given->traceparent, given->tracestate))
        return false;
    keep(t->trace_id, c.trace_id);
    keep(t->parent_id, c.parent_id);
    keep(t->flags, str_slice(given->traceparent, 53, 55));
    t->state = c.trace_state;
    return true;
}

static void decide_recording(struct trace *t)
{
    bool is_parent_sampled = strchr("13579bdf", t->flags[1]);
    t->is_recorded =
        trace_samples(str_n(t->trace_id, TRACE_ID_LEN), !t->is_continued, is_parent_sampled);
    memcpy(t->flags, t->is_recorded ? "01" : "00", 2);
}

void trace_begin(struct trace *t, struct arena *a, const struct trace_given *given)
{
    uint64_t id[2] = {next_u64(), next_u64() | 1}, span = next_u64() | 1;
    t->is_continued = continue_trace(t, given);
    if (!t->is_continued) {
        hex_encode(id, sizeof id, t->trace_id);
        keep(t->flags, STR("01"));
    }
    hex_encode(&span, sizeof span, t->span_id);
    memcpy(t->hop_id, t->span_id, sizeof t->hop_id);
    if (trace_is_on())
        decide_recording(t);
    t->request_id = given->request_id;
    if (!is_request_id(given->request_id)) {
        char *uuid = arena_alloc(a, TRACE_UUID_LEN);
        trace_uuid(uuid);
        t->request_id = str_n(uuid, TRACE_UUID_LEN);
    }
}

void trace_hop(struct trace *t)
{
    uint64_t span = next_u64() | 1;
    if (!t->is_recorded)
        return;
    hex_encode(&span, sizeof span, t->hop_id);
    t->hop_us = clock_mono_us();
}

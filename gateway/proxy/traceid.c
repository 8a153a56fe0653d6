#include "proxy/trace.h"

#include <string.h>

#include "encode.h"
#include "rand.h"

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

static bool is_hex(struct str s)
{
    bool has_other_than_zero = false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
        has_other_than_zero |= c != '0';
    }
    return has_other_than_zero;
}

/* "00-" trace id "-" parent id "-" flags; later versions may append fields. */
static bool take_traceparent(struct trace *t, struct str given)
{
    if (given.len < 55 || given.p[2] != '-' || given.p[35] != '-' || given.p[52] != '-')
        return false;
    struct str version = str_slice(given, 0, 2), id = str_slice(given, 3, 35);
    struct str flags = str_slice(given, 53, 55);
    bool is_zero = str_eq(version, STR("00"));
    if ((is_zero ? given.len != 55 : !is_hex(version) || str_eq(version, STR("ff"))) ||
        !is_hex(id) || !is_hex(str_slice(given, 36, 52)) ||
        (!is_hex(flags) && !str_eq(flags, STR("00"))))
        return false;
    memcpy(t->trace_id, id.p, id.len);
    memcpy(t->flags, flags.p, flags.len);
    return true;
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

void trace_begin(struct trace *t, struct arena *a, struct str request_id, struct str traceparent)
{
    uint64_t id[2] = {next_u64(), next_u64() | 1}, span = next_u64() | 1;
    t->is_continued = take_traceparent(t, traceparent);
    if (!t->is_continued) {
        hex_encode(id, sizeof id, t->trace_id);
        memcpy(t->flags, "01", 2);
    }
    t->trace_id[32] = t->flags[2] = '\0';
    hex_encode(&span, sizeof span, t->span_id);
    t->request_id = request_id;
    if (!is_request_id(request_id)) {
        char *uuid = arena_alloc(a, TRACE_UUID_LEN);
        trace_uuid(uuid);
        t->request_id = str_n(uuid, TRACE_UUID_LEN);
    }
}

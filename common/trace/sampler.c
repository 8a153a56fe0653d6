#include "sampler.h"

#include "encode.h"

static enum trace_sampler sampler;
static bool is_parent_based;
static uint64_t below; /* TRACE_RATIO: a trace is taken when its number is below this */

void sampler_set(const struct trace_config *c)
{
    sampler = c->sampler;
    is_parent_based = c->is_parent_based;
    /* 63 bits, as the other implementations count. */
    below = c->ratio >= 1 ? UINT64_C(1) << 63 : (uint64_t)(c->ratio * 9223372036854775808.0);
}

/* By the trace id alone, so that every program decides the same. */
static bool is_below(struct str trace_id)
{
    uint8_t b[16] = {0};
    uint64_t number = 0;
    if (trace_id.len != TRACE_ID_LEN || !hex_decode(trace_id, b, sizeof b))
        return false;
    for (int i = 8; i < 16; i++)
        number = number << 8 | b[i];
    return number >> 1 < below;
}

bool trace_samples(struct str trace_id, bool is_root, bool is_parent_sampled)
{
    if (is_parent_based && !is_root)
        return is_parent_sampled;
    switch (sampler) {
    case TRACE_ALWAYS_ON:
        return true;
    case TRACE_ALWAYS_OFF:
        return false;
    case TRACE_RATIO:
        return is_below(trace_id);
    }
    return false;
}

bool trace_sampler_from_name(struct str name, struct trace_config *out)
{
    static const struct {
        const char *name;
        enum trace_sampler sampler;
    } NAMES[] = {{"always_on", TRACE_ALWAYS_ON},
                 {"always_off", TRACE_ALWAYS_OFF},
                 {"traceidratio", TRACE_RATIO}};
    struct str prefix = STR("parentbased_");
    out->is_parent_based = str_has_prefix(name, prefix);
    if (out->is_parent_based)
        name = str_slice(name, prefix.len, name.len);
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++)
        if (str_eq(name, str_from(NAMES[i].name))) {
            out->sampler = NAMES[i].sampler;
            return true;
        }
    return false;
}

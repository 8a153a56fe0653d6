#include "proxy/balance.h"

#include "encode.h"
#include "proxy/exchange.h"

#define WEIGHT_STEP 10
#define MAX_STEPS 100

/* ---- hashing -------------------------------------------------------------------------------- */

/* FNV-1a: the same in every process, unlike the hash of a strmap. */
static uint64_t hash_text(uint64_t seed, const char *p, size_t n)
{
    uint64_t h = 0xcbf29ce484222325u ^ seed;
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)p[i]) * 0x100000001b3u;
    return h;
}

/* The finalizer of splitmix64: every bit of the input moves every bit of the result. */
static uint64_t mix(uint64_t h)
{
    h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9u;
    h = (h ^ h >> 27) * 0x94d049bb133111ebu;
    return h ^ h >> 31;
}

/* The highest of so many draws as the weight counts: twice the weight, twice the chance. */
uint64_t balance_score(uint64_t key, const char *target, int weight)
{
    uint64_t seed = mix(hash_text(key, target, strlen(target))), best = 0;
    int steps = (weight + WEIGHT_STEP - 1) / WEIGHT_STEP;
    for (int i = 0; i < steps && i < MAX_STEPS; i++) {
        uint64_t draw = mix(seed + (uint64_t)(i + 1) * 0x9e3779b97f4a7c15u);
        best = draw > best ? draw : best;
    }
    return best;
}

/* ---- what is hashed ------------------------------------------------------------------------- */

static struct str query_value(const struct exchange *x, struct str name)
{
    struct str rest = x->query, pair, value;
    while (rest.p && str_next(&rest, '&', &pair)) {
        ptrdiff_t eq = str_index(pair, '=', 0);
        if (eq >= 0 && str_eq(str_slice(pair, 0, (size_t)eq), name) &&
            percent_decode(x->arena, str_slice(pair, (size_t)eq + 1, pair.len), true, &value))
            return value;
    }
    return STR_NULL;
}

/* The people behind one Kong consumer are told apart by the subject of their tokens. */
static struct str consumer_value(const struct exchange *x)
{
    if (x->identity.subject.len)
        return x->identity.subject;
    return x->consumer ? x->consumer->username : STR_NULL;
}

static struct str value_of(const struct exchange *x, struct str what, struct str header,
                           struct str query_arg)
{
    if (str_eq(what, STR("consumer")))
        return consumer_value(x);
    if (str_eq(what, STR("ip")))
        return x->client_ip;
    if (str_eq(what, STR("path")))
        return x->path;
    if (str_eq(what, STR("header")))
        return headers_get(&x->request, header);
    if (str_eq(what, STR("query_arg")))
        return query_value(x, query_arg);
    return STR_NULL;
}

bool balance_key(const struct exchange *x, const struct kong_upstream *u, uint64_t *key)
{
    struct str v = value_of(x, u->hash_on, u->hash_on_header, u->hash_on_query_arg);
    if (!v.len)
        v = value_of(x, u->hash_fallback, u->hash_fallback_header, u->hash_fallback_query_arg);
    if (v.len)
        *key = hash_text(0, v.p, v.len);
    return v.len > 0;
}

#include "limits/counter.h"

#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "mem.h"

#define WAYS 8
#define SETS (1u << 14)
#define COUNTERS (WAYS * SETS)

struct counter_stats counter_stats;

static struct counter *table; /* resident as far as it is used */
static struct hash128 secret_key;
static uint32_t queue_head = COUNTER_NONE, queue_tail = COUNTER_NONE;
static void (*on_queued)(void *arg);
static void *on_queued_arg;

void counters_init(struct str secret)
{
    uint8_t digest[SHA256_SIZE];
    hmac_sha256(secret, STR("gateway rate limits"), digest);
    memcpy(&secret_key, digest, sizeof secret_key);
    table = mem_zalloc(COUNTERS * sizeof *table);
}

void counters_free(void)
{
    free(table);
    table = NULL;
    queue_head = queue_tail = COUNTER_NONE;
}

struct hash128 counter_key(const struct hash128 *scope, struct str text)
{
    return hash128(scope ? *scope : secret_key, text);
}

/* ---- look-up -------------------------------------------------------------------------------- */

static bool is_over(const struct counter *c, int64_t now_s)
{
    return !c->window_s || c->start + c->window_s <= now_s;
}

/* What is about to be told stays, since the answer will look for it. */
static bool is_worse(const struct counter *a, const struct counter *b, int64_t now_s)
{
    if (!a->sending != !b->sending)
        return !a->sending;
    if (is_over(a, now_s) != is_over(b, now_s))
        return is_over(a, now_s);
    return counter_value(a) < counter_value(b);
}

static void begin(struct counter *c, int64_t start)
{
    c->start = start;
    c->total = c->unsent = c->sending = 0;
}

struct counter *counter_get(struct hash128 key, int64_t start, uint32_t window_s, bool is_shared,
                            int64_t now_s)
{
    struct counter *set = &table[(key.h[0] & (SETS - 1)) * WAYS], *worst = set;
    for (int i = 0; i < WAYS; i++) {
        struct counter *c = &set[i];
        if (c->window_s == window_s && c->key.h[0] == key.h[0] && c->key.h[1] == key.h[1]) {
            if (c->start != start)
                begin(c, start);
            return c;
        }
        if (is_worse(c, worst, now_s))
            worst = c;
    }
    if (!is_over(worst, now_s)) {
        counter_stats.evicted++;
        counter_stats.lost += worst->is_shared ? worst->unsent : 0;
    }
    begin(worst, start);
    worst->key = key;
    worst->window_s = window_s;
    worst->is_shared = is_shared;
    return worst;
}

void counter_add(struct counter *c)
{
    c->unsent += c->unsent < UINT32_MAX / 4;
    if (c->is_shared)
        counter_enqueue((uint32_t)(c - table));
}

/* ---- the queue ------------------------------------------------------------------------------ */

void counter_enqueue(uint32_t index)
{
    struct counter *c = &table[index];
    if (c->is_queued)
        return;
    bool was_empty = queue_head == COUNTER_NONE;
    c->is_queued = true;
    c->next = COUNTER_NONE;
    if (was_empty)
        queue_head = index;
    else
        table[queue_tail].next = index;
    queue_tail = index;
    if (was_empty && on_queued)
        on_queued(on_queued_arg);
}

uint32_t counter_dequeue(void)
{
    uint32_t index = queue_head;
    if (index == COUNTER_NONE)
        return index;
    queue_head = table[index].next;
    table[index].is_queued = false;
    return index;
}

struct counter *counter_at(uint32_t index)
{
    return &table[index];
}

bool counters_are_queued(void)
{
    return queue_head != COUNTER_NONE;
}

void counters_on_queued(void (*fn)(void *arg), void *arg)
{
    on_queued = fn;
    on_queued_arg = arg;
}

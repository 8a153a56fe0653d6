#include "domain/assign.h"

#include <math.h>

static const struct str KINDS[ASSIGN_KIND_COUNT] = {
    [ASSIGN_ROUND_ROBIN] = {"round_robin", 11},
    [ASSIGN_LEAST_LOADED] = {"least_loaded", 12},
    [ASSIGN_WEIGHTED] = {"weighted", 8},
    [ASSIGN_SKILLS] = {"skills", 6},
    [ASSIGN_STICKY] = {"sticky", 6},
    [ASSIGN_MANUAL] = {"manual", 6},
};

static const struct str STANDINGS[STANDING_COUNT] = {
    [STANDING_FREE] = {"available", 9}, [STANDING_REPLACED] = {"replaced", 8},
    [STANDING_ABSENT] = {"absent", 6},  [STANDING_OUT] = {"out_of_office", 13},
    [STANDING_FULL] = {"full", 4},      [STANDING_UNFIT] = {"lacks_skills", 12},
};

struct str assign_kind_word(enum assign_kind k)
{
    return KINDS[k];
}

enum assign_kind assign_kind_parse(struct str word)
{
    int i = 0;
    while (i < ASSIGN_KIND_COUNT && !str_ieq(KINDS[i], word))
        i++;
    return (enum assign_kind)i;
}

struct str assign_standing_word(enum assign_standing s)
{
    return STANDINGS[s];
}

static bool compares_load(enum assign_kind k)
{
    return k == ASSIGN_LEAST_LOADED || k == ASSIGN_SKILLS;
}

bool assign_needs_load(const struct assign_policy *p)
{
    return compares_load(p->kind) || (p->kind == ASSIGN_STICKY && compares_load(p->fallback));
}

/* ---- who may be given anything ------------------------------------------------------------ */

static bool is_out(const struct assign_candidate *c, int64_t now)
{
    return c->has_out && (c->out_from == ASSIGN_NEVER || c->out_from <= now) &&
           (c->out_until == ASSIGN_NEVER || now < c->out_until);
}

/* Apart from who stands in. */
static enum assign_standing standing_of(const struct assign_candidate *c, int64_t now)
{
    if (is_out(c, now))
        return STANDING_OUT;
    if (!c->is_present)
        return STANDING_ABSENT;
    if (c->capacity != ASSIGN_UNLIMITED && c->open >= c->capacity)
        return STANDING_FULL;
    return STANDING_FREE;
}

static ptrdiff_t find(const struct assign_candidate *c, size_t n, int64_t id)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && c[low].id == id ? (ptrdiff_t)low : -1;
}

/* The chain is cut rather than searched for circles: one of them never ends at somebody free. */
static ptrdiff_t stand_in(const struct assign_candidate *c, size_t n, size_t i, int64_t now)
{
    ptrdiff_t at = (ptrdiff_t)i;
    for (int hops = 0; hops < ASSIGN_MAX_CHAIN; hops++) {
        if (c[at].substitute_id == NO_PERSON)
            return -1;
        at = find(c, n, c[at].substitute_id);
        if (at < 0)
            return -1;
        enum assign_standing s = standing_of(&c[at], now);
        if (s == STANDING_FREE)
            return at;
        if (s != STANDING_OUT)
            return -1;
    }
    return -1;
}

bool assign_anybody(struct assign_candidate *c, size_t n, int64_t now)
{
    bool found = false;
    for (size_t i = 0; i < n; i++) {
        c[i].score = NAN;
        c[i].standing = standing_of(&c[i], now);
        c[i].taker = c[i].standing == STANDING_FREE ? (ptrdiff_t)i : -1;
        if (c[i].standing == STANDING_OUT) {
            c[i].taker = stand_in(c, n, i, now);
            if (c[i].taker >= 0)
                c[i].standing = STANDING_REPLACED;
        }
        found = found || c[i].taker >= 0;
    }
    return found;
}

/* ---- the choice --------------------------------------------------------------------------- */

/* The k-th of those to whom something can fall, in the order of who is meant. */
static ptrdiff_t kth_taker(const struct assign_candidate *c, size_t n, int64_t k)
{
    for (size_t i = 0; i < n; i++)
        if (c[i].taker >= 0 && k-- == 0)
            return c[i].taker;
    return -1;
}

static ptrdiff_t in_turn(const struct assign_candidate *c, size_t n, int64_t turn)
{
    int64_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += c[i].taker >= 0;
    return count ? kth_taker(c, n, turn % count) : -1;
}

static int64_t common_divisor(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/*
 * Turns step through the sum of the weights by a stride without a common divisor: as many turns as
 * the sum visit every place once, so each gets exactly their share; the golden section spreads
 * them.
 */
static int64_t place_of_turn(int64_t turn, int64_t sum)
{
    int64_t stride = (int64_t)((double)sum * 0.6180339887498949);
    while (stride < 1 || common_divisor(stride, sum) != 1)
        stride++;
    return turn % sum * stride % sum;
}

static ptrdiff_t by_weight(struct assign_candidate *c, size_t n, int64_t turn)
{
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (c[i].taker < 0)
            continue;
        c[i].score = (double)c[i].weight;
        sum += c[i].weight;
    }
    if (sum == 0)
        return in_turn(c, n, turn);
    int64_t place = place_of_turn(turn, sum);
    for (size_t i = 0; i < n; i++) {
        if (c[i].taker < 0)
            continue;
        if (place < c[i].weight)
            return c[i].taker;
        place -= c[i].weight;
    }
    return -1;
}

static int64_t room(const struct assign_candidate *c)
{
    return c->capacity == ASSIGN_UNLIMITED ? ASSIGN_TYPICAL_CAPACITY : c->capacity;
}

/* Exactly: as fractions, not as rounded quotients. */
static int compare_load(const struct assign_candidate *a, const struct assign_candidate *b)
{
    int64_t x = a->open_weight * room(b), y = b->open_weight * room(a);
    return (x > y) - (x < y);
}

static size_t count_shared(const struct str *tags, size_t tag_count,
                           const struct assign_candidate *c)
{
    size_t shared = 0;
    for (size_t i = 0; i < tag_count; i++)
        for (size_t k = 0; k < c->skill_count; k++)
            if (str_ieq(tags[i], c->skills[k])) {
                shared++;
                break;
            }
    return shared;
}

/* Negative when a is the better choice. */
static int compare(const struct assign_candidate *a, const struct assign_candidate *b,
                   bool by_score)
{
    if (by_score && a->score != b->score)
        return a->score > b->score ? -1 : 1;
    return compare_load(a, b);
}

static bool is_free(const struct assign_candidate *c, size_t i)
{
    return c[i].taker == (ptrdiff_t)i;
}

/* Whoever is free stands for themselves only: standing in for somebody is no merit. Of equally good
 * ones it is the turn of one. */
static ptrdiff_t best(const struct assign_candidate *c, size_t n, bool by_score, int64_t turn)
{
    ptrdiff_t top = -1;
    int64_t equals = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_free(c, i))
            continue;
        int order = top < 0 ? -1 : compare(&c[i], &c[top], by_score);
        if (order < 0) {
            top = (ptrdiff_t)i;
            equals = 0;
        }
        equals += order <= 0;
    }
    int64_t k = equals ? turn % equals : 0;
    for (size_t i = 0; i < n && top >= 0; i++)
        if (is_free(c, i) && compare(&c[i], &c[top], by_score) == 0 && k-- == 0)
            return (ptrdiff_t)i;
    return -1;
}

static ptrdiff_t by_load(struct assign_candidate *c, size_t n, int64_t turn)
{
    for (size_t i = 0; i < n; i++)
        if (c[i].taker == (ptrdiff_t)i)
            c[i].score = (double)c[i].open_weight / 1000 / (double)room(&c[i]);
    return best(c, n, false, turn);
}

static ptrdiff_t by_skills(const struct assign_policy *p, struct assign_candidate *c, size_t n,
                           int64_t turn)
{
    for (size_t i = 0; i < n; i++) {
        if (c[i].taker != (ptrdiff_t)i)
            continue;
        if (count_shared(p->must, p->must_count, &c[i]) < p->must_count) {
            c[i].standing = STANDING_UNFIT;
            c[i].taker = -1;
        } else {
            c[i].score = (double)count_shared(p->should, p->should_count, &c[i]);
        }
    }
    return best(c, n, true, turn);
}

static struct assign_decision choose(const struct assign_policy *p, enum assign_kind kind,
                                     struct assign_candidate *c, size_t n,
                                     const struct assign_case *k)
{
    ptrdiff_t at;
    switch (kind) {
    case ASSIGN_ROUND_ROBIN:
        return (struct assign_decision){in_turn(c, n, k->turn), "round robin"};
    case ASSIGN_LEAST_LOADED:
        return (struct assign_decision){by_load(c, n, k->turn), "least loaded"};
    case ASSIGN_WEIGHTED:
        return (struct assign_decision){by_weight(c, n, k->turn), "by weight"};
    case ASSIGN_SKILLS:
        at = by_skills(p, c, n, k->turn);
        return (struct assign_decision){at, at < 0 ? "nobody has the skills" : "by skills"};
    case ASSIGN_STICKY:
        at = k->last_id == NO_PERSON ? -1 : find(c, n, k->last_id);
        if (at >= 0 && is_free(c, (size_t)at))
            return (struct assign_decision){at, "dealt with the requester last"};
        return choose(p, p->fallback == ASSIGN_STICKY ? ASSIGN_ROUND_ROBIN : p->fallback, c, n, k);
    case ASSIGN_MANUAL:
    case ASSIGN_KIND_COUNT:
        break;
    }
    return (struct assign_decision){-1, "to be taken by hand"};
}

struct assign_decision assign_decide(const struct assign_policy *p, struct assign_candidate *c,
                                     size_t n, const struct assign_case *k)
{
    bool is_anybody = assign_anybody(c, n, k->now);
    if (p->kind != ASSIGN_MANUAL && !is_anybody)
        return (struct assign_decision){-1, n ? "nobody is available" : "nobody holds the role"};
    return choose(p, p->kind, c, n, k);
}

/* ---- by hand ------------------------------------------------------------------------------ */

enum err assign_check_claim(const struct claim_facts *f)
{
    if (!f->holds_role)
        return ERR_FORBIDDEN;
    if (!item_status_is_open(f->item) || !task_status_is_running(f->task))
        return ERR_ALREADY_COMPLETED;
    if (f->item != ITEM_STATUS_POOL || f->task == TASK_STATUS_ON_HOLD)
        return ERR_CONFLICT;
    if (!f->is_named_by_admin && f->capacity != ASSIGN_UNLIMITED && f->open >= f->capacity)
        return ERR_CONFLICT;
    return ERR_OK;
}

enum item_status assign_item_status(int64_t person_id)
{
    return person_id == NO_PERSON ? ITEM_STATUS_POOL : ITEM_STATUS_NEW;
}

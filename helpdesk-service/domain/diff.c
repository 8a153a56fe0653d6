#include "domain/diff.h"

#include "buf.h"
#include "strmap.h"

#define CONTEXT 3

struct side {
    struct str *lines; /* each with its line feed, which the last may lack */
    uint32_t *ids;     /* equal lines have equal ones */
    bool *changed;
    int count;
};

/* ---- lines -------------------------------------------------------------------------------- */

static bool split(struct arena *a, struct str text, struct side *out)
{
    size_t at = 0, n = 0;
    const char *end;

    for (size_t i = 0; i < text.len && n < DIFF_LINES_MAX; i++)
        n += text.p[i] == '\n' || i + 1 == text.len;
    *out = (struct side){.lines = ARENA_ARRAY(a, struct str, n + 1),
                         .ids = ARENA_ARRAY(a, uint32_t, n + 1),
                         .changed = ARENA_ARRAY(a, bool, n + 1)};
    while (at < text.len && (size_t)out->count < n) {
        end = memchr(text.p + at, '\n', text.len - at);
        size_t next = end ? (size_t)(end - text.p) + 1 : text.len;

        out->lines[out->count++] = str_slice(text, at, next);
        at = next;
    }
    return at == text.len;
}

/* Open addressing: ids are places in a table of twice as many as there are lines. */
static void number_lines(struct arena *a, struct side *x, struct side *y)
{
    uint32_t size = 16;
    struct str *table;

    while (size < 2 * (uint32_t)(x->count + y->count))
        size *= 2;
    table = ARENA_ARRAY(a, struct str, size);
    for (int k = 0; k < x->count + y->count; k++) {
        struct side *side = k < x->count ? x : y;
        int i = k < x->count ? k : k - x->count;
        uint32_t at = (uint32_t)hash_bytes(side->lines[i].p, side->lines[i].len) & (size - 1);

        while (table[at].p && !str_eq(table[at], side->lines[i]))
            at = (at + 1) & (size - 1);
        table[at] = side->lines[i];
        side->ids[i] = at;
    }
}

/* ---- the shortest edit script ------------------------------------------------------------- */

/* Myers, An O(ND) Difference Algorithm (1986): reach[k] is how far down diagonal k (x - y) d edits
 * lead; rounds[d] keeps what was known before round d, to walk back. */
struct search {
    const uint32_t *x, *y;
    int n, m;
    int *reach; /* from -DIFF_EDITS_MAX - 1 */
    int *rounds[DIFF_EDITS_MAX + 1];
};

static bool takes_from_above(const int *reach, int k, int d)
{
    return k == -d || (k != d && reach[k - 1] < reach[k + 1]);
}

/* Whether the end is reached with d edits. */
static bool run_round(struct arena *a, struct search *s, int d)
{
    int *kept = ARENA_ARRAY(a, int, 2 * (size_t)d + 3);

    memcpy(kept, s->reach - d - 1, (2 * (size_t)d + 3) * sizeof *kept);
    s->rounds[d] = kept + d + 1;
    for (int k = -d; k <= d; k += 2) {
        int x = takes_from_above(s->reach, k, d) ? s->reach[k + 1] : s->reach[k - 1] + 1;

        while (x < s->n && x - k >= 0 && x - k < s->m && s->x[x] == s->y[x - k])
            x++;
        s->reach[k] = x;
        if (x >= s->n && x - k >= s->m)
            return true;
    }
    return false;
}

static void walk_back(const struct search *s, int d, bool *removed, bool *added)
{
    int x = s->n, y = s->m;

    for (; d > 0; d--) {
        const int *reach = s->rounds[d];
        int k = x - y;
        bool is_added = takes_from_above(reach, k, d);

        x = is_added ? reach[k + 1] : reach[k - 1];
        y = x - (is_added ? k + 1 : k - 1);
        *(is_added ? &added[y] : &removed[x]) = true;
    }
}

/* Marks what changed in the middle parts of both sides; false when that takes too many edits. */
static bool find_edits(struct arena *a, struct side *x, struct side *y, int from, int n, int m)
{
    struct search s = {.x = x->ids + from, .y = y->ids + from, .n = n, .m = m};
    int *all = ARENA_ARRAY(a, int, 2 * (DIFF_EDITS_MAX + 1) + 3);

    s.reach = all + DIFF_EDITS_MAX + 2;
    for (int d = 0; d <= DIFF_EDITS_MAX; d++) {
        if (!run_round(a, &s, d))
            continue;
        walk_back(&s, d, x->changed + from, y->changed + from);
        return true;
    }
    return false;
}

static void compare(struct arena *a, struct side *x, struct side *y, struct diff *out)
{
    int from = 0, to = 0, n, m;

    while (from < x->count && from < y->count && x->ids[from] == y->ids[from])
        from++;
    while (to < x->count - from && to < y->count - from &&
           x->ids[x->count - 1 - to] == y->ids[y->count - 1 - to])
        to++;
    n = x->count - from - to;
    m = y->count - from - to;
    if (n == 0 || m == 0 || !find_edits(a, x, y, from, n, m)) {
        out->is_coarse = n > 0 && m > 0;
        memset(x->changed + from, true, (size_t)n);
        memset(y->changed + from, true, (size_t)m);
    }
}

/* ---- the text ----------------------------------------------------------------------------- */

/* Where a reader of both sides stands, and how far the current hunk goes. */
struct place {
    int x, y;
};

static char step(const struct side *x, const struct side *y, struct place *p)
{
    if (p->x < x->count && x->changed[p->x]) {
        p->x++;
        return '-';
    }
    if (p->y < y->count && y->changed[p->y]) {
        p->y++;
        return '+';
    }
    p->x++;
    p->y++;
    return ' ';
}

static bool is_at_end(const struct side *x, const struct side *y, struct place p)
{
    return p.x >= x->count && p.y >= y->count;
}

/* The end of the hunk that begins with the change at p: behind it come more unchanged lines than
 * two hunks' contexts, or none at all. */
static struct place hunk_end(const struct side *x, const struct side *y, struct place p)
{
    struct place end = p;
    int unchanged = 0;

    while (!is_at_end(x, y, p) && unchanged <= 2 * CONTEXT) {
        unchanged = step(x, y, &p) == ' ' ? unchanged + 1 : 0;
        if (unchanged <= CONTEXT)
            end = p;
    }
    return end;
}

static void add_range(struct buf *b, char sign, int from, int to)
{
    int first = to > from ? from + 1 : from;

    if (to - from == 1)
        buf_printf(b, "%c%d", sign, first);
    else
        buf_printf(b, "%c%d,%d", sign, first, to - from);
}

static void add_line(struct buf *b, char kind, struct str line)
{
    buf_add_char(b, kind);
    buf_add_str(b, line);
    if (!str_has_suffix(line, STR("\n")))
        BUF_LIT(b, "\n\\ No newline at end of file\n");
}

static bool add_hunk(struct buf *b, const struct side *x, const struct side *y, struct place from,
                     struct place to)
{
    BUF_LIT(b, "@@ ");
    add_range(b, '-', from.x, to.x);
    buf_add_char(b, ' ');
    add_range(b, '+', from.y, to.y);
    BUF_LIT(b, " @@\n");
    while (from.x < to.x || from.y < to.y) {
        char kind = step(x, y, &from);
        struct str line = kind == '+' ? y->lines[from.y - 1] : x->lines[from.x - 1];

        if (b->len + line.len > DIFF_TEXT_MAX)
            return false;
        add_line(b, kind, line);
    }
    return true;
}

static void write_hunks(struct buf *b, const struct side *x, const struct side *y, struct diff *out)
{
    struct place p = {0, 0}, before, from, to;

    while (!is_at_end(x, y, p) && !out->is_truncated) {
        before = p;
        if (step(x, y, &p) == ' ')
            continue;
        from = before;
        for (int i = 0; i < CONTEXT && from.x > 0 && from.y > 0; i++) {
            from.x--;
            from.y--;
        }
        to = hunk_end(x, y, before);
        out->is_truncated = !add_hunk(b, x, y, from, to);
        p = to;
    }
}

void diff_unified(struct arena *a, struct str before, struct str after, struct diff *out)
{
    struct side x, y;
    struct buf b;

    *out = (struct diff){0};
    out->is_truncated = !split(a, before, &x);
    out->is_truncated |= !split(a, after, &y);
    number_lines(a, &x, &y);
    compare(a, &x, &y, out);
    for (int i = 0; i < x.count; i++)
        out->removed += x.changed[i];
    for (int i = 0; i < y.count; i++)
        out->added += y.changed[i];
    buf_init(&b, a);
    if (out->is_truncated) {
        struct diff rest = *out;

        rest.is_truncated = false;
        write_hunks(&b, &x, &y, &rest);
    } else {
        write_hunks(&b, &x, &y, out);
    }
    out->text = buf_str(&b);
}

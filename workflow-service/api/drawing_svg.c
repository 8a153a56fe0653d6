#include "api/drawing.h"
#include "arena.h"
#include "buf.h"
#include "domain/layout.h"
#include "encode.h"

#define BOX_W 180
#define BOX_H 48
#define STEP_X 230
#define STEP_Y 120
#define MARGIN 40
#define SIDE 70   /* how far arrows swing out that pass other layers */
#define LINE_H 14 /* between labels of arrows that share a way */
#define MAX_LABEL 22

struct point {
    int x, y;
};

struct canvas {
    struct buf out;
    const struct drawing *d;
    struct layout layout;
    size_t steps, nodes; /* nodes: with the ends that something leads to */
    size_t first_end;    /* which end the first node behind the steps is */
    int width, height;
};

/* ---- text --------------------------------------------------------------------------------- */

/* What XML 1.0 cannot hold in any form becomes U+FFFD. */
static void add_text(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool is_noncharacter = c == 0xEF && i + 2 < s.len && (unsigned char)s.p[i + 1] == 0xBF &&
                               (unsigned char)s.p[i + 2] >= 0xBE;
        if ((c < ' ' && c != '\t' && c != '\n') || is_noncharacter)
            BUF_LIT(b, "\xEF\xBF\xBD");
        else
            html_escape(b, str_n(s.p + i, 1));
        i += is_noncharacter ? 2 : 0;
    }
}

/* Its beginning, when it does not fit. */
static void add_short(struct buf *b, struct str s)
{
    size_t points = 0, end = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (((unsigned char)s.p[i] & 0xC0) == 0x80)
            continue;
        if (++points == MAX_LABEL)
            end = i;
    }
    add_text(b, points > MAX_LABEL ? str_slice(s, 0, end) : s);
    if (points > MAX_LABEL)
        BUF_LIT(b, "\xE2\x80\xA6");
}

/* is_on_line: with a rim that keeps it legible there. */
static void add_label(struct canvas *c, struct point at, int size, struct str s, bool is_on_line)
{
    buf_printf(&c->out, "<text x=\"%d\" y=\"%d\" font-size=\"%d\"%s>", at.x, at.y, size,
               is_on_line ? " paint-order=\"stroke\" stroke=\"#ffffff\" stroke-width=\"4\"" : "");
    add_short(&c->out, s);
    BUF_LIT(&c->out, "</text>");
}

/* ---- nodes -------------------------------------------------------------------------------- */

static struct point centre(const struct canvas *c, size_t node)
{
    size_t layer = c->layout.layer[node];
    int row = (int)(c->layout.width[layer] - 1) * STEP_X;
    return (struct point){
        c->width / 2 - row / 2 + (int)c->layout.place[node] * STEP_X,
        MARGIN + BOX_H / 2 + (int)layer * STEP_Y,
    };
}

static void add_node(struct canvas *c, size_t node)
{
    static const char *const fills[] = {"#ffffff", "#d7f0d9", "#ffe9a8", "#f3f3f3"};
    static const char *const strokes[] = {"#44546a", "#2e7d32", "#b26a00", "#9a9a9a"};
    const struct definition *d = c->d->definition;
    bool is_step = node < c->steps, is_start = is_step && d->steps[node].is_start;
    size_t drawn = is_step ? node : node + c->first_end;
    enum drawing_mark mark = drawing_mark_of(c->d, drawn);
    struct str name = is_step ? d->steps[node].name : drawing_end(drawn - c->steps);
    struct point p = centre(c, node);
    buf_printf(&c->out, "<g class=\"%s%s%s%s\"><title>", is_step ? "step" : "end",
               is_start ? " start" : "", mark ? " " : "", drawing_mark_word(mark));
    add_text(&c->out, name);
    buf_printf(&c->out,
               "</title><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"%d\" fill=\"%s\""
               " stroke=\"%s\" stroke-width=\"%d\"/>",
               p.x - BOX_W / 2, p.y - BOX_H / 2, BOX_W, BOX_H, is_step ? 8 : BOX_H / 2, fills[mark],
               strokes[mark], is_start || mark == MARK_CURRENT ? 3 : 1);
    add_label(c, (struct point){p.x, is_step ? p.y - 3 : p.y + 5}, 14, name, false);
    if (is_step)
        add_label(c, (struct point){p.x, p.y + 15}, 11, d->steps[node].role_name, false);
    BUF_LIT(&c->out, "</g>\n");
}

/* ---- arrows ------------------------------------------------------------------------------- */

/* Down to the next layer straight; past others, and up again, around the side. */
static void curve(const struct canvas *c, const struct layout_edge *e, struct point p[4])
{
    size_t from = c->layout.layer[e->from], to = c->layout.layer[e->to];
    int swing = SIDE + 12 * (int)(from > to ? from - to : to - from);
    struct point a = centre(c, e->from), b = centre(c, e->to);
    if (e->is_back || to > from + 1) {
        int sign = e->is_back || b.x > a.x ? 1 : -1, side = sign * BOX_W / 2;
        p[0] = (struct point){a.x + side, a.y};
        p[1] = (struct point){a.x + side + sign * swing, a.y};
        p[2] = (struct point){b.x + side + sign * swing, b.y};
        p[3] = (struct point){b.x + side, b.y};
        return;
    }
    p[0] = (struct point){a.x, a.y + BOX_H / 2};
    p[1] = (struct point){a.x, a.y + STEP_Y / 2 + 8};
    p[2] = (struct point){b.x, b.y - STEP_Y / 2 - 8};
    p[3] = (struct point){b.x, b.y - BOX_H / 2};
}

/* above: how many labels stand on the same way already. */
static void add_arrow(struct canvas *c, const struct layout_edge *e, size_t transition,
                      size_t above)
{
    bool is_taken = c->d->taken && c->d->taken[transition];
    struct str name = c->d->definition->transitions[transition].name;
    struct point p[4];
    curve(c, e, p);
    buf_printf(&c->out, "<g class=\"transition%s\"><title>", is_taken ? " taken" : "");
    add_text(&c->out, name);
    BUF_LIT(&c->out, "</title>");
    buf_printf(&c->out,
               "<path d=\"M%d %d C%d %d %d %d %d %d\" fill=\"none\" stroke=\"%s\""
               " stroke-width=\"%d\" marker-end=\"url(#arrow)\"/>",
               p[0].x, p[0].y, p[1].x, p[1].y, p[2].x, p[2].y, p[3].x, p[3].y,
               is_taken ? "#2e7d32" : "#44546a", is_taken ? 3 : 1);
    struct point middle = {
        (p[0].x + 3 * p[1].x + 3 * p[2].x + p[3].x) / 8,
        (p[0].y + 3 * p[1].y + 3 * p[2].y + p[3].y) / 8 + (int)above * LINE_H,
    };
    add_label(c, middle, 11, name, true);
    BUF_LIT(&c->out, "</g>\n");
}

static void add_arrows(struct canvas *c, const struct drawing_arrow *arrows,
                       const struct layout_edge *edges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t above = 0;
        for (size_t k = 0; k < i; k++)
            above += arrows[k].from == arrows[i].from && arrows[k].to == arrows[i].to;
        add_arrow(c, &edges[i], arrows[i].transition, above);
    }
}

/* ---- the whole ---------------------------------------------------------------------------- */

static size_t start_of(const struct definition *d)
{
    for (size_t i = 0; i < d->step_count; i++)
        if (d->steps[i].is_start)
            return i;
    return 0;
}

static void measure(struct canvas *c)
{
    size_t widest = 1;
    for (size_t i = 0; i < c->layout.layer_count; i++)
        if (c->layout.width[i] > widest)
            widest = c->layout.width[i];
    int swing = 2 * (SIDE + 12 * (int)c->layout.layer_count);
    c->width = (int)(widest - 1) * STEP_X + BOX_W + 2 * MARGIN + swing;
    c->height = c->layout.layer_count
                    ? (int)(c->layout.layer_count - 1) * STEP_Y + BOX_H + 2 * MARGIN
                    : 2 * MARGIN;
}

static void open_svg(struct canvas *c)
{
    buf_printf(&c->out,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"%d\" height=\"%d\""
               " viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" text-anchor=\"middle\""
               " fill=\"#1f2933\">\n<title>",
               c->width, c->height, c->width, c->height);
    add_text(&c->out, c->d->caption);
    BUF_LIT(&c->out,
            "</title>\n<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\""
            " markerUnits=\"userSpaceOnUse\" markerWidth=\"9\" markerHeight=\"9\" orient=\"auto\">"
            "<path d=\"M0 0 L8 4 L0 8 z\" fill=\"#44546a\"/></marker></defs>\n");
}

struct str drawing_svg(struct arena *a, const struct drawing *d)
{
    struct canvas c = {.d = d, .steps = d->definition->step_count};
    bool has_end[DRAWING_ENDS] = {false};
    size_t count;
    const struct drawing_arrow *arrows = drawing_arrows(a, d->definition, &count, has_end);
    struct layout_edge *edges = ARENA_ARRAY(a, struct layout_edge, count + 1);
    c.first_end = !has_end[0];
    c.nodes = c.steps + has_end[0] + has_end[1];
    for (size_t i = 0; i < count; i++) {
        size_t to = arrows[i].to < c.steps ? arrows[i].to : arrows[i].to - c.first_end;
        edges[i] = (struct layout_edge){arrows[i].from, to, false};
    }
    layout_arrange(a, c.nodes, edges, count, start_of(d->definition), &c.layout);
    measure(&c);
    buf_init(&c.out, a);
    open_svg(&c);
    add_arrows(&c, arrows, edges, count);
    for (size_t i = 0; i < c.nodes; i++)
        add_node(&c, i);
    BUF_LIT(&c.out, "</svg>\n");
    return buf_str(&c.out);
}

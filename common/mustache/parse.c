/* From the text of a template to its nodes. */
#include "buf.h"
#include "node.h"

#define DELIMITER_MAX 16

struct parser {
    struct arena *arena;
    struct str text;
    size_t at;
    int line;
    struct str open, close;
    struct buf nodes; /* struct node */
    size_t sections[MUSTACHE_DEPTH_MAX];
    size_t depth;
    struct mustache_problem *first, *last;
};

/* What stands between two delimiters. */
struct tag {
    char kind; /* # ^ / ! = & { >, or 0 */
    struct str body;
    int line;
    size_t begin, end; /* in the text, delimiters included */
};

static void problem(struct parser *p, int line, struct str text)
{
    struct mustache_problem *one = ARENA_NEW(p->arena, struct mustache_problem);
    one->line = line;
    one->text = text;
    if (p->last)
        p->last->next = one;
    else
        p->first = one;
    p->last = one;
}

static struct node *node_at(struct parser *p, size_t i)
{
    return (struct node *)(void *)p->nodes.p + i;
}

static size_t node_count(const struct parser *p)
{
    return p->nodes.len / sizeof(struct node);
}

static void add_node(struct parser *p, enum node_kind kind, struct str text, int line)
{
    const struct node n = {.kind = kind, .line = line, .text = text};
    if (kind != NODE_TEXT || text.len)
        buf_add(&p->nodes, &n, sizeof n);
}

static int lines_in(struct str s)
{
    int n = 0;
    for (size_t i = 0; i < s.len; i++)
        n += s.p[i] == '\n';
    return n;
}

/* ---- names -------------------------------------------------------------------------------- */

static bool is_name(struct str s)
{
    bool was_dot = true;
    if (str_eq(s, STR(".")))
        return true;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '_' || c == '-';
        if (!is_letter && (c != '.' || was_dot))
            return false;
        was_dot = c == '.';
    }
    return s.len > 0 && s.len <= NAME_MAX_BYTES && !was_dot;
}

/* What a message may quote of a text that can be anything. */
static struct str quoted(struct parser *p, struct str s)
{
    struct buf b;
    buf_init(&b, p->arena);
    for (size_t i = 0; i < s.len && i < 40; i++)
        buf_add_char(&b, s.p[i] > ' ' && s.p[i] < 0x7F ? s.p[i] : '?');
    return buf_str(&b);
}

/* ---- sections ----------------------------------------------------------------------------- */

static void open_section(struct parser *p, const struct tag *t)
{
    if (p->depth == MUSTACHE_DEPTH_MAX) {
        problem(p, t->line, STR("sections lie in each other more than 32 deep"));
        return;
    }
    p->sections[p->depth++] = node_count(p);
    add_node(p, t->kind == '#' ? NODE_SECTION : NODE_INVERTED, t->body, t->line);
}

static void unclosed(struct parser *p, const struct node *n)
{
    problem(p, n->line,
            str_printf(p->arena, "section %.*s is not closed", STR_ARG(quoted(p, n->text))));
}

static void close_section(struct parser *p, const struct tag *t)
{
    size_t depth = p->depth;
    while (depth > 0 && !str_eq(node_at(p, p->sections[depth - 1])->text, t->body))
        depth--;
    if (depth == 0) {
        problem(p, t->line,
                str_printf(p->arena, "no section %.*s is open here", STR_ARG(quoted(p, t->body))));
        return;
    }
    while (p->depth > depth)
        unclosed(p, node_at(p, p->sections[--p->depth]));
    size_t begin = p->sections[--p->depth];
    node_at(p, begin)->end = node_count(p);
    add_node(p, NODE_END, t->body, t->line);
}

/* ---- tags --------------------------------------------------------------------------------- */

static bool is_delimiter(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] <= ' ' || s.p[i] == '=' || s.p[i] >= 0x7F)
            return false;
    return s.len > 0 && s.len <= DELIMITER_MAX;
}

static void change_delimiters(struct parser *p, const struct tag *t)
{
    struct str rest = t->body, open = STR_NULL;
    if (!str_next(&rest, ' ', &open) || !rest.p || !is_delimiter(open) ||
        !is_delimiter(str_trim(rest))) {
        problem(p, t->line, STR("delimiters are changed as in {{=<% %>=}}"));
        return;
    }
    p->open = open;
    p->close = str_trim(rest);
}

static void take_tag(struct parser *p, const struct tag *t)
{
    if (t->kind == '!')
        return;
    if (t->kind == '=') {
        change_delimiters(p, t);
        return;
    }
    if (t->kind == '>') {
        problem(p, t->line, STR("partials are not available"));
        return;
    }
    if (!is_name(t->body)) {
        problem(p, t->line,
                t->body.len
                    ? str_printf(p->arena, "%.*s is not a name", STR_ARG(quoted(p, t->body)))
                    : STR("a tag has no name"));
        return;
    }
    switch (t->kind) {
    case '#':
    case '^':
        open_section(p, t);
        return;
    case '/':
        close_section(p, t);
        return;
    case '&':
    case '{':
        add_node(p, NODE_RAW, t->body, t->line);
        return;
    default:
        add_node(p, NODE_VALUE, t->body, t->line);
    }
}

/* A tag that shows nothing, alone on its line, takes the line with it: then *from and *to grow. */
static void take_line(const struct parser *p, const struct tag *t, size_t *from, size_t *to)
{
    size_t begin = t->begin, end = t->end;
    if (!t->kind || t->kind == '&' || t->kind == '{')
        return;
    while (begin > 0 && (p->text.p[begin - 1] == ' ' || p->text.p[begin - 1] == '\t'))
        begin--;
    while (end < p->text.len && (p->text.p[end] == ' ' || p->text.p[end] == '\t'))
        end++;
    if (end + 1 < p->text.len && p->text.p[end] == '\r' && p->text.p[end + 1] == '\n')
        end++;
    bool is_first = begin == 0 || p->text.p[begin - 1] == '\n';
    bool is_last = end == p->text.len || p->text.p[end] == '\n';
    if (!is_first || !is_last)
        return;
    *from = begin;
    *to = end < p->text.len ? end + 1 : end;
}

static ptrdiff_t find_from(struct str s, struct str needle, size_t from)
{
    ptrdiff_t at = str_find(str_slice(s, from, s.len), needle);
    return at < 0 ? -1 : at + (ptrdiff_t)from;
}

/* The tag that begins at t->begin; false when it has no end. */
static bool read_tag(struct parser *p, struct tag *t)
{
    static const char KINDS[] = "#^/!=&{>";
    size_t from = t->begin + p->open.len;
    struct str close = p->close;
    t->kind = 0;
    if (from < p->text.len && memchr(KINDS, p->text.p[from], sizeof KINDS - 1))
        t->kind = p->text.p[from++];
    if (t->kind == '{' || t->kind == '=')
        close = str_printf(p->arena, "%c%.*s", t->kind == '{' ? '}' : '=', STR_ARG(p->close));
    ptrdiff_t end = find_from(p->text, close, from);
    if (end < 0)
        return false;
    t->body = str_trim(str_slice(p->text, from, (size_t)end));
    t->end = (size_t)end + close.len;
    return true;
}

/* Text up to the next tag, and the tag; false at the end. */
static bool step(struct parser *p)
{
    ptrdiff_t at = find_from(p->text, p->open, p->at);
    if (at < 0) {
        add_node(p, NODE_TEXT, str_slice(p->text, p->at, p->text.len), p->line);
        return false;
    }
    struct tag t = {.begin = (size_t)at};
    t.line = p->line + lines_in(str_slice(p->text, p->at, t.begin));
    if (!read_tag(p, &t)) {
        problem(p, t.line, STR("a tag has no end"));
        return false;
    }
    size_t from = t.begin, to = t.end;
    take_line(p, &t, &from, &to);
    /* The blanks of a line that was taken before are not text again. */
    if (from > p->at)
        add_node(p, NODE_TEXT, str_slice(p->text, p->at, from), p->line);
    take_tag(p, &t);
    p->line = t.line + lines_in(str_slice(p->text, t.begin, to));
    p->at = to;
    return true;
}

enum err mustache_parse(struct arena *a, struct str text, const struct mustache **out,
                        const struct mustache_problem **problems)
{
    struct parser p = {.arena = a, .text = text, .line = 1, .open = STR("{{"), .close = STR("}}")};
    *problems = NULL;
    buf_init(&p.nodes, a);
    if (text.len > MUSTACHE_TEXT_MAX) {
        problem(&p, 1, STR("the template is over 64 KiB"));
    } else {
        while (step(&p))
            ;
        for (size_t i = 0; i < p.depth; i++)
            unclosed(&p, node_at(&p, p.sections[i]));
    }
    *problems = p.first;
    if (p.first)
        return ERR_VALIDATION_ERROR;
    struct mustache *m = ARENA_NEW(a, struct mustache);
    m->nodes = node_at(&p, 0);
    m->count = node_count(&p);
    *out = m;
    return ERR_OK;
}

bool mustache_next_name(const struct mustache *m, size_t *it, struct mustache_name *out)
{
    for (; *it < m->count; ++*it) {
        const struct node *n = &m->nodes[*it];
        if (n->kind == NODE_TEXT || n->kind == NODE_END)
            continue;
        *out = (struct mustache_name){n->text, n->line};
        ++*it;
        return true;
    }
    return false;
}

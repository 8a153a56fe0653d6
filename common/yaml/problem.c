#include "problem.h"

#include <stdarg.h>

void problem_list_init(struct problem_list *l, struct arena *a, const char *file)
{
    *l = (struct problem_list){.arena = a, .file = file};
}

void problem_add(struct problem_list *l, int line, const char *fmt, ...)
{
    if (l->count++ >= PROBLEM_MAX)
        return;
    struct problem *p = ARENA_NEW(l->arena, struct problem);
    va_list ap;
    va_start(ap, fmt);
    p->text = str_from(arena_vprintf(l->arena, fmt, ap));
    va_end(ap);
    p->line = line;
    if (l->last)
        l->last->next = p;
    else
        l->first = p;
    l->last = p;
}

struct str problem_line(const struct problem_list *l, const struct problem *p)
{
    if (!p->line)
        return str_printf(l->arena, "%s: %.*s", l->file, STR_ARG(p->text));
    return str_printf(l->arena, "%s:%d: %.*s", l->file, p->line, STR_ARG(p->text));
}

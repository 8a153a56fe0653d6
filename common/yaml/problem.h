#pragma once
/* What is wrong with a route file: every problem with its line, so that one look fixes them all. */
#include <stdbool.h>

#include "arena.h"
#include "str.h"

struct problem {
    int line; /* 1-based; 0 when the file as a whole is meant */
    struct str text;
    struct problem *next;
};

struct problem_list {
    struct arena *arena;
    const char *file; /* borrowed; for problem_line */
    struct problem *first, *last;
    int count; /* all of them; at most PROBLEM_MAX are kept */
};

#define PROBLEM_MAX 50

void problem_list_init(struct problem_list *l, struct arena *a, const char *file);
void problem_add(struct problem_list *l, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* "kong.yml:12: services[0].port: must be a whole number", in the arena. */
struct str problem_line(const struct problem_list *l, const struct problem *p);

#pragma once
/*
 * What differs between two texts, line by line, as a unified diff (the format of POSIX diff -u,
 * without file names). Bounded in time, memory and size whatever the texts are: it does not wait,
 * and others do while it runs.
 */
#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "str.h"

#define DIFF_LINES_MAX 20000 /* of each text; what follows is not compared */
#define DIFF_EDITS_MAX 500   /* more are not told apart */
#define DIFF_TEXT_MAX ((size_t)256 * 1024)

struct diff {
    struct str text; /* empty when nothing differs */
    int64_t added, removed;
    bool is_coarse;    /* too different: everything between the first and the last change is told
                          as replaced */
    bool is_truncated; /* a limit cut the texts or the result */
};

void diff_unified(struct arena *a, struct str before, struct str after, struct diff *out);

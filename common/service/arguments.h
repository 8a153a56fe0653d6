#pragma once
/* What stands behind a command's name, declared as a table: options by name, other words in the
 * order of their entries. */
#include <stdbool.h>
#include <stddef.h>

enum argument_kind {
    ARGUMENT_FLAG, /* bool: set when the option is there */
    ARGUMENT_TEXT, /* const char *: the option's value */
    ARGUMENT_INT,  /* int64_t */
    ARGUMENT_WORD, /* const char *: of no option; the entry's name is not looked at */
};

struct argument {
    const char *name; /* "--queue" */
    enum argument_kind kind;
    void *target; /* left alone when absent */
};

/* False, when there is something else, something twice, or an option without its value. */
bool arguments_read(int count, char **args, const struct argument *table, size_t n);

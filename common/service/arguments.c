#include "arguments.h"

#include <string.h>

#include "str.h"

#define MAX 32

static bool is_option(const char *text)
{
    return strncmp(text, "--", 2) == 0;
}

/* The entry that takes this text, n when there is none left. */
static size_t find(const struct argument *table, size_t n, const bool *used, const char *text)
{
    for (size_t i = 0; i < n; i++) {
        bool is_word = table[i].kind == ARGUMENT_WORD;
        if (used[i] || is_word == is_option(text))
            continue;
        if (is_word || strcmp(table[i].name, text) == 0)
            return i;
    }
    return n;
}

static bool store(const struct argument *a, const char *value)
{
    switch (a->kind) {
    case ARGUMENT_FLAG:
        *(bool *)a->target = true;
        return true;
    case ARGUMENT_TEXT:
    case ARGUMENT_WORD:
        *(const char **)a->target = value;
        return true;
    case ARGUMENT_INT:
        return str_to_i64(str_from(value), a->target);
    }
    return false;
}

bool arguments_read(int count, char **args, const struct argument *table, size_t n)
{
    bool used[MAX] = {false};
    if (n > MAX)
        return false;
    for (int i = 0; i < count; i++) {
        size_t at = find(table, n, used, args[i]);
        if (at == n)
            return false;
        const struct argument *a = &table[at];
        bool has_value = a->kind == ARGUMENT_TEXT || a->kind == ARGUMENT_INT;
        if (has_value && ++i == count)
            return false;
        if (!store(a, args[i]))
            return false;
        used[at] = true;
    }
    return true;
}

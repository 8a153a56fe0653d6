#include "setting.h"

#include <errno.h>
#include <stdlib.h>

#include "buf.h"
#include "value.h"

#define MAX_SECRET_FILE 65536

struct loader {
    struct arena *arena;
    FILE *err;
    bool is_production, ok;
};

/* Where a value came from: the variable as the operator spelled it. */
struct source {
    struct str variable;
    struct str text; /* absent: not set */
};

static void problem(struct loader *l, struct str variable, const char *why)
{
    fprintf(l->err, "config: %.*s ", STR_ARG(variable));
    for (; *why; why++)
        fputc((unsigned char)*why < ' ' ? '?' : *why, l->err); /* whatever was set stays one line */
    fputc('\n', l->err);
    l->ok = false;
}

/* An empty variable counts as not set: compose files and shells pass those along. */
static struct str variable_text(const char *name)
{
    const char *text = getenv(name);

    return text && *text ? str_from(text) : STR_NULL;
}

/* The file's contents without the line end that editors leave behind. */
static bool read_secret(struct loader *l, const char *variable, const char *path, struct str *out)
{
    FILE *f = fopen(path, "re");
    char *text;
    size_t n;

    if (!f) {
        problem(l, str_from(variable),
                arena_printf(l->arena, "names a file that cannot be read: %s", strerror(errno)));
        return false;
    }
    text = arena_alloc(l->arena, MAX_SECRET_FILE);
    n = fread(text, 1, MAX_SECRET_FILE, f);
    if (ferror(f) || n == MAX_SECRET_FILE) {
        problem(l, str_from(variable), "names a file that is too large or cannot be read");
        fclose(f);
        return false;
    }
    fclose(f);
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
        n--;
    *out = str_n(text, n);
    return true;
}

/* Looks at one name; false after a problem. */
static bool look_up(struct loader *l, const struct setting *s, struct str name, struct source *out)
{
    char *variable = str_cstr(l->arena, name), *file_variable;
    const char *path;

    out->variable = name;
    out->text = variable_text(variable);
    if (!(s->flags & SETTING_SECRET))
        return true;
    file_variable = arena_printf(l->arena, "%s_FILE", variable);
    path = getenv(file_variable);
    if (!path || !*path)
        return true;
    if (out->text.p) {
        problem(l, name, arena_printf(l->arena, "and %s are both set", file_variable));
        return false;
    }
    out->variable = str_from(file_variable);
    return read_secret(l, file_variable, path, &out->text);
}

/* The setting's own name first, then its aliases; false after a problem. */
static bool find_source(struct loader *l, const struct setting *s, struct source *out)
{
    struct str aliases = str_from(s->aliases), alias;

    if (!look_up(l, s, str_from(s->name), out))
        return false;
    while (!out->text.p && str_next(&aliases, '|', &alias)) {
        if (!look_up(l, s, alias, out))
            return false;
    }
    if (!out->text.p)
        out->variable = str_from(s->name);
    return true;
}

/* The default itself, and what files for development and examples carry in place of a secret. */
static bool is_known(const struct setting *s, struct str text)
{
    if (s->flags & SETTING_NOT_DEFAULT && s->def && str_eq(text, str_from(s->def)))
        return true;
    return s->flags & SETTING_SECRET && str_find(text, STR("change-me")) >= 0;
}

static void load_one(struct loader *l, const struct setting *s, void *target)
{
    struct source from;
    const char *why = NULL;

    value_clear(s, target);
    if (!find_source(l, s, &from))
        return;
    if (!from.text.p)
        from.text = str_from(s->def);
    if (str_is_empty(from.text)) {
        if (s->flags & SETTING_REQUIRED)
            problem(l, from.variable, "must be set");
        return;
    }
    if (l->is_production && is_known(s, from.text)) {
        problem(l, from.variable, "must not have its default value in production");
        return;
    }
    if (value_parse(s, from.text, target, l->arena, &why))
        return;
    if (s->flags & SETTING_SECRET || s->type == SETTING_URL)
        problem(l, from.variable, why);
    else
        problem(l, from.variable,
                arena_printf(l->arena, "is \"%.*s\" but %s", STR_ARG(from.text), why));
}

bool config_load(const struct setting_table *tables, size_t n, struct arena *a, FILE *err)
{
    struct loader l = {.arena = a, .err = err, .ok = true};

    l.is_production = str_ieq(str_trim(variable_text("ENVIRONMENT")), STR("production"));
    for (size_t t = 0; t < n; t++)
        for (size_t i = 0; i < tables[t].count; i++)
            load_one(&l, &tables[t].settings[i], tables[t].target);
    return l.ok;
}

static bool is_set(const struct setting *s, const void *target)
{
    const struct str *text = (const void *)((const char *)target + s->offset);
    bool is_text = s->type == SETTING_STR || s->type == SETTING_URL || s->type == SETTING_ENUM;

    return !is_text || text->p;
}

void config_print(const struct setting_table *tables, size_t n, FILE *out)
{
    for (size_t t = 0; t < n; t++) {
        for (size_t i = 0; i < tables[t].count; i++) {
            const struct setting *s = &tables[t].settings[i];

            fprintf(out, "%s=", s->name);
            if (!(s->flags & SETTING_SECRET))
                value_print(s, tables[t].target, out);
            else if (is_set(s, tables[t].target))
                fputs("***", out);
            fputc('\n', out);
        }
    }
}

/* ---- reference ---------------------------------------------------------------------------- */

static const char *type_text(enum setting_type type)
{
    switch (type) {
    case SETTING_STR:
        return "text";
    case SETTING_INT:
        return "whole number";
    case SETTING_BOOL:
        return "boolean";
    case SETTING_DURATION:
        return "duration";
    case SETTING_SIZE:
        return "size";
    case SETTING_PORT:
        return "port";
    case SETTING_URL:
        return "URL";
    case SETTING_ENUM:
        return "choice";
    }
    return "";
}

/* Text inside a table cell. */
static void print_cell(const char *text, FILE *out)
{
    for (; text && *text; text++) {
        if (*text == '|')
            fputc('\\', out);
        fputc(*text, out);
    }
}

static void print_notes(const struct setting *s, FILE *out)
{
    struct str aliases = str_from(s->aliases), alias;

    print_cell(s->help, out);
    if (s->max < s->min)
        fprintf(out, "; at least %lld", (long long)s->min);
    else if (s->min || s->max)
        fprintf(out, "; %lld to %lld", (long long)s->min, (long long)s->max);
    if (s->flags & SETTING_REQUIRED)
        fputs("; required", out);
    if (s->flags & SETTING_SECRET)
        fprintf(out, "; secret, also `%s_FILE`", s->name);
    if (s->flags & SETTING_NOT_DEFAULT)
        fputs("; the default is refused in production", out);
    if (s->flags & SETTING_RELOADABLE)
        fputs("; reloadable", out);
    while (str_next(&aliases, '|', &alias))
        fprintf(out, "; also `%.*s`", STR_ARG(alias));
}

void config_print_reference(const struct setting_table *tables, size_t n, FILE *out)
{
    fputs("| variable | type | default | meaning |\n|---|---|---|---|\n", out);
    for (size_t t = 0; t < n; t++) {
        for (size_t i = 0; i < tables[t].count; i++) {
            const struct setting *s = &tables[t].settings[i];

            fprintf(out, "| `%s` | %s", s->name, type_text(s->type));
            if (s->choices) {
                fputs(": ", out);
                print_cell(s->choices, out);
            }
            fputs(s->def && *s->def ? " | `" : " | ", out);
            print_cell(s->def, out);
            fputs(s->def && *s->def ? "` | " : " | ", out);
            print_notes(s, out);
            fputs(" |\n", out);
        }
    }
}

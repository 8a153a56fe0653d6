/* --migrate: in the foreground, without a loop. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "buf.h"
#include "internal.h"
#include "json.h"

/* Added up. */
#define EXIT_PENDING 1
#define EXIT_UNKNOWN 2

static int migrate(const struct service *s, const struct migration_set *m)
{
    int applied;
    char *why;
    enum err rc = db_migrate(m->url, m->schema, m->list, m->count, &applied, &why);
    if (rc)
        fprintf(stderr, "%s: %s\n", s->desc->name, why);
    else
        printf("%s: %d migrations applied, %zu in total\n", s->desc->name, applied, m->count);
    free(why);
    return rc ? EX_UNAVAILABLE : EX_OK;
}

static const char *word_of(enum db_migration_state state)
{
    switch (state) {
    case MIGRATION_APPLIED:
        return "applied";
    case MIGRATION_PENDING:
        return "pending";
    case MIGRATION_CHANGED:
        return "changed";
    case MIGRATION_UNKNOWN:
        return "unknown";
    }
    return "";
}

static void print(struct arena *a, const struct db_migration_status *m, bool with_sql)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, a);
    jw_init(&w, &b);
    jw_object(&w);
    JW_STR(&w, "module", str_from(m->module));
    JW_INT(&w, "version", m->version);
    JW_STR(&w, "name", str_from(m->name));
    JW_STR(&w, "state", str_from(word_of(m->state)));
    JW_STR(&w, "applied_at", m->applied_at ? str_from(m->applied_at) : STR_NULL);
    if (with_sql)
        JW_STR(&w, "sql", str_from(m->sql));
    jw_end_object(&w);
    printf("%.*s\n", STR_ARG(buf_str(&b)));
}

/* The exit status tells how the schema and this program fit together. */
static int compare(struct service *s, const struct migration_set *m, bool is_dry_run)
{
    struct db_migration_status *all;
    bool is_changed = false;
    size_t n;
    char *why;
    int status = 0;
    enum err rc =
        db_migration_status(m->url, m->schema, m->list, m->count, s->arena, &all, &n, &why);
    if (rc) {
        fprintf(stderr, "%s: %s\n", s->desc->name, why);
        free(why);
        return EX_UNAVAILABLE;
    }
    for (size_t i = 0; i < n; i++) {
        if (!is_dry_run || all[i].state == MIGRATION_PENDING)
            print(s->arena, &all[i], is_dry_run);
        if (all[i].state == MIGRATION_CHANGED)
            fprintf(stderr, "%s: migration %s %04d_%s was changed after it had been applied\n",
                    s->desc->name, all[i].module, all[i].version, all[i].name);
        is_changed |= all[i].state == MIGRATION_CHANGED;
        if (!is_dry_run && all[i].state == MIGRATION_PENDING)
            status |= EXIT_PENDING;
        if (!is_dry_run && all[i].state == MIGRATION_UNKNOWN)
            status |= EXIT_UNKNOWN;
    }
    return is_changed ? EX_DATAERR : status;
}

int migrate_command(struct service *s, int count, char **args)
{
    const char *what = NULL;
    bool is_dry_run = false;
    const struct argument table[] = {{"--dry-run", ARGUMENT_FLAG, &is_dry_run},
                                     {NULL, ARGUMENT_WORD, &what}};
    struct migration_set m;
    bool is_status;
    if (!arguments_read(count, args, table, 2))
        return EX_USAGE;
    is_status = what && strcmp(what, "status") == 0;
    if ((what && !is_status) || (is_status && is_dry_run))
        return EX_USAGE;
    lifecycle_migrations(s, &m);
    return is_status || is_dry_run ? compare(s, &m, is_dry_run) : migrate(s, &m);
}

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "arguments.h"
#include "collect.h"
#include "dead_json.h"
#include "deadletter.h"

struct order {
    const char *what;
    struct dead_choice choice;
    int64_t id;
};

static bool read_arguments(int count, char **args, struct order *o)
{
    const char *queue = NULL;
    *o = (struct order){.what = "", .id = INT64_MIN};
    const struct argument table[] = {{NULL, ARGUMENT_WORD, &o->what},
                                     {"--queue", ARGUMENT_TEXT, &queue},
                                     {"--id", ARGUMENT_INT, &o->id}};
    if (!arguments_read(count, args, table, 3) || (queue && o->id != INT64_MIN))
        return false;
    if (queue)
        o->choice.queue = str_from(queue);
    if (o->id != INT64_MIN) {
        o->choice.ids = &o->id;
        o->choice.id_count = 1;
    }
    return true;
}

static void print_letter(struct arena *a, const struct dead_letter *d)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, a);
    jw_init(&w, &b);
    dead_json_write(&w, d);
    printf("%.*s\n", STR_ARG(buf_str(&b)));
}

/* All of them, page by page, so that however many there are memory does not grow. */
static enum err CO_FN list(struct service *s, const struct order *o)
{
    int64_t before = o->choice.ids && o->id < INT64_MAX ? o->id + 1 : INT64_MIN;
    size_t n = DEAD_ROUND;
    enum err rc = ERR_OK;
    while (rc == ERR_OK && n == DEAD_ROUND) {
        struct arena *a = arena_new();
        struct db_session session;
        struct dead_letter *letters;
        int64_t total;
        db_session_init(&session, s->db, a);
        rc = dead_store_list(&session, o->choice.queue, before, o->choice.ids ? 1 : DEAD_ROUND, 0,
                             &letters, &n, &total);
        for (size_t i = 0; rc == ERR_OK && i < n; i++)
            if (!o->choice.ids || letters[i].id == o->id)
                print_letter(a, &letters[i]);
        if (rc == ERR_OK && n)
            before = letters[n - 1].id;
        arena_free(a);
    }
    return rc;
}

struct round {
    const struct order *order;
    enum err (*act)(struct db_session *s, const struct dead_choice *c, int64_t *count);
    int64_t count;
};

static enum err CO_FN one_round(struct db_session *s, void *arg)
{
    struct round *r = arg;
    return r->act(s, &r->order->choice, &r->count);
}

/* Round by round: what is replayed and fails again meanwhile would otherwise be taken again, so
 * there are no more rounds than there were letters at the beginning. */
static enum err CO_FN act(struct service *s, struct round *r, const char *done)
{
    int64_t total = 0, left = 0;
    enum err rc = ERR_OK;
    bool is_first = true;
    do {
        struct arena *a = arena_new();
        struct db_session session;
        db_session_init(&session, s->db, a);
        if (is_first)
            rc = dead_store_left(&session, &r->order->choice, &left);
        if (rc == ERR_OK)
            rc = db_transact(&session, one_round, r);
        arena_free(a);
        is_first = false;
        total += rc ? 0 : r->count;
        left -= DEAD_ROUND;
    } while (rc == ERR_OK && r->count > 0 && left > 0);
    if (rc == ERR_OK)
        printf("%" PRId64 " %s\n", total, done);
    return rc;
}

static enum err CO_FN collect(struct service *s)
{
    struct arena *a = arena_new();
    struct db_session session;
    db_session_init(&session, s->db, a);
    enum err rc = deadletters_collect(s, &session);
    arena_free(a);
    return rc;
}

int CO_FN deadletters_command(struct service *s, int count, char **args)
{
    struct order o;
    enum err rc;
    if (!read_arguments(count, args, &o))
        return EX_USAGE;
    struct round r = {.order = &o};
    enum err collected = collect(s);
    if (collected)
        fprintf(stderr, "%s: the broker cannot be asked for those that still lie there\n",
                s->desc->name);
    if (strcmp(o.what, "list") == 0) {
        rc = list(s, &o);
    } else if (strcmp(o.what, "replay") == 0) {
        r.act = dead_store_replay;
        rc = act(s, &r, "replayed");
    } else if (strcmp(o.what, "purge") == 0) {
        r.act = dead_store_purge;
        rc = act(s, &r, "purged");
    } else {
        return EX_USAGE;
    }
    if (rc)
        fprintf(stderr, "%s: %s\n", s->desc->name, err_text(rc));
    return rc || collected ? EX_UNAVAILABLE : 0;
}

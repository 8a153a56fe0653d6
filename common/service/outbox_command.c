/* --outbox: what waits for the broker, and having it tried again. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "arguments.h"
#include "buf.h"
#include "internal.h"
#include "json.h"
#include "outbox_waiting.h"

#define ROUND 200

static void print_lane(struct arena *a, const struct outbox_lane *l)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, a);
    jw_init(&w, &b);
    jw_object(&w);
    JW_STR(&w, "exchange", l->exchange);
    JW_STR(&w, "routing_key", l->routing_key);
    JW_INT(&w, "waiting", l->waiting);
    JW_INT(&w, "failed", l->failed);
    JW_INT(&w, "oldest_s", (int64_t)l->oldest_s);
    jw_end_object(&w);
    printf("%.*s\n", STR_ARG(buf_str(&b)));
}

static enum err CO_FN show(struct db_session *s)
{
    struct outbox_lane *lanes;
    size_t n;
    enum err rc = outbox_waiting(s, &lanes, &n);
    for (size_t i = 0; rc == ERR_OK && i < n; i++)
        print_lane(s->arena, &lanes[i]);
    return rc;
}

static void print_failed(struct arena *a, const struct outbox_failed *f)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, a);
    jw_init(&w, &b);
    jw_object(&w);
    JW_INT(&w, "id", f->id);
    JW_STR(&w, "message_id", f->message_id);
    JW_STR(&w, "exchange", f->exchange);
    JW_STR(&w, "routing_key", f->routing_key);
    JW_STR(&w, "type", f->type);
    JW_STR(&w, "key", f->key);
    JW_STR(&w, "error", f->error);
    JW_INT(&w, "attempts", f->attempts);
    JW_INT(&w, "held", f->held);
    JW_TIME(&w, "created_at", f->created_at);
    JW_TIME(&w, "retry_at", f->retry_at);
    jw_end_object(&w);
    printf("%.*s\n", STR_ARG(buf_str(&b)));
}

/* Page by page, so that however many there are memory does not grow. */
static enum err CO_FN list(struct service *s, const struct outbox_choice *c)
{
    int64_t after = 0;
    size_t n = ROUND;
    enum err rc = ERR_OK;
    while (rc == ERR_OK && n == ROUND) {
        struct arena *a = arena_new();
        struct db_session session;
        struct outbox_failed *failed;
        db_session_init(&session, s->db, a);
        rc = outbox_failed(&session, c, after, ROUND, &failed, &n);
        for (size_t i = 0; rc == ERR_OK && i < n; i++)
            print_failed(a, &failed[i]);
        if (rc == ERR_OK && n)
            after = failed[n - 1].id;
        arena_free(a);
    }
    return rc;
}

static enum err CO_FN retry(struct db_session *s, const struct outbox_choice *c)
{
    int64_t count;
    enum err rc = outbox_retry(s, c, &count);
    if (rc == ERR_OK)
        printf("%" PRId64 " retried\n", count);
    return rc;
}

int CO_FN outbox_command(struct service *s, int count, char **args)
{
    struct outbox_choice c = {.id = INT64_MIN};
    const char *what = NULL, *routing_key = NULL;
    const struct argument table[] = {{NULL, ARGUMENT_WORD, &what},
                                     {"--routing-key", ARGUMENT_TEXT, &routing_key},
                                     {"--id", ARGUMENT_INT, &c.id}};
    struct db_session session;
    enum err rc;
    if (!arguments_read(count, args, table, 3))
        return EX_USAGE;
    c.routing_key = routing_key ? str_from(routing_key) : STR_NULL;
    db_session_init(&session, s->db, s->arena);
    if (!what && !routing_key && c.id == INT64_MIN)
        rc = show(&session);
    else if (what && strcmp(what, "list") == 0)
        rc = list(s, &c);
    else if (what && strcmp(what, "retry") == 0)
        rc = retry(&session, &c);
    else
        return EX_USAGE;
    if (rc)
        fprintf(stderr, "%s: %s\n", s->desc->name, err_text(rc));
    return rc ? EX_UNAVAILABLE : EX_OK;
}

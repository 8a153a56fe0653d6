#include "store/number_store.h"

#include <stdlib.h>

#include "clock.h"
#include "co.h"
#include "domain/number.h"
#include "list.h"
#include "mem.h"

#define BLOCK_SIZE 64

struct waiter {
    struct list node;
    struct co_wait wait;
};

/* One request at a time reserves; the others wait for it instead of for its row lock. */
struct number_pool {
    char day[9];
    int64_t next_number;
    int used, count; /* of ids */
    int64_t ids[BLOCK_SIZE];
    bool is_reserving;
    struct list waiters; /* struct waiter */
};

DB_WRITE(number_reserve, "ti", "iI",
         "WITH c AS (INSERT INTO ticket_counter AS c (day, last) VALUES ($1, $2) "
         "ON CONFLICT (day) DO UPDATE SET last = c.last + $2 RETURNING c.last) "
         "SELECT c.last, (SELECT array_agg(nextval('ticket_id_seq')) FROM generate_series(1, $2)) "
         "FROM c");

struct number_pool *number_pool_new(void)
{
    struct number_pool *p = MEM_NEW(struct number_pool);

    list_init(&p->waiters);
    return p;
}

void number_pool_free(struct number_pool *p)
{
    free(p);
}

static void wake_all(struct number_pool *p)
{
    struct list *node;

    while ((node = list_pop(&p->waiters)))
        co_wake(&LIST_ENTRY(node, struct waiter, node)->wait, ERR_OK);
}

static enum err CO_FN wait_for_block(struct number_pool *p)
{
    struct waiter w;
    enum err rc;

    list_init(&w.node);
    list_append(&p->waiters, &w.node);
    co_wait_init(&w.wait);
    rc = co_wait(&w.wait, -1);
    list_remove(&w.node);
    return rc;
}

static enum err CO_FN reserve(struct number_pool *p, struct db_session *s, const char *day)
{
    struct db_result *rows;
    const int64_t *ids;
    char today[9];
    enum err rc;

    /* Another day is replayed history, which soon goes on to the next. */
    time_format_day(clock_wall_us(), today);
    p->is_reserving = true;
    rc = db_query(s, &number_reserve, &rows, DB_STR(str_from(day)),
                  DB_INT(strcmp(day, today) == 0 ? BLOCK_SIZE : 1));
    p->is_reserving = false;
    if (rc == ERR_OK) {
        memcpy(p->day, day, sizeof p->day);
        p->used = 0;
        p->count = (int)db_get_int_array(rows, 0, 1, &ids);
        p->next_number = db_get_int(rows, 0, 0) - p->count + 1;
        memcpy(p->ids, ids, (size_t)p->count * sizeof *ids);
    }
    wake_all(p);
    return rc;
}

enum err number_pool_take(struct number_pool *p, struct db_session *s, int64_t now, int64_t *id,
                          struct str *number)
{
    char day[9];

    time_format_day(now, day);
    while (p->used == p->count || strcmp(day, p->day) != 0) {
        enum err rc = p->is_reserving ? wait_for_block(p) : reserve(p, s, day);

        if (rc)
            return rc;
    }
    *id = p->ids[p->used++];
    *number = ticket_number_format(s->arena, day, p->next_number++);
    return ERR_OK;
}

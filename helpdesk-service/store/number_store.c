#include "store/number_store.h"

#include <stdlib.h>

#include "clock.h"
#include "domain/number.h"
#include "list.h"
#include "mem.h"

#define BLOCK_SIZE 32

struct block {
    struct list node;
    int64_t next_number;
    int left;
    int64_t ids[BLOCK_SIZE]; /* the last left ones are unused */
};

/* Requests that find the pool empty at the same time each bring a block; none is thrown away. */
struct number_pool {
    char day[9];
    struct list blocks;
};

DB_WRITE(number_reserve, "ti", "iI",
         "WITH c AS (INSERT INTO ticket_counter AS c (day, last) VALUES ($1, $2) "
         "ON CONFLICT (day) DO UPDATE SET last = c.last + $2 RETURNING c.last) "
         "SELECT c.last, (SELECT array_agg(nextval('ticket_id_seq')) FROM generate_series(1, $2)) "
         "FROM c");

struct number_pool *number_pool_new(void)
{
    struct number_pool *p = MEM_NEW(struct number_pool);

    list_init(&p->blocks);
    return p;
}

static void drop_blocks(struct number_pool *p)
{
    struct list *node;

    while ((node = list_pop(&p->blocks)))
        free(LIST_ENTRY(node, struct block, node));
}

void number_pool_free(struct number_pool *p)
{
    if (!p)
        return;
    drop_blocks(p);
    free(p);
}

static enum err CO_FN reserve(struct db_session *s, const char *day, struct block *b)
{
    struct db_result *rows;
    const int64_t *ids;
    enum err rc = db_query(s, &number_reserve, &rows, DB_STR(str_from(day)), DB_INT(BLOCK_SIZE));

    if (rc)
        return rc;
    b->left = (int)db_get_int_array(rows, 0, 1, &ids);
    b->next_number = db_get_int(rows, 0, 0) - BLOCK_SIZE + 1;
    memcpy(b->ids, ids, (size_t)b->left * sizeof *ids);
    return ERR_OK;
}

enum err number_pool_take(struct number_pool *p, struct db_session *s, int64_t now, int64_t *id,
                          struct str *number)
{
    char day[9];
    struct block *b;

    time_format_day(now, day);
    if (strcmp(day, p->day) != 0) {
        drop_blocks(p);
        memcpy(p->day, day, sizeof day);
    }
    if (list_is_empty(&p->blocks)) {
        enum err rc;

        b = MEM_NEW(struct block);
        rc = reserve(s, day, b);
        if (rc) {
            free(b);
            return rc;
        }
        if (strcmp(day, p->day) != 0) {
            drop_blocks(p);
            memcpy(p->day, day, sizeof day);
        }
        list_append(&p->blocks, &b->node);
    }
    b = LIST_ENTRY(p->blocks.next, struct block, node);
    *id = b->ids[BLOCK_SIZE - b->left];
    *number = ticket_number_format(s->arena, day, b->next_number++);
    if (--b->left == 0) {
        list_remove(&b->node);
        free(b);
    }
    return ERR_OK;
}

#pragma once
/* What every store test of this program begins with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/clocks.h"
#include "clock.h"
#include "loop.h"
#include "people.h"
#include "store_test.h"
#include "write_run.h"

extern const struct db_migration SERVICE_MIGRATIONS[];

#define NOW (INT64_C(1768213800) * US_PER_S) /* Monday, 2026-01-12T10:30:00Z */
#define OK(expression) assert_int_equal(expression, ERR_OK)
#define S(literal)                                                                                 \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }

static inline struct cause cause_at(int64_t now)
{
    return (struct cause){.actor_id = CAUSE_SYSTEM, .actor_name = STR("test"), .now = now};
}

/* fill, unless NULL, commits what all tests of the group begin with. */
static inline int open_frame(const char *name, store_test_fn fill)
{
    static const struct db_migration *const MIGRATIONS[] = {PEOPLE_MIGRATIONS, WRITE_MIGRATIONS,
                                                            SERVICE_MIGRATIONS, NULL};
    int rc = store_test_open(name, MIGRATIONS);
    while (rc == 0 && !db_is_up(store_test_db))
        loop_turn(store_test_loop, 100);
    if (rc == 0 && fill)
        store_test_run_bare(fill);
    return rc;
}

static inline int close_frame(void **state)
{
    (void)state;
    return store_test_close();
}

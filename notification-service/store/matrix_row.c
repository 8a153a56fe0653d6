#include "store/matrix_row.h"

void matrix_row_read(const struct db_result *r, int col, bool is_on, struct matrix *m)
{
    const struct str *names;
    size_t n = db_get_str_array(r, 0, col, &names);
    for (size_t i = 0; i < n; i++)
        (void)matrix_set(m, names[i], is_on);
}

struct db_value matrix_row_value(struct arena *a, const struct matrix *m, int state)
{
    struct str *names = ARENA_ARRAY(a, struct str, GROUP_COUNT * CHANNEL_COUNT);
    size_t n = 0;
    for (int g = 0; g < GROUP_COUNT; g++)
        for (int c = 0; c < CHANNEL_COUNT; c++)
            if ((int)m->cell[g][c] == state)
                names[n++] = matrix_name(a, (enum event_group)g, (enum channel)c);
    return DB_STR_ARRAY(names, n);
}

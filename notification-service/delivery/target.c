#include "delivery/target.h"

#include <string.h>

static struct str clipped(struct str name)
{
    return str_slice(name, 0, name.len < TARGET_NAME_MAX ? name.len : TARGET_NAME_MAX);
}

/* The entry of that name, else a free one, else none. */
static int find(const struct targets *t, struct str name)
{
    int found = -1;
    for (int i = 0; i < TARGETS_MAX; i++) {
        if (t->entries[i].active == 0)
            found = i;
        else if (str_eq(name, str_n(t->entries[i].name, t->entries[i].len)))
            return i;
    }
    return found;
}

size_t targets_busy(const struct targets *t, struct arena *a, const struct str **out)
{
    struct str *names = ARENA_ARRAY(a, struct str, TARGETS_MAX);
    size_t n = 0;
    for (int i = 0; i < TARGETS_MAX; i++)
        if (t->entries[i].active >= TARGET_ACTIVE_MAX)
            names[n++] = str_n(t->entries[i].name, t->entries[i].len);
    *out = names;
    return n;
}

void targets_begin(struct targets *t, struct str name)
{
    name = clipped(name);
    int i = name.len ? find(t, name) : -1;
    if (i < 0)
        return;
    if (t->entries[i].active++ == 0) {
        memcpy(t->entries[i].name, name.p, name.len);
        t->entries[i].len = name.len;
    }
}

void targets_end(struct targets *t, struct str name)
{
    name = clipped(name);
    int i = name.len ? find(t, name) : -1;
    if (i >= 0 && t->entries[i].active > 0)
        t->entries[i].active--;
}

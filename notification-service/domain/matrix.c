#include "matrix.h"

#include "arena.h"

static const char *const CHANNEL_WORDS[CHANNEL_COUNT] = {"in_app", "email", "sms", "push"};

static const struct {
    const char *word, *meaning;
    unsigned on, locked; /* unless anybody says otherwise */
} GROUPS[GROUP_COUNT] = {
#define USUAL (CHANNEL_BIT(CHANNEL_IN_APP) | CHANNEL_BIT(CHANNEL_EMAIL) | CHANNEL_BIT(CHANNEL_PUSH))
    [GROUP_TICKETS] = {"tickets", "what becomes of one's tickets", USUAL, 0},
    [GROUP_ASSIGNMENTS] = {"assignments", "tickets and steps that one is given", USUAL,
                           CHANNEL_BIT(CHANNEL_IN_APP)},
    [GROUP_COMMENTS] = {"comments", "replies and notes", USUAL, 0},
    [GROUP_MENTIONS] = {"mentions", "where one is named", USUAL, 0},
    [GROUP_WORKFLOW] = {"workflow", "how the work on tickets goes on", USUAL, 0},
    [GROUP_DEADLINES] = {"deadlines", "deadlines that are near or missed", USUAL, 0},
    [GROUP_MESSAGES] = {"messages", "messages of conversations", USUAL, 0},
    [GROUP_FEEDBACK] = {"feedback", "ratings", USUAL, 0},
    [GROUP_JOBS] = {"jobs", "long operations that have ended", USUAL, 0},
    [GROUP_ACCOUNT] = {"account", "one's account", USUAL,
                       CHANNEL_BIT(CHANNEL_IN_APP) | CHANNEL_BIT(CHANNEL_EMAIL)},
#undef USUAL
};

struct str channel_word(enum channel c)
{
    return str_from(CHANNEL_WORDS[c]);
}

struct str group_word(enum event_group g)
{
    return str_from(GROUPS[g].word);
}

const char *group_meaning(enum event_group g)
{
    return GROUPS[g].meaning;
}

enum channel channel_parse(struct str word)
{
    int c = 0;
    while (c < CHANNEL_COUNT && !str_eq(word, str_from(CHANNEL_WORDS[c])))
        c++;
    return (enum channel)c;
}

enum event_group group_parse(struct str word)
{
    int g = 0;
    while (g < GROUP_COUNT && !str_eq(word, str_from(GROUPS[g].word)))
        g++;
    return (enum event_group)g;
}

bool matrix_set(struct matrix *m, struct str name, bool is_on)
{
    struct str rest = name, group;
    if (!str_next(&rest, '.', &group) || !rest.p)
        return false;
    enum event_group g = group_parse(group);
    enum channel c = channel_parse(rest);
    if (g == GROUP_COUNT || c == CHANNEL_COUNT)
        return false;
    m->cell[g][c] = is_on ? CELL_ON : CELL_OFF;
    return true;
}

struct str matrix_name(struct arena *a, enum event_group g, enum channel c)
{
    return str_printf(a, "%s.%s", GROUPS[g].word, CHANNEL_WORDS[c]);
}

bool matrix_is_locked(const struct wishes *w, enum event_group g, enum channel c)
{
    return (GROUPS[g].locked & CHANNEL_BIT(c)) || w->locked.cell[g][c] == CELL_ON;
}

bool matrix_is_on(const struct wishes *w, enum event_group g, enum channel c)
{
    if (matrix_is_locked(w, g, c))
        return true;
    if (!w->is_channel_on[c])
        return false;
    if (w->own.cell[g][c] != CELL_UNSAID)
        return w->own.cell[g][c] == CELL_ON;
    if (w->defaults.cell[g][c] != CELL_UNSAID)
        return w->defaults.cell[g][c] == CELL_ON;
    return GROUPS[g].on & CHANNEL_BIT(c);
}

unsigned matrix_channels(const struct wishes *w, enum event_group g, unsigned offered)
{
    unsigned on = 0;
    for (int c = 0; c < CHANNEL_COUNT; c++)
        if ((offered & CHANNEL_BIT(c)) && matrix_is_on(w, g, (enum channel)c))
            on |= CHANNEL_BIT(c);
    return on;
}

#include "domain/kb.h"

static const char *const VISIBILITIES[KB_VISIBILITY_COUNT] = {"public", "internal", "agents"};
static const char *const STATES[KB_STATE_COUNT] = {"draft", "published", "archived"};

const char *kb_visibility_word(enum kb_visibility v)
{
    return VISIBILITIES[v];
}

enum kb_visibility kb_visibility_parse(struct str word)
{
    enum kb_visibility v = KB_PUBLIC;

    while (v < KB_VISIBILITY_COUNT && !str_eq(word, str_from(VISIBILITIES[v])))
        v++;
    return v;
}

const char *kb_state_word(enum kb_state s)
{
    return STATES[s];
}

enum kb_state kb_state_parse(struct str word)
{
    enum kb_state s = KB_DRAFT;

    while (s < KB_STATE_COUNT && !str_eq(word, str_from(STATES[s])))
        s++;
    return s;
}

/* Any role in the workflow works on tickets. */
static bool is_agent(const struct actor *a)
{
    if (actor_is_service(a) || actor_is_staff(a) || actor_is_admin(a))
        return true;
    for (size_t i = 0; i < a->role_count; i++)
        if (str_ieq(a->roles[i].system, STR("tts")))
            return true;
    return false;
}

struct kb_reader kb_reader_of(const struct actor *a)
{
    struct kb_reader r = {.most = KB_PUBLIC};

    if (!a)
        return r;
    if (actor_may(a, PERM_TICKET_READ))
        r.most = is_agent(a) ? KB_AGENTS : KB_INTERNAL;
    r.is_editor = actor_may(a, PERM_KB_EDIT);
    if (r.is_editor)
        r.most = KB_AGENTS;
    return r;
}

bool kb_may_read(struct kb_reader r, enum kb_state state, enum kb_visibility v)
{
    return r.is_editor || (state == KB_PUBLISHED && v <= r.most);
}

static const struct {
    bool from[KB_STATE_COUNT];
    enum kb_state to;
} ACTIONS[KB_ACTION_COUNT] = {
    [KB_PUBLISH] = {{[KB_DRAFT] = true, [KB_PUBLISHED] = true}, KB_PUBLISHED},
    [KB_UNPUBLISH] = {{[KB_PUBLISHED] = true, [KB_ARCHIVED] = true}, KB_DRAFT},
    [KB_ARCHIVE] = {{[KB_DRAFT] = true, [KB_PUBLISHED] = true}, KB_ARCHIVED},
};

enum err kb_act(enum kb_action action, enum kb_state *state, bool has_newer)
{
    if (!ACTIONS[action].from[*state])
        return ERR_CONFLICT;
    if (*state == ACTIONS[action].to && !has_newer)
        return ERR_CONFLICT;
    *state = ACTIONS[action].to;
    return ERR_OK;
}

bool kb_is_language(struct str s)
{
    size_t n = 0;

    while (n < s.len && s.p[n] >= 'a' && s.p[n] <= 'z')
        n++;
    if (n < 2 || n > 3)
        return false;
    if (n == s.len)
        return true;
    return s.len == n + 3 && s.p[n] == '-' && s.p[n + 1] >= 'A' && s.p[n + 1] <= 'Z' &&
           s.p[n + 2] >= 'A' && s.p[n + 2] <= 'Z';
}

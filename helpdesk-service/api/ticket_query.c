#include "api/ticket_query.h"

#include "arena.h"
#include "state.h"

void ticket_query_init(const struct actor *a, struct ticket_filter *out)
{
    int64_t id = actor_is_service(a) ? 0 : a->user_id;
    bool may_read_all = actor_may(a, PERM_TICKET_READ_ALL);

    *out = (struct ticket_filter){
        .viewer_id = may_read_all ? TICKET_NONE : id,
        .reader = {id, may_read_all || actor_may(a, PERM_TICKET_WORK)},
        .sort = STR("created_at"),
        .is_descending = true,
    };
}

void ticket_query_sort(struct str sort, struct ticket_filter *f)
{
    if (!sort.p)
        return;
    f->is_descending = sort.len && sort.p[0] == '-';
    f->sort = str_slice(sort, f->is_descending, sort.len);
}

/* ---- words -------------------------------------------------------------------------------- */

struct resolver {
    struct arena *arena;
    const struct catalogue *catalogue;
    const struct actor *actor;
};

/* Each makes of a word what the database calls it, or says what is wrong with it. */
typedef const char *(*resolve_fn)(const struct resolver *x, struct str *word);

static const char *resolve_status(const struct resolver *x, struct str *word)
{
    enum ticket_status status = ticket_status_parse(*word);

    if (status == TICKET_STATUS_COUNT)
        return "is not a status";
    *word = str_from(ticket_status_helpdesk(status));
    return NULL;
}

static const char *resolve_priority(const struct resolver *x, struct str *word)
{
    enum ticket_priority priority = ticket_priority_parse(*word);

    if (priority == PRIORITY_COUNT)
        return "is not a priority";
    *word = str_from(ticket_priority_label(priority));
    return NULL;
}

static const char *resolve_category(const struct resolver *x, struct str *word)
{
    struct category category;

    if (catalogue_category(x->catalogue, x->arena, *word, &category))
        *word = category.name;
    return NULL;
}

static const char *resolve_department(const struct resolver *x, struct str *word)
{
    struct str department = catalogue_department(x->catalogue, x->arena, *word);

    if (department.p)
        *word = department;
    return NULL;
}

static const char *resolve_person(const struct resolver *x, struct str *word)
{
    int64_t id = actor_is_service(x->actor) ? 0 : x->actor->user_id;

    if (str_eq(*word, STR("me")))
        *word = str_printf(x->arena, "%lld", (long long)id);
    return NULL;
}

static const char *resolve_tag(const struct resolver *x, struct str *word)
{
    *word = str_lower(x->arena, *word);
    return NULL;
}

static const resolve_fn RESOLVERS[QUERY_KEY_COUNT] = {
    [QUERY_STATUS] = resolve_status,     [QUERY_PRIORITY] = resolve_priority,
    [QUERY_CATEGORY] = resolve_category, [QUERY_DEPARTMENT] = resolve_department,
    [QUERY_OWNER] = resolve_person,      [QUERY_REQUESTER] = resolve_person,
    [QUERY_TAG] = resolve_tag,
};

/* NULL, or what is wrong with one of the words. */
static const char *resolve(const struct resolver *x, struct query_term *t)
{
    for (size_t i = 0; i < t->value_count && RESOLVERS[t->key]; i++) {
        const char *why = RESOLVERS[t->key](x, &t->values[i]);

        if (why)
            return why;
    }
    return NULL;
}

/* ---- filters ------------------------------------------------------------------------------ */

static bool asks_for_pending(const struct query_term *t)
{
    return (t->key == QUERY_IS || t->key == QUERY_APPROVAL) && !t->is_excluded &&
           t->value_count == 1 && str_eq(t->values[0], STR("pending"));
}

#define PREFIX_CHARS_MIN 3
#define NUMBER_CHARS_MIN 14

/* The beginning of a ticket number stands for an index range, not for very many words; the
 * beginning of nearly everything is no beginning. */
static void tame_prefix(struct arena *a, struct query_term *t)
{
    struct str word = t->values[0];
    size_t i = 2;

    if (str_utf8_len(word) < PREFIX_CHARS_MIN)
        t->is_prefix = false;
    if (!t->is_prefix || word.len >= NUMBER_CHARS_MIN || !str_ieq(str_slice(word, 0, 2), STR("TX")))
        return;
    while (i < word.len && word.p[i] >= '0' && word.p[i] <= '9')
        i++;
    if (i < word.len)
        return;
    t->key = QUERY_NUMBER;
    t->values[0] = str_printf(a, "TX%.*s*", STR_ARG(str_slice(word, 2, word.len)));
}

static void append(struct arena *a, const struct actor *actor, const struct query *q,
                   struct ticket_filter *f)
{
    struct query_term *all = ARENA_ARRAY(a, struct query_term, f->term_count + q->count + 1);

    for (size_t i = 0; i < f->term_count; i++)
        all[i] = f->terms[i];
    for (size_t i = 0; i < q->count; i++) {
        struct query_term *t = &all[f->term_count + i];

        *t = q->terms[i];
        if (t->key == QUERY_WORD && !t->is_phrase)
            tame_prefix(a, t);
        if (!asks_for_pending(t))
            continue;
        /* Nobody works on a ticket that waits for approval: all staff see it. A withdrawn one waits
         * no more, which "is" knows. */
        t->key = QUERY_IS;
        if (actor_may(actor, PERM_TICKET_WORK))
            f->viewer_id = TICKET_NONE;
    }
    f->terms = all;
    f->term_count += q->count;
}

enum err ticket_query_add(struct arena *a, const struct catalogue *catalogue,
                          const struct actor *actor, struct str text, int64_t now,
                          struct ticket_filter *f, struct query_problem *problem)
{
    struct resolver x = {a, catalogue, actor};
    struct query q;
    enum err rc = query_parse(a, text, now, &q, problem);

    if (rc)
        return rc;
    for (size_t i = 0; i < q.count; i++) {
        const char *why = resolve(&x, &q.terms[i]);

        if (why) {
            *problem = (struct query_problem){
                q.terms[i].at,
                arena_printf(a, "a value of %s: %s", query_key_name(q.terms[i].key), why)};
            return ERR_VALIDATION_ERROR;
        }
    }
    append(a, actor, &q, f);
    return ERR_OK;
}

enum err ticket_query_read(struct req *r, const char *field, struct str text,
                           struct ticket_filter *out)
{
    struct query_problem problem;

    ticket_query_init(r->actor, out);
    if (!text.p || ticket_query_add(r->arena, helpdesk_of(r)->catalogue, r->actor, text, r->now,
                                    out, &problem) == ERR_OK)
        return ERR_OK;
    req_field_error(r, field, arena_printf(r->arena, "at %zu: %s", problem.at, problem.message));
    return ERR_VALIDATION_ERROR;
}

static bool is_person(struct str word)
{
    int64_t id;

    return str_eq(word, STR("me")) || (str_to_i64(word, &id) && id > 0);
}

void ticket_query_add_plain(struct req *r, enum query_key key, const struct str *words,
                            size_t count, struct ticket_filter *f)
{
    struct resolver x = {r->arena, helpdesk_of(r)->catalogue, r->actor};
    bool is_of_people = key == QUERY_OWNER || key == QUERY_REQUESTER;
    struct query_term t = {.key = key,
                           .values = ARENA_ARRAY(r->arena, struct str, count + 1),
                           .from = QUERY_NO_TIME,
                           .until = QUERY_NO_TIME};
    const char *why = NULL;

    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        struct str word = is_of_people ? str_lower(r->arena, words[i]) : str_trim(words[i]);

        if (key == QUERY_OWNER && str_eq(word, STR("none")))
            t.has_none = true;
        else if (is_of_people && !is_person(word))
            why = "must be a user id or \"me\"";
        else
            t.values[t.value_count++] = word;
    }
    if (!why)
        why = resolve(&x, &t);
    if (why)
        req_field_error(r, query_key_name(key), why);
    else
        append(r->arena, r->actor, &(struct query){&t, 1}, f);
}

void ticket_query_add_words(struct arena *a, struct str text, struct ticket_filter *f)
{
    struct query q;

    query_of_words(a, text, &q);
    append(a, NULL, &q, f);
}

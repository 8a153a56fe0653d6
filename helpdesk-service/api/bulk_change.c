#include "api/bulk_change.h"

#include "api/classify.h"
#include "api/custom_field.h"
#include "api/tag.h"
#include "buf.h"
#include "json.h"

_Static_assert(TICKET_NONE == JSON_NO_INT, "an absent number is written the same way everywhere");

typedef enum err (*apply_fn)(struct bulk_change *x, const struct bulk_step *step);

static enum err refuse_for(struct bulk_change *x, enum err e, const char *message)
{
    x->refusal = e;
    x->message = message;
    return ERR_OK;
}

static enum err refuse_status(struct bulk_change *x)
{
    if (ticket_is_pending(&x->after))
        return refuse_for(x, ERR_CONFLICT, "The ticket waits for approval");
    return refuse_for(x, ERR_CONFLICT,
                      arena_printf(x->session->arena, "The ticket is %s",
                                   ticket_status_helpdesk(x->after.status)));
}

/* ---- fields ------------------------------------------------------------------------------- */

static enum err set_status(struct bulk_change *x, const struct bulk_step *step)
{
    enum ticket_status to = ticket_status_parse(step->status);

    return ticket_change_status(&x->after, to, x->cause->now) ? refuse_status(x) : ERR_OK;
}

static enum err set_priority(struct bulk_change *x, const struct bulk_step *step)
{
    x->after.priority = ticket_priority_parse(step->priority);
    return ERR_OK;
}

/* Another category may ask for other fields. */
static enum err classify_again(struct bulk_change *x)
{
    struct arena *a = x->session->arena;
    struct str key;
    enum err rc;

    if (classify_ticket(x->helpdesk, a, &x->after))
        return refuse_for(x, ERR_VALIDATION_ERROR, "The catalogue does not list this");
    if (str_eq(x->before.category, x->after.category))
        return ERR_OK;
    rc = custom_fields_lack(x->helpdesk, a, &x->after, &key);
    if (rc || !key.p)
        return rc;
    return refuse_for(x, ERR_VALIDATION_ERROR,
                      arena_printf(a, "The category requires custom_fields.%.*s", STR_ARG(key)));
}

static enum err set_category(struct bulk_change *x, const struct bulk_step *step)
{
    struct str category = str_trim(step->category);

    if (step->sub_category.p || !str_ieq(x->after.category, category))
        x->after.sub_category = step->sub_category;
    x->after.category = category;
    return classify_again(x);
}

static enum err set_department(struct bulk_change *x, const struct bulk_step *step)
{
    x->after.department = step->department;
    return classify_again(x);
}

static enum err add_tags(struct bulk_change *x, const struct bulk_step *step)
{
    const struct ticket *t = &x->after;
    struct str *all =
        ARENA_ARRAY(x->session->arena, struct str, t->tag_count + step->tags.count + 1);
    const char *wrong;

    for (size_t i = 0; i < t->tag_count; i++)
        all[i] = t->tags[i];
    for (size_t i = 0; i < step->tags.count; i++)
        all[t->tag_count + i] = ((const struct str *)step->tags.items)[i];
    wrong = tags_set(x->session->arena, all, t->tag_count + step->tags.count, &x->after);
    return wrong ? refuse_for(x, ERR_VALIDATION_ERROR,
                              arena_printf(x->session->arena, "Tags %s", wrong))
                 : ERR_OK;
}

static bool is_among(struct str tag, const struct ticket *t)
{
    for (size_t i = 0; i < t->tag_count; i++)
        if (str_eq(t->tags[i], tag))
            return true;
    return false;
}

static enum err remove_tags(struct bulk_change *x, const struct bulk_step *step)
{
    struct arena *a = x->session->arena;
    struct str *kept = ARENA_ARRAY(a, struct str, x->after.tag_count + 1);
    struct ticket gone;
    size_t n = 0;

    if (tags_set(a, step->tags.items, step->tags.count, &gone))
        return ERR_OK; /* such tags are on no ticket */
    for (size_t i = 0; i < x->after.tag_count; i++)
        if (!is_among(x->after.tags[i], &gone))
            kept[n++] = x->after.tags[i];
    if (n == x->after.tag_count)
        return ERR_OK;
    x->after.tags = kept;
    x->after.tag_count = n;
    return ERR_OK;
}

static enum err CO_FN find_person(struct bulk_change *x, int64_t id, struct person *out)
{
    enum err rc = person_by_id(x->session, id, out);

    if (rc == ERR_USER_NOT_FOUND || (rc == ERR_OK && !out->active))
        return refuse_for(x, ERR_USER_NOT_FOUND, "user_id is not a known person");
    return rc;
}

static enum err CO_FN assign(struct bulk_change *x, const struct bulk_step *step)
{
    struct person p = {0};
    enum err rc = step->user_id == TICKET_NONE ? ERR_OK : find_person(x, step->user_id, &p);

    if (rc || x->refusal)
        return rc;
    if (ticket_status_is_final(x->after.status))
        return refuse_status(x);
    ticket_set_owner(&x->after, step->user_id, p.name);
    return ERR_OK;
}

/* ---- beside the fields -------------------------------------------------------------------- */

static enum err comment(struct bulk_change *x, const struct bulk_step *step)
{
    bool is_internal = str_eq(step->visibility, STR("internal"));
    enum err rc = ticket_check_comment(x->actor, &x->after, is_internal);

    if (rc == ERR_CONFLICT)
        return refuse_for(x, rc, "A closed ticket must be reopened first");
    if (rc)
        return refuse_for(x, rc, NULL);
    x->comments[x->comment_count++] =
        (struct comment){.comment = step->comment, .is_internal = is_internal};
    return ERR_OK;
}

/* Oneself may come and go, others are brought and sent by staff. */
static enum err CO_FN watch(struct bulk_change *x, const struct bulk_step *step, bool is_added)
{
    struct bulk_watch *w = &x->watches[x->watch_count];
    int64_t id = step->user_id == JSON_NO_INT ? x->actor->user_id : step->user_id;
    enum err rc;

    if (id != x->actor->user_id && !ticket_may_work(x->actor, &x->after))
        return refuse_for(x, ERR_FORBIDDEN, NULL);
    *w = (struct bulk_watch){.person = {.id = id}, .is_added = is_added};
    rc = is_added ? find_person(x, id, &w->person) : ERR_OK;
    x->watch_count++;
    return rc;
}

static enum err CO_FN add_watcher(struct bulk_change *x, const struct bulk_step *step)
{
    return watch(x, step, true);
}

static enum err CO_FN remove_watcher(struct bulk_change *x, const struct bulk_step *step)
{
    return watch(x, step, false);
}

/* ---- all of it ---------------------------------------------------------------------------- */

static const struct {
    apply_fn apply;
    bool is_work; /* for who may work on the ticket */
} STEPS[BULK_OP_COUNT] = {
    [BULK_SET_STATUS] = {set_status, true},
    [BULK_SET_PRIORITY] = {set_priority, true},
    [BULK_SET_CATEGORY] = {set_category, true},
    [BULK_SET_DEPARTMENT] = {set_department, true},
    [BULK_ADD_TAGS] = {add_tags, true},
    [BULK_REMOVE_TAGS] = {remove_tags, true},
    [BULK_ASSIGN] = {assign, true},
    [BULK_COMMENT] = {comment, false},
    [BULK_ADD_WATCHER] = {add_watcher, false},
    [BULK_REMOVE_WATCHER] = {remove_watcher, false},
};

static enum err act(struct bulk_change *x, enum ticket_action action)
{
    int64_t window_s = x->helpdesk->config->reopen_s;
    bool is_late =
        action == TICKET_REOPEN && ticket_is_past_reopening(&x->after, window_s, x->cause->now);
    enum err rc = ticket_act(x->actor, &x->after, action, x->cause->now);

    if (rc == ERR_CONFLICT)
        return refuse_status(x);
    if (rc)
        return refuse_for(x, rc, NULL);
    return is_late ? refuse_for(x, ERR_CONFLICT, "It is too late to reopen this ticket") : ERR_OK;
}

enum err bulk_change_decide(struct bulk_change *x, const struct bulk_body *b)
{
    const struct bulk_step *steps = b->operations.items;
    enum err rc = ERR_OK;

    x->after = x->before;
    for (size_t i = 0; i < b->operations.count && rc == ERR_OK && !x->refusal; i++) {
        enum bulk_op op = bulk_op_parse(steps[i].op);

        if (bulk_op_action(op) != TICKET_ACTION_COUNT)
            rc = act(x, bulk_op_action(op));
        else if (STEPS[op].is_work && !ticket_may_work(x->actor, &x->after))
            rc = refuse_for(x, ERR_FORBIDDEN, NULL);
        else
            rc = STEPS[op].apply(x, &steps[i]);
    }
    return rc;
}

static void describe_one(struct json_writer *w, const char *field, struct str old_value,
                         struct str new_value)
{
    jw_object(w);
    JW_STR(w, "field", str_from(field));
    JW_STR(w, "old", old_value);
    JW_STR(w, "new", new_value);
    jw_end_object(w);
}

struct str bulk_change_describe(const struct bulk_change *x)
{
    struct arena *a = x->session->arena;
    struct ticket_field_change changes[TICKET_FIELD_MAX];
    int n = ticket_diff(a, &x->before, &x->after, changes);
    struct json_writer w;
    struct buf b;

    buf_init(&b, a);
    jw_init(&w, &b);
    jw_array(&w);
    for (int i = 0; i < n; i++)
        describe_one(&w, changes[i].field, changes[i].old_value, changes[i].new_value);
    for (size_t i = 0; i < x->comment_count; i++)
        describe_one(&w, "comment", STR_NULL, x->comments[i].comment);
    for (size_t i = 0; i < x->watch_count; i++) {
        struct str id = str_printf(a, "%lld", (long long)x->watches[i].person.id);

        describe_one(&w, "watcher", x->watches[i].is_added ? STR_NULL : id,
                     x->watches[i].is_added ? id : STR_NULL);
    }
    jw_end_array(&w);
    return buf_str(&b);
}

static enum err CO_FN write_watch(struct bulk_change *x, const struct bulk_watch *w)
{
    enum err rc;

    if (w->is_added)
        return change_add_watcher(x->session, &x->after, &w->person, x->cause);
    rc = change_remove_watcher(x->session, &x->after, w->person.id, x->cause);
    return rc == ERR_NOT_FOUND ? ERR_OK : rc; /* as was wished */
}

enum err bulk_change_write(struct bulk_change *x, struct str reason)
{
    struct ticket_news news = {&x->before, &x->after, .reason = reason.len ? reason : STR_NULL,
                               .tells_workflow = true};
    enum err rc = change_apply(x->session, &news, &x->after, x->cause);

    for (size_t i = 0; i < x->comment_count && rc == ERR_OK; i++)
        rc = change_add_comment(x->session, &x->after, &x->comments[i], x->cause);
    for (size_t i = 0; i < x->watch_count && rc == ERR_OK; i++)
        rc = write_watch(x, &x->watches[i]);
    return rc;
}

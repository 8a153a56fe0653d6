#include "actor.h"
#include "api/handlers.h"
#include "api/simple.h"
#include "api/write.h"
#include "clock.h"
#include "service.h"
#include "store/tally_store.h"

#define RECENT 10
#define TREND_DAYS 7
#define ACTIVE_DAYS 30

/* Counts are texts on this surface. */
static void put_count(struct req *r, struct json_writer *w, const char *name, int64_t n)
{
    jw_key(w, str_from(name));
    jw_str(w, str_printf(r->arena, "%lld", (long long)n));
}

static struct str average_text(struct req *r, const struct tally_feedback *f)
{
    return str_printf(r->arena, "%.2f", (double)f->sum / (double)f->total);
}

/* ---- groups ------------------------------------------------------------------------------- */

struct group {
    struct str word;
    int64_t n;
};

static struct str simple_word(const struct tally *t)
{
    struct ticket like = {.is_assigned = t->is_assigned};
    enum ticket_priority priority;

    if (t->dimension == TALLY_STATUS) {
        like.status = ticket_status_parse(t->word);
        return str_from(simple_status_word(simple_status_of(&like)));
    }
    priority = ticket_priority_parse(t->word);
    if (t->dimension == TALLY_PRIORITY && priority != PRIORITY_COUNT)
        return str_from(ticket_priority_simple(priority));
    return t->word;
}

/* Several statuses share a word here: their counts are added up. */
static size_t group_by(const struct tally *tallies, size_t count, enum tally_dimension dimension,
                       struct group *out)
{
    size_t n = 0, at;

    for (size_t i = 0; i < count; i++) {
        struct str word;

        if (tallies[i].dimension != dimension)
            continue;
        word = simple_word(&tallies[i]);
        for (at = 0; at < n && !str_eq(out[at].word, word); at++)
            ;
        if (at == n)
            out[n++] = (struct group){.word = word};
        out[at].n += tallies[i].n;
        for (; at > 0 && out[at - 1].n < out[at].n; at--) {
            struct group smaller = out[at - 1];

            out[at - 1] = out[at];
            out[at] = smaller;
        }
    }
    return n;
}

static void put_groups(struct req *r, struct json_writer *w, const char *list, const char *member,
                       const struct group *groups, size_t count)
{
    jw_key(w, str_from(list));
    jw_array(w);
    for (size_t i = 0; i < count; i++) {
        jw_object(w);
        jw_key(w, str_from(member));
        jw_str(w, groups[i].word);
        put_count(r, w, "count", groups[i].n);
        jw_end_object(w);
    }
    jw_end_array(w);
}

/* ---- metrics ------------------------------------------------------------------------------ */

struct figures {
    struct tally *tallies;
    struct tally_day *days;
    size_t tally_count, day_count;
    struct tally_feedback feedback;
};

static enum err CO_FN read_figures(struct req *r, struct db_session *s, struct figures *f)
{
    enum err rc = tally_store_tickets(s, &f->tallies, &f->tally_count);

    if (rc == ERR_OK)
        rc = tally_store_days(s, r->now - TREND_DAYS * US_PER_DAY, &f->days, &f->day_count);
    return rc ? rc : tally_store_feedback(s, &f->feedback);
}

static void put_tickets(struct req *r, struct json_writer *w, const struct figures *f)
{
    struct group *groups = ARENA_ARRAY(r->arena, struct group, f->tally_count + 1);
    size_t n = group_by(f->tallies, f->tally_count, TALLY_STATUS, groups);
    int64_t total = 0;

    for (size_t i = 0; i < n; i++)
        total += groups[i].n;
    JW_KEY(w, "tickets");
    jw_object(w);
    JW_INT(w, "total", total);
    put_groups(r, w, "by_status", "status", groups, n);
    n = group_by(f->tallies, f->tally_count, TALLY_CATEGORY, groups);
    put_groups(r, w, "by_category", "category", groups, n);
    n = group_by(f->tallies, f->tally_count, TALLY_PRIORITY, groups);
    put_groups(r, w, "by_priority", "priority", groups, n);
    JW_KEY(w, "recent_trend");
    jw_array(w);
    for (size_t i = 0; i < f->day_count; i++) {
        jw_object(w);
        JW_TIME_MS(w, "date", f->days[i].day);
        put_count(r, w, "count", f->days[i].n);
        jw_end_object(w);
    }
    jw_end_array(w);
    jw_end_object(w);
}

static void put_feedback(struct req *r, struct json_writer *w, const struct tally_feedback *f)
{
    JW_KEY(w, "feedback");
    jw_object(w);
    JW_INT(w, "total", f->total);
    JW_KEY(w, "average_rating");
    if (f->total)
        jw_raw(w, average_text(r, f));
    else
        jw_int(w, 0);
    JW_KEY(w, "by_rating");
    jw_array(w);
    for (int rating = TALLY_RATINGS; rating > 0; rating--) {
        if (!f->n[rating])
            continue;
        jw_object(w);
        JW_INT(w, "rating", rating);
        put_count(r, w, "count", f->n[rating]);
        jw_end_object(w);
    }
    jw_end_array(w);
    jw_end_object(w);
}

static void put_metrics(struct req *r, struct json_writer *w, const struct figures *f)
{
    jw_object(w);
    put_tickets(r, w, f);
    put_feedback(r, w, &f->feedback);
    JW_TIME_MS(w, "cached_at", r->now);
    jw_end_object(w);
}

enum err simple_analytics_metrics(struct req *r)
{
    struct db_session *s;
    struct figures f;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = read_figures(r, s, &f);
    if (rc)
        return rc;
    put_metrics(r, req_json_begin(r), &f);
    return req_json_end(r, 200);
}

/* ---- dashboard ---------------------------------------------------------------------------- */

static void put_recent(struct json_writer *w, const struct ticket_page *recent)
{
    JW_KEY(w, "recent_tickets");
    jw_array(w);
    for (size_t i = 0; i < recent->count; i++) {
        const struct ticket *t = &recent->tickets[i];

        jw_object(w);
        JW_INT(w, "id", t->id);
        JW_STR(w, "title", t->subject);
        JW_STR(w, "status", str_from(simple_status_word(simple_status_of(t))));
        JW_STR(w, "priority", str_from(ticket_priority_simple(t->priority)));
        JW_TIME_MS(w, "created_at", t->created_at);
        jw_end_object(w);
    }
    jw_end_array(w);
}

enum err simple_analytics_dashboard(struct req *r)
{
    struct ticket_page recent;
    struct json_writer *w;
    struct db_session *s;
    struct figures f;
    int64_t active;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = read_figures(r, s, &f);
    if (rc == ERR_OK)
        rc = tally_store_authors(s, r->now - ACTIVE_DAYS * US_PER_DAY, &active);
    if (rc == ERR_OK)
        rc = ticket_list_store_newest(s, TICKET_NONE, NULL, RECENT, &recent);
    if (rc)
        return rc;
    w = req_json_begin(r);
    jw_object(w);
    JW_KEY(w, "metrics");
    put_metrics(r, w, &f);
    JW_INT(w, "active_users", active);
    put_recent(w, &recent);
    JW_TIME_MS(w, "dashboard_generated_at", r->now);
    jw_end_object(w);
    return req_json_end(r, 200);
}

/* Nothing is cached that would have to be read again: every figure is of now. */
enum err simple_analytics_refresh(struct req *r)
{
    struct json_writer *w = req_json_begin(r);

    jw_object(w);
    JW_STR(w, "message", STR("cache refreshed successfully"));
    JW_TIME_MS(w, "cached_at", r->now);
    jw_end_object(w);
    return req_json_end(r, 200);
}

/* ---- statistics --------------------------------------------------------------------------- */

static int64_t of_word(const struct group *groups, size_t count, enum simple_status status)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(groups[i].word, str_from(simple_status_word(status))))
            return groups[i].n;
    return 0;
}

static enum err CO_FN opened_since(struct db_session *s, int64_t since, int64_t *out)
{
    struct tally_day *days;
    size_t count = 0;
    enum err rc = tally_store_days(s, since, &days, &count);

    *out = 0;
    for (size_t i = 0; rc == ERR_OK && i < count; i++)
        *out += days[i].n;
    return rc;
}

enum err simple_analytics_tickets(struct req *r)
{
    static const struct {
        const char *name;
        int days;
    } PERIODS[] = {{"last_24h", 1}, {"last_7d", 7}, {"last_30d", 30}};
    int64_t opened[sizeof PERIODS / sizeof *PERIODS], total = 0;
    struct tally *tallies;
    struct group *groups;
    struct json_writer *w;
    struct db_session *s;
    size_t count;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = tally_store_tickets(s, &tallies, &count);
    for (size_t i = 0; rc == ERR_OK && i < sizeof PERIODS / sizeof *PERIODS; i++)
        rc = opened_since(s, r->now - PERIODS[i].days * US_PER_DAY, &opened[i]);
    if (rc)
        return rc;
    groups = ARENA_ARRAY(r->arena, struct group, count + 1);
    count = group_by(tallies, count, TALLY_STATUS, groups);
    for (size_t i = 0; i < count; i++)
        total += groups[i].n;
    w = req_json_begin(r);
    jw_object(w);
    put_count(r, w, "total", total);
    for (size_t i = 0; i < sizeof PERIODS / sizeof *PERIODS; i++)
        put_count(r, w, PERIODS[i].name, opened[i]);
    put_count(r, w, "new_count", of_word(groups, count, SIMPLE_NEW));
    put_count(r, w, "in_progress_count", of_word(groups, count, SIMPLE_IN_PROGRESS));
    put_count(r, w, "resolved_count", of_word(groups, count, SIMPLE_RESOLVED));
    put_count(r, w, "closed_count", of_word(groups, count, SIMPLE_CLOSED));
    jw_end_object(w);
    return req_json_end(r, 200);
}

static void put_average_and_range(struct req *r, struct json_writer *w,
                                  const struct tally_feedback *f)
{
    int64_t min = 0, max = 0;

    for (int rating = TALLY_RATINGS; rating > 0; rating--)
        min = f->n[rating] ? rating : min;
    for (int rating = 1; rating <= TALLY_RATINGS; rating++)
        max = f->n[rating] ? rating : max;
    JW_KEY(w, "average_rating");
    if (f->total)
        jw_str(w, average_text(r, f));
    else
        jw_int(w, 0);
    JW_KEY(w, "min_rating");
    min ? jw_int(w, min) : jw_null(w);
    JW_KEY(w, "max_rating");
    max ? jw_int(w, max) : jw_null(w);
}

enum err simple_analytics_feedback(struct req *r)
{
    static const char *const NAMES[] = {"one_star", "two_star", "three_star", "four_star",
                                        "five_star"};
    struct tally_feedback f;
    struct json_writer *w;
    struct db_session *s;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = tally_store_feedback(s, &f);
    if (rc)
        return rc;
    w = req_json_begin(r);
    jw_object(w);
    put_count(r, w, "total", f.total);
    put_average_and_range(r, w, &f);
    for (int rating = TALLY_RATINGS; rating > 0; rating--)
        put_count(r, w, NAMES[rating - 1], f.n[rating]);
    jw_end_object(w);
    return req_json_end(r, 200);
}

/* The same figures as the feedback routes tell them. */
enum err simple_feedback_stats(struct req *r)
{
    struct tally_feedback f;
    struct json_writer *w;
    struct db_session *s;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = tally_store_feedback(s, &f);
    if (rc)
        return rc;
    w = req_json_begin(r);
    jw_object(w);
    put_count(r, w, "total_feedback", f.total);
    put_average_and_range(r, w, &f);
    put_count(r, w, "tickets_with_feedback", f.tickets);
    put_count(r, w, "users_who_gave_feedback", f.users);
    jw_end_object(w);
    return req_json_end(r, 200);
}

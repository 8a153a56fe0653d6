#include "actor.h"
#include "collect.h"
#include "dead_json.h"
#include "deadletter.h"
#include "log.h"
#include "page.h"

#define MAX_IDS 500

/* ---- the list ----------------------------------------------------------------------------- */

struct list_query {
    struct page_query page;
    struct str queue;
};

static const struct json_field QUERY_FIELDS[] = {
    PAGE_FIELD_NUMBER(0),
    PAGE_FIELD_SIZE(0),
    PAGE_FIELD_CURSOR(0),
    {.name = "queue", .kind = JK_STR, .offset = offsetof(struct list_query, queue), .max = 255},
};
static JSON_SCHEMA(LIST_QUERY, "DeadLetterQuery", struct list_query, QUERY_FIELDS);

struct page_doc {
    int64_t count;
    struct str next, previous, next_cursor;
    struct json_array results;
    int8_t is_whole;
};

static const struct json_field PAGE_FIELDS[] = {
    {"count", JK_INT, offsetof(struct page_doc, count)},
    {"next", JK_STR, offsetof(struct page_doc, next)},
    {"previous", JK_STR, offsetof(struct page_doc, previous)},
    {"next_cursor", JK_STR, offsetof(struct page_doc, next_cursor)},
    {"results", JK_ARRAY, offsetof(struct page_doc, results), .sub = &DEADLETTER_DOC},
    {"is_whole", JK_BOOL, offsetof(struct page_doc, is_whole),
     .doc = "false: the broker could not be asked for those that still lie there"},
};
static JSON_SCHEMA(PAGE_DOC, "DeadLetterPage", struct page_doc, PAGE_FIELDS);

static enum err CO_FN list(struct req *r)
{
    const struct list_query *q = r->query_args;
    struct page_found found = {0};
    struct dead_letter *letters;
    struct db_session *s;
    struct page p;
    enum err rc = page_read(r, &q->page, &p);
    if (rc == ERR_OK)
        rc = req_db(r, &s);
    if (rc)
        return req_fail(r, rc);
    bool is_whole = p.is_continued || deadletters_collect(req_service(r), s) == ERR_OK;
    rc = dead_store_list(s, q->queue.len ? q->queue : STR_NULL,
                         p.is_continued ? p.after.id : INT64_MIN, page_limit(&p),
                         p.is_continued ? 0 : p.skip, &letters, &found.count, &found.total);
    if (rc == ERR_OK)
        rc = page_check_depth(r, &p, found.total);
    if (rc)
        return req_fail(r, rc);
    size_t shown = page_shown(&p, &found);
    struct cursor last = {.id = shown ? letters[shown - 1].id : 0};
    struct json_writer *w = page_begin(r, &p, &found, &last);
    for (size_t i = 0; i < shown; i++)
        dead_json_write(w, &letters[i]);
    jw_end_array(w);
    JW_BOOL(w, "is_whole", is_whole);
    jw_end_object(w);
    return req_json_end(r, 200);
}

/* ---- replay and purge --------------------------------------------------------------------- */

struct choice_body {
    int64_t id;
    struct json_array ids;
    struct str queue;
    int8_t all;
};

static const struct json_field CHOICE_FIELDS[] = {
    {.name = "id", .kind = JK_INT, .offset = offsetof(struct choice_body, id)},
    {.name = "ids",
     .kind = JK_INT_ARRAY,
     .offset = offsetof(struct choice_body, ids),
     .min = 1,
     .max = MAX_IDS},
    {.name = "queue", .kind = JK_STR, .offset = offsetof(struct choice_body, queue), .max = 255},
    {.name = "all", .kind = JK_BOOL, .offset = offsetof(struct choice_body, all)},
};
static JSON_SCHEMA(CHOICE_BODY, "DeadLetterChoice", struct choice_body, CHOICE_FIELDS);

struct done_reply {
    struct str status;
    int64_t count, remaining;
};

static const struct json_field DONE_FIELDS[] = {
    {"status", JK_STR, offsetof(struct done_reply, status)},
    {"count", JK_INT, offsetof(struct done_reply, count)},
    {"remaining", JK_INT, offsetof(struct done_reply, remaining),
     .doc = "of the same choice: ask again"},
};
static JSON_SCHEMA(DONE_REPLY, "DeadLettersDone", struct done_reply, DONE_FIELDS);

struct job {
    struct dead_choice choice;
    enum err (*act)(struct db_session *s, const struct dead_choice *c, int64_t *count);
    int64_t count, left;
};

static enum err CO_FN run(struct db_session *s, void *arg)
{
    struct job *j = arg;
    enum err rc = j->act(s, &j->choice, &j->count);
    return rc ? rc : dead_store_left(s, &j->choice, &j->left);
}

/* Exactly one of the four: nothing is put back or removed because a member was misspelt. */
static enum err read_choice(struct req *r, struct dead_choice *out)
{
    struct choice_body *b = r->body;
    int given =
        (b->id != JSON_NO_INT) + (b->ids.count > 0) + (b->queue.len > 0) + (b->all == JSON_TRUE);
    if (given != 1) {
        req_field_error(r, "all", "one of id, ids, queue and all says which");
        return ERR_INVALID_INPUT;
    }
    *out = (struct dead_choice){.queue = b->queue.len ? b->queue : STR_NULL};
    if (b->id != JSON_NO_INT)
        *out = (struct dead_choice){.ids = &b->id, .id_count = 1};
    if (b->ids.count)
        *out = (struct dead_choice){.ids = b->ids.items, .id_count = b->ids.count};
    return ERR_OK;
}

static enum err CO_FN act(struct req *r, struct job *j, const char *what)
{
    struct db_session *s;
    enum err rc = read_choice(r, &j->choice);
    if (rc == ERR_OK)
        rc = req_db(r, &s);
    if (rc == ERR_OK && !j->choice.ids)
        rc = deadletters_collect(req_service(r), s);
    if (rc == ERR_OK)
        rc = db_transact(s, run, j);
    if (rc == ERR_OK && j->choice.ids && j->choice.id_count == 1 && j->count == 0)
        rc = ERR_NOT_FOUND;
    if (rc)
        return req_fail(r, rc);
    log_info("dead letters", LOG_CSTR("action", what), LOG_I("count", j->count),
             LOG_I("actor_id", r->actor->user_id));
    struct done_reply reply = {STR("success"), j->count, j->left};
    return req_reply_json(r, 200, &DONE_REPLY, &reply);
}

static enum err CO_FN replay(struct req *r)
{
    struct job j = {.act = dead_store_replay};
    return act(r, &j, "replayed");
}

static enum err CO_FN purge(struct req *r)
{
    struct job j = {.act = dead_store_purge};
    return act(r, &j, "purged");
}

static const enum err ERRORS[] = {ERR_NOT_FOUND, ERR_QUEUE_CONNECTION_FAILED, ERR_OK};

const struct route DEADLETTER_ROUTES[] = {
    {.method = "GET",
     .pattern = "/api/v1/deadletters",
     .auth = AUTH_ANY,
     .permission = PERM_OPERATE,
     .handler = list,
     .summary = "Messages that this program has given up",
     .query = &LIST_QUERY,
     .reply = &PAGE_DOC},
    {.method = "POST",
     .pattern = "/api/v1/deadletters/replay",
     .auth = AUTH_USER,
     .permission = PERM_OPERATE,
     .handler = replay,
     .summary = "Put dead letters back on their queues, at most 500 at once",
     .body = &CHOICE_BODY,
     .reply = &DONE_REPLY,
     .errors = ERRORS},
    {.method = "POST",
     .pattern = "/api/v1/deadletters/purge",
     .auth = AUTH_USER,
     .permission = PERM_OPERATE,
     .handler = purge,
     .summary = "Remove dead letters for good, at most 500 at once",
     .body = &CHOICE_BODY,
     .reply = &DONE_REPLY,
     .errors = ERRORS},
    {.method = NULL},
};

#include "api/push.h"

#include "clock.h"
#include "store/notification_store.h"
#include "ws_json.h"

#define PAGE 200
#define PEOPLE_PAGE 1000

/* ---- frames ------------------------------------------------------------------------------- */

struct str push_count_frame(struct arena *a, int64_t unread)
{
    struct json_writer *w = ws_json_begin(a, "count_update");
    JW_INT(w, "unread_count", unread);
    JW_TIME_MS(w, "timestamp", clock_wall_us());
    return ws_json_end(w);
}

static struct str notification_frame(struct arena *a, const char *action,
                                     const struct event_notification *n)
{
    struct json_writer *w = ws_json_begin(a, "notification_update");
    JW_STR(w, "action", str_from(action));
    JW_KEY(w, "notification");
    jw_object(w);
    JW_INT(w, "id", n->id);
    JW_INT(w, "user_id", n->user_id);
    JW_STR(w, "type", n->type);
    JW_STR(w, "title", n->title);
    JW_STR(w, "message", n->message);
    JW_STR(w, "ticket_number", n->ticket_number);
    JW_BOOL(w, "is_read", n->is_read == JSON_TRUE);
    JW_TIME_MS(w, "created_at", n->created_at);
    jw_end_object(w);
    JW_TIME_MS(w, "timestamp", clock_wall_us());
    return ws_json_end(w);
}

static struct str job_frame(struct arena *a, const struct event_job *j)
{
    struct json_writer *w = ws_json_begin(a, "job_update");
    JW_KEY(w, "job");
    jw_object(w);
    JW_STR(w, "id", j->job_id);
    JW_STR(w, "kind", j->kind);
    JW_STR(w, "state", j->state);
    JW_BOOL(w, "dry_run", j->is_dry_run == JSON_TRUE);
    JW_INT(w, "total", j->total);
    JW_INT(w, "done", j->done);
    JW_INT(w, "failed", j->failed);
    JW_INT(w, "skipped", j->skipped == JSON_NO_INT ? 0 : j->skipped);
    JW_STR(w, "error", j->error);
    JW_TIME_MS(w, "created_at", j->created_at);
    JW_TIME_MS(w, "finished_at", j->finished_at);
    jw_end_object(w);
    JW_TIME_MS(w, "timestamp", clock_wall_us());
    return ws_json_end(w);
}

static void push_text(struct live *l, struct arena *a, int64_t user_id, struct str text)
{
    struct ws_frame *f = ws_frame_text(ws_json_traced(a, text));
    ws_hub_send(l->people, user_id, f);
    ws_frame_unref(f);
}

/* ---- pushing ------------------------------------------------------------------------------ */

void push_notification(struct live *l, struct arena *a, const struct event_notification *n)
{
    if (live_is_new(l, n->id) && ws_hub_has(l->people, n->user_id))
        push_text(l, a, n->user_id, notification_frame(a, "created", n));
}

void push_changed(struct live *l, struct arena *a, const struct event_notification *n)
{
    bool is_new = n->change_id <= 0 || live_is_new(l, n->change_id);
    if (is_new && ws_hub_has(l->people, n->user_id))
        push_text(l, a, n->user_id, notification_frame(a, "updated", n));
}

void push_job(struct live *l, struct arena *a, const struct event_job *j)
{
    if (ws_hub_has(l->people, j->created_by))
        push_text(l, a, j->created_by, job_frame(a, j));
}

void push_count(struct live *l, struct arena *a, int64_t user_id)
{
    struct db_session db;
    int64_t unread;
    if (!ws_hub_has(l->people, user_id))
        return;
    db_session_init(&db, l->service->db, a);
    if (notification_store_unread(&db, user_id, &unread) == ERR_OK)
        push_text(l, a, user_id, push_count_frame(a, unread));
}

/* Read elsewhere, or not: after an outage each socket's number may be wrong. */
static enum err CO_FN push_all_counts(struct live *l, struct db_session *db)
{
    int64_t *ids;
    size_t n = ws_hub_keys(l->people, db->arena, &ids);
    enum err rc = ERR_OK;
    for (size_t from = 0; rc == ERR_OK && from < n; from += PEOPLE_PAGE) {
        size_t page = n - from < PEOPLE_PAGE ? n - from : PEOPLE_PAGE;
        const int64_t *counts;
        rc = notification_store_unread_of(db, ids + from, page, &counts);
        for (size_t i = 0; rc == ERR_OK && i < page; i++)
            push_text(l, db->arena, ids[from + i], push_count_frame(db->arena, counts[i]));
    }
    return rc;
}

enum err push_begin(struct live *l)
{
    struct arena *a = arena_new();
    struct db_session db;
    int64_t newest;
    db_session_init(&db, l->service->db, a);
    enum err rc = notification_store_newest(&db, &newest);
    if (rc == ERR_OK)
        live_begin(l, newest);
    arena_free(a);
    return rc;
}

static void push_one(struct live *l, struct arena *a, const struct missed *m)
{
    const struct notification *n = &m->notification;
    const struct event_notification e = {.id = n->id,
                                         .change_id = m->is_change ? m->id : JSON_NO_INT,
                                         .user_id = n->user_id,
                                         .type = n->type,
                                         .title = n->title,
                                         .message = n->message,
                                         .ticket_number = n->ticket_number,
                                         .is_read = n->is_read ? JSON_TRUE : JSON_FALSE,
                                         .created_at = n->created_at};
    if (m->is_change)
        push_changed(l, a, &e);
    else
        push_notification(l, a, &e);
}

enum err push_missed(struct live *l, int64_t *after, bool *is_last)
{
    struct arena *a = arena_new();
    struct db_session db;
    struct missed_list missed;
    db_session_init(&db, l->service->db, a);
    enum err rc = notification_store_missed(&db, *after, PAGE, &missed);
    for (size_t i = 0; rc == ERR_OK && i < missed.count; i++) {
        push_one(l, a, &missed.items[i]);
        *after = missed.items[i].id;
    }
    bool is_all = rc == ERR_OK && missed.count < PAGE;
    if (is_all)
        rc = push_all_counts(l, &db);
    *is_last = is_all && rc == ERR_OK;
    arena_free(a);
    return rc;
}

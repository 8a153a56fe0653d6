/* Files of whatever a client names by entity_type and entity_id; those of a ticket follow its
 * rules. */
#include "actor.h"
#include "api/access.h"
#include "api/media_handlers.h"
#include "api/media_json.h"
#include "api/media_keep.h"
#include "api/media_schemas.h"
#include "api/media_send.h"
#include "api/write.h"
#include "buf.h"
#include "clock.h"
#include "events/publish.h"
#include "service.h"
#include "state.h"
#include "store/ticket_store.h"

#define BULK_FILES_MAX 20
#define MINE_DEFAULT 50
#define MINE_MAX 100
#define REASSIGN_MAX 100

/* ---- uploading ---------------------------------------------------------------------------- */

struct placing {
    struct media_target target;
    const struct upload_set *set;
    bool is_bulk;
};

static enum err CO_FN place(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct placing *x = arg;
    struct media_file f = {0};
    struct json_writer w;
    struct buf b;
    enum err rc = ERR_OK;

    buf_init(&b, r->arena);
    jw_init(&w, &b);
    if (x->is_bulk) {
        jw_object(&w);
        JW_BOOL(&w, "success", true);
        JW_INT(&w, "count", (int64_t)x->set->count);
        JW_KEY(&w, "data");
        jw_array(&w);
    }
    for (size_t i = 0; i < x->set->count; i++) {
        rc = media_keep(r, s, &x->target, &x->set->files[i], &f);
        if (rc)
            return rc;
        media_json_file(&w, &f);
    }
    *out = (struct answer){.status = 201};
    if (x->is_bulk) {
        jw_end_array(&w);
        jw_end_object(&w);
    } else {
        out->location = str_printf(r->arena, "/api/v1/media/%lld", (long long)f.id);
    }
    out->body = buf_str(&b);
    return ERR_OK;
}

/* What tells one request from another under the same Idempotency-Key. */
static struct str identity_of(struct req *r, const struct upload_set *set)
{
    const struct upload_fields *f = &set->fields;
    struct buf b;

    buf_init(&b, r->arena);
    for (size_t i = 0; i < set->count; i++)
        buf_printf(&b, "%.*s %.*s\n", STR_ARG(set->files[i].sha256),
                   STR_ARG(set->files[i].filename));
    buf_printf(&b, "%.*s\n%.*s\n%.*s\n%.*s", STR_ARG(f->entity_type), STR_ARG(f->entity_id),
               STR_ARG(f->alt_text), STR_ARG(f->is_public));
    return buf_str(&b);
}

static enum err CO_FN receive(struct req *r, int max_files)
{
    struct upload_wish wish = {.max_bytes = helpdesk_of(r)->config->upload_max_bytes,
                               .max_files = max_files};
    struct upload_set set;
    struct placing x = {.set = &set, .is_bulk = max_files > 1};
    struct db_session *s;
    enum err rc = upload_receive(r, &wish, &set);

    if (rc == ERR_OK)
        rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = media_target_read(r, s, &set.fields, &x.target);
    for (size_t i = 0; rc == ERR_OK && i < set.count; i++)
        rc = upload_keep(r, &set.files[i]);
    return rc ? rc : write_run(r, identity_of(r, &set), place, &x);
}

enum err media_post(struct req *r)
{
    return receive(r, 1);
}

enum err media_bulk_post(struct req *r)
{
    return receive(r, BULK_FILES_MAX);
}

/* ---- reading ------------------------------------------------------------------------------ */

static bool sees_all(const struct req *r)
{
    return actor_may(r->actor, PERM_TICKET_READ_ALL);
}

enum err media_get(struct req *r)
{
    struct media_file f;
    struct db_session *s;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = access_file(r, s, &f);
    return rc ? rc : media_send(r, &f);
}

enum err media_info(struct req *r)
{
    struct media_file f;
    struct db_session *s;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = access_file(r, s, &f);
    if (rc)
        return rc;
    media_json_file(req_json_begin(r), &f);
    return req_json_end(r, 200);
}

/* A page of a ticket's files; a ticket has few. */
static enum err CO_FN page_of_ticket(struct req *r, struct db_session *s, struct str id,
                                     const struct file_page *p, struct media_file **out,
                                     size_t *count, int64_t *total)
{
    struct media_file *all;
    struct ticket t;
    size_t n, from = 0;
    enum err rc = media_find_ticket(r, s, id, &t);

    if (rc == ERR_OK)
        rc = file_store_of_ticket(s, t.id, &all, &n);
    if (rc)
        return rc;
    *total = p->after_id == TICKET_NONE ? (int64_t)n : TICKET_NONE;
    while (from < n && ((int64_t)from < p->skip || all[from].id <= p->after_id))
        from++;
    *out = all + from;
    *count = n - from < (size_t)p->limit ? n - from : (size_t)p->limit;
    return ERR_OK;
}

static enum err CO_FN find_page(struct req *r, struct db_session *s, const struct media_query *q,
                                const struct file_page *p, struct media_file **out, size_t *count,
                                int64_t *total)
{
    struct file_entity e = {q->entity_type, q->entity_id, sees_all(r) ? TICKET_NONE : viewer_of(r)};

    if (str_eq(e.type, STR("ticket")))
        return page_of_ticket(r, s, e.id, p, out, count, total);
    if (e.type.len > 0)
        return file_store_of_entity(s, &e, p, out, count, total);
    return file_store_of_uploader(s, viewer_of(r), p, out, count, total);
}

enum err media_list(struct req *r)
{
    const struct media_query *q = r->query_args;
    struct media_file *files;
    struct page_found found = {0};
    struct cursor last = {0};
    struct file_page part;
    struct json_writer *w;
    struct db_session *s;
    struct page p;
    enum err rc = page_read(r, &q->page, &p);

    if (rc == ERR_OK)
        rc = media_check_entity(r, "entity_type", q->entity_type, "entity_id", q->entity_id);
    if (rc == ERR_OK)
        rc = req_db(r, &s);
    if (rc)
        return rc;
    part = (struct file_page){p.is_continued ? p.after.id : TICKET_NONE, p.skip, page_limit(&p)};
    rc = find_page(r, s, q, &part, &files, &found.count, &found.total);
    if (rc == ERR_OK)
        rc = page_check_depth(r, &p, found.total);
    if (rc)
        return rc;
    if (page_shown(&p, &found))
        last.id = files[page_shown(&p, &found) - 1].id;
    w = page_begin(r, &p, &found, &last);
    for (size_t i = 0; i < page_shown(&p, &found); i++)
        media_json_file(w, &files[i]);
    return page_end(r, w);
}

enum err media_mine(struct req *r)
{
    const struct media_mine_query *q = r->query_args;
    struct file_page newest = {TICKET_NONE, 0, q->limit == JSON_NO_INT ? MINE_DEFAULT : q->limit};
    int64_t total;
    struct media_file *files;
    struct json_writer *w;
    struct db_session *s;
    size_t count;
    enum err rc = req_db(r, &s);

    if (newest.limit > MINE_MAX)
        newest.limit = MINE_MAX;
    if (rc == ERR_OK)
        rc = file_store_of_uploader(s, viewer_of(r), &newest, &files, &count, &total);
    if (rc)
        return rc;
    w = req_json_begin(r);
    jw_object(w);
    JW_BOOL(w, "success", true);
    JW_INT(w, "total", total);
    JW_KEY(w, "data");
    jw_array(w);
    for (size_t i = 0; i < count; i++)
        media_json_file(w, &files[i]);
    jw_end_array(w);
    jw_end_object(w);
    return req_json_end(r, 200);
}

/* ---- removing ----------------------------------------------------------------------------- */

static enum err CO_FN remove_from_ticket(struct req *r, struct db_session *s,
                                         const struct media_file *found)
{
    struct media_file f;
    struct cause cause;
    struct ticket t;
    enum err rc = ticket_store_lock_id(s, found->ticket_id, viewer_of(r), &t);

    /* Another request may have removed it before the lock was had. */
    if (rc == ERR_OK)
        rc = file_store_by_id(s, found->id, &f);
    if (rc)
        return rc;
    if (f.uploader_id != viewer_of(r) && !ticket_may_work(r->actor, &t))
        return ERR_FORBIDDEN;
    cause_from_request(&cause, r);
    rc = file_store_detach(s, &t, &f, &cause, clock_wall_us());
    return rc ? rc : publish_ticket_updated(s, &t, &cause);
}

static enum err CO_FN remove_file(struct req *r, struct db_session *s, void *arg,
                                  struct answer *out)
{
    struct media_file f;
    enum err rc = access_file(r, s, &f);

    if (rc)
        return rc;
    out->body = STR("{\"success\":true,\"message\":\"file deleted successfully\"}");
    if (f.ticket_id != TICKET_NONE)
        return remove_from_ticket(r, s, &f);
    if (f.uploader_id != viewer_of(r) && !actor_is_admin(r->actor))
        return ERR_FORBIDDEN;
    return file_store_remove(s, f.id, clock_wall_us());
}

enum err media_delete(struct req *r)
{
    return write_run(r, STR(""), remove_file, NULL);
}

/* ---- from one entity to another ----------------------------------------------------------- */

struct move {
    struct str from_type, from_id, to_type, to_id;
    struct str to_number; /* of a ticket */
};

static enum err CO_FN move_one(struct req *r, struct db_session *s, const struct move *x,
                               struct ticket *t, struct media_file *f)
{
    struct cause cause;

    if (x->to_number.p)
        return media_attach_existing(r, s, t, f);
    cause_from_request(&cause, r);
    return file_store_move(s, f->id, x->to_type, x->to_id, &cause);
}

static enum err CO_FN move_all(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct move *x = arg;
    struct media_file *files;
    struct ticket t;
    size_t count = REASSIGN_MAX, total = 0;
    enum err rc = ERR_OK;

    if (x->to_number.p)
        rc = ticket_store_lock_number(s, x->to_number, viewer_of(r), &t);
    while (rc == ERR_OK && count == REASSIGN_MAX) {
        rc = file_store_lock_entity(s, x->from_type, x->from_id, viewer_of(r), REASSIGN_MAX, &files,
                                    &count);
        for (size_t i = 0; rc == ERR_OK && i < count; i++)
            rc = move_one(r, s, x, &t, &files[i]);
        total += count;
    }
    out->body = str_printf(r->arena, "{\"success\":true,\"count\":%zu}", total);
    return rc;
}

enum err media_reassign(struct req *r)
{
    const struct media_reassign_body *b = r->body;
    struct move x = {b->from_entity_type, b->from_entity_id, b->to_entity_type, b->to_entity_id,
                     STR_NULL};
    struct db_session *s;
    struct ticket t;
    enum err rc =
        media_check_entity(r, "from_entity_type", x.from_type, "from_entity_id", x.from_id);

    if (rc == ERR_OK)
        rc = media_check_entity(r, "to_entity_type", x.to_type, "to_entity_id", x.to_id);
    if (rc == ERR_OK && str_eq(x.from_type, STR("ticket"))) {
        req_field_error(r, "from_entity_type", "must not be ticket: its files stay with it");
        rc = ERR_VALIDATION_ERROR;
    }
    if (rc == ERR_OK)
        rc = req_db(r, &s);
    if (rc == ERR_OK && str_eq(x.to_type, STR("ticket"))) {
        rc = media_find_ticket(r, s, x.to_id, &t);
        x.to_number = t.number;
    } else if (rc == ERR_OK && str_eq(x.to_type, x.from_type) && str_eq(x.to_id, x.from_id)) {
        req_field_error(r, "to_entity_id", "is where the files are");
        rc = ERR_VALIDATION_ERROR;
    }
    return rc ? rc : write_run(r, req_body_text(r), move_all, &x);
}

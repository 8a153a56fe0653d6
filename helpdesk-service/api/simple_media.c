#include "actor.h"
#include "api/access.h"
#include "api/media_handlers.h"
#include "api/media_json.h"
#include "api/media_keep.h"
#include "api/media_send.h"
#include "api/simple.h"
#include "api/write.h"
#include "buf.h"
#include "clock.h"
#include "events/publish.h"
#include "service.h"
#include "state.h"
#include "store/ticket_store.h"

/* What that surface documents as its limit. */
#define SIMPLE_MAX_BYTES ((10LL << 20) - 1)

/* ---- uploading ---------------------------------------------------------------------------- */

struct placing {
    const struct upload *upload;
    int64_t ticket_id;
};

static enum err CO_FN attach(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct placing *x = arg;
    struct media_file f = {.filename = x->upload->filename,
                           .content_type = x->upload->content_type,
                           .size = x->upload->size,
                           .sha256 = x->upload->sha256};
    struct json_writer w;
    struct ticket t;
    struct buf b;
    enum err rc = simple_lock(r, s, x->ticket_id, &t);

    if (rc == ERR_OK)
        rc = media_attach(r, s, &t, &f);
    if (rc)
        return rc;
    buf_init(&b, r->arena);
    jw_init(&w, &b);
    media_json_simple(&w, &f, true);
    *out = (struct answer){.status = 201, .body = buf_str(&b)};
    return ERR_OK;
}

/* A ticket one may not see does not exist. */
static enum err CO_FN find_ticket(struct req *r, struct db_session *s, int64_t id,
                                  struct ticket *out)
{
    enum err rc = ticket_store_by_id(s, id, viewer_of(r), out);

    if (rc)
        return rc;
    return simple_may_view(r, out) ? ERR_OK : ERR_TICKET_NOT_FOUND;
}

enum err simple_media_post(struct req *r)
{
    int64_t max = helpdesk_of(r)->config->upload_max_bytes;
    struct upload_wish wish = {.max_bytes = max < SIMPLE_MAX_BYTES ? max : SIMPLE_MAX_BYTES,
                               .max_files = 1,
                               .is_form_only = true};
    struct upload_set set;
    struct placing x;
    struct db_session *s;
    struct ticket t;
    enum err rc = upload_receive(r, &wish, &set);

    if (rc)
        return rc;
    if (set.fields.ticket_id.len == 0)
        return refuse(r, ERR_INVALID_INPUT, "ticket_id is required");
    if (!simple_number(set.fields.ticket_id, &x.ticket_id))
        return refuse(r, ERR_INVALID_INPUT, "invalid ticket_id");
    x.upload = &set.files[0];
    rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = find_ticket(r, s, x.ticket_id, &t);
    if (rc == ERR_OK)
        rc = upload_keep(r, x.upload);
    if (rc)
        return rc;
    return write_run(r,
                     str_printf(r->arena, "%lld %.*s %.*s", (long long)x.ticket_id,
                                STR_ARG(x.upload->sha256), STR_ARG(x.upload->filename)),
                     attach, &x);
}

/* ---- reading ------------------------------------------------------------------------------ */

/* Newest first; nothing where there is nothing to see. */
enum err simple_media_list(struct req *r)
{
    struct media_file *files = NULL;
    struct json_writer *w;
    struct db_session *s;
    struct ticket t;
    size_t count = 0;
    int64_t id;
    enum err rc;

    if (!simple_number(req_param(r, "ticket_id"), &id))
        return refuse(r, ERR_INVALID_INPUT, "invalid ticket id");
    rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = find_ticket(r, s, id, &t);
    if (rc == ERR_OK)
        rc = file_store_of_ticket(s, id, &files, &count);
    if (rc && rc != ERR_TICKET_NOT_FOUND)
        return rc;
    w = req_json_begin(r);
    jw_object(w);
    JW_KEY(w, "files");
    jw_array(w);
    while (count > 0)
        media_json_simple(w, &files[--count], false);
    jw_end_array(w);
    jw_end_object(w);
    return req_json_end(r, 200);
}

/* The file of the path and its ticket; what one may not see does not exist. */
static enum err CO_FN find_file(struct req *r, struct db_session *s, struct media_file *out)
{
    struct ticket t;
    int64_t id;
    enum err rc = simple_id(r, "invalid file id", &id);

    if (rc == ERR_OK)
        rc = file_store_by_id(s, id, out);
    if (rc)
        return rc;
    if (out->ticket_id == TICKET_NONE)
        return out->is_public || out->uploader_id == viewer_of(r) ? ERR_OK : ERR_NOT_FOUND;
    rc = find_ticket(r, s, out->ticket_id, &t);
    return rc == ERR_TICKET_NOT_FOUND ? ERR_NOT_FOUND : rc;
}

enum err simple_media_get(struct req *r)
{
    struct media_file f;
    struct db_session *s;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = find_file(r, s, &f);
    if (rc)
        return rc;
    rc = media_send(r, &f);
    return rc == ERR_NOT_FOUND ? refuse(r, rc, "file not found on disk") : rc;
}

/* ---- removing ----------------------------------------------------------------------------- */

static enum err CO_FN detach(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct media_file f;
    struct cause cause;
    struct ticket t;
    enum err rc = find_file(r, s, &f);

    if (rc)
        return rc;
    if (f.uploader_id != viewer_of(r) && !actor_is_staff(r->actor))
        return ERR_FORBIDDEN;
    out->body = STR("{\"message\":\"file deleted successfully\"}");
    if (f.ticket_id == TICKET_NONE)
        return file_store_remove(s, f.id, clock_wall_us());
    rc = ticket_store_lock_id(s, f.ticket_id, viewer_of(r), &t);
    /* Whoever was faster has the ticket's lock no more, and the file is gone. */
    if (rc == ERR_OK)
        rc = file_store_by_id(s, f.id, &f);
    if (rc)
        return rc;
    cause_from_request(&cause, r);
    rc = file_store_detach(s, &t, &f, &cause, clock_wall_us());
    return rc ? rc : publish_ticket_updated(s, &t, &cause);
}

enum err simple_media_delete(struct req *r)
{
    return write_run(r, STR(""), detach, NULL);
}

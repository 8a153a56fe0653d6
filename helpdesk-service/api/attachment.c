#include "actor.h"
#include "api/access.h"
#include "api/media_handlers.h"
#include "api/media_json.h"
#include "api/media_keep.h"
#include "api/media_send.h"
#include "api/write.h"
#include "buf.h"
#include "clock.h"
#include "events/publish.h"
#include "page.h"
#include "service.h"
#include "state.h"

enum err attachment_list(struct req *r)
{
    struct media_file *files;
    struct json_writer *w;
    struct db_session *s;
    struct ticket t;
    size_t count;
    enum err rc = access_ticket(r, &s, &t);

    if (rc == ERR_OK)
        rc = file_store_of_ticket(s, t.id, &files, &count);
    if (rc)
        return rc;
    w = page_begin_whole(r, count);
    for (size_t i = 0; i < count; i++)
        media_json_attachment(w, &files[i]);
    return page_end(r, w);
}

/* ---- adding ------------------------------------------------------------------------------- */

static enum err CO_FN attach(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct upload *u = arg;
    struct media_file f = {.filename = u->filename,
                           .content_type = u->content_type,
                           .size = u->size,
                           .sha256 = u->sha256};
    struct json_writer w;
    struct ticket t;
    struct buf b;
    enum err rc = access_lock(r, s, &t);

    if (rc == ERR_OK)
        rc = media_attach(r, s, &t, &f);
    if (rc)
        return rc;
    buf_init(&b, r->arena);
    jw_init(&w, &b);
    media_json_attachment(&w, &f);
    *out = (struct answer){.status = 201, .body = buf_str(&b), .location = f.url};
    return ERR_OK;
}

enum err attachment_post(struct req *r)
{
    struct upload_wish wish = {.max_bytes = helpdesk_of(r)->config->upload_max_bytes,
                               .max_files = 1};
    struct upload_set set;
    struct db_session *s;
    struct ticket t;
    enum err rc = access_ticket(r, &s, &t);

    if (rc == ERR_OK)
        rc = upload_receive(r, &wish, &set);
    if (rc == ERR_OK)
        rc = upload_keep(r, &set.files[0]);
    if (rc)
        return rc;
    return write_run(r,
                     str_printf(r->arena, "%.*s %.*s", STR_ARG(set.files[0].sha256),
                                STR_ARG(set.files[0].filename)),
                     attach, &set.files[0]);
}

/* ---- reading ------------------------------------------------------------------------------ */

/* The file of the path, if it is the ticket's. */
static enum err CO_FN find_file(struct req *r, struct db_session *s, const struct ticket *t,
                                struct media_file *out)
{
    int64_t id;
    enum err rc;

    if (!req_param_int(r, "id", &id))
        return ERR_NOT_FOUND;
    rc = file_store_by_id(s, id, out);
    if (rc)
        return rc;
    return out->ticket_id == t->id ? ERR_OK : ERR_NOT_FOUND;
}

enum err attachment_get(struct req *r)
{
    struct media_file f;
    struct db_session *s;
    struct ticket t;
    enum err rc = access_ticket(r, &s, &t);

    if (rc == ERR_OK)
        rc = find_file(r, s, &t, &f);
    return rc ? rc : media_send(r, &f);
}

enum err attachment_get_by_name(struct req *r)
{
    struct str filename = req_param(r, "filename");
    struct media_file f;
    struct db_session *s;
    struct ticket t;
    enum err rc = access_ticket(r, &s, &t);

    if (rc)
        return rc;
    if (!str_is_utf8(filename))
        return ERR_NOT_FOUND;
    rc = file_store_by_name(s, t.id, filename, &f);
    return rc ? rc : media_send(r, &f);
}

/* ---- removing ----------------------------------------------------------------------------- */

static enum err CO_FN detach(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct media_file f;
    struct cause cause;
    struct ticket t;
    enum err rc = access_lock(r, s, &t);

    if (rc == ERR_OK)
        rc = find_file(r, s, &t, &f);
    if (rc)
        return rc;
    if (f.uploader_id != viewer_of(r) && !ticket_may_work(r->actor, &t))
        return ERR_FORBIDDEN;
    cause_from_request(&cause, r);
    rc = file_store_detach(s, &t, &f, &cause, clock_wall_us());
    out->body = STR("{\"message\":\"file deleted successfully\"}");
    return rc ? rc : publish_ticket_updated(s, &t, &cause);
}

enum err attachment_delete(struct req *r)
{
    return write_run(r, STR(""), detach, NULL);
}

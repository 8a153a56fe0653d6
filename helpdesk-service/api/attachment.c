#include "actor.h"
#include "api/access.h"
#include "api/handlers.h"
#include "api/ticket_json.h"
#include "api/upload.h"
#include "api/write.h"
#include "buf.h"
#include "domain/filename.h"
#include "encode.h"
#include "events/publish.h"
#include "service.h"
#include "state.h"

enum err attachment_list(struct req *r)
{
    struct attachment *attachments;
    struct json_writer *w;
    struct db_session *s;
    struct ticket t;
    size_t count;
    enum err rc = access_ticket(r, &s, &t);

    if (rc == ERR_OK)
        rc = attachment_store_list(s, t.id, &attachments, &count);
    if (rc)
        return rc;
    w = req_json_begin(r);
    jw_object(w);
    JW_INT(w, "count", (int64_t)count);
    JW_NULL(w, "next");
    JW_NULL(w, "previous");
    JW_KEY(w, "results");
    jw_array(w);
    for (size_t i = 0; i < count; i++)
        ticket_json_attachment(w, &attachments[i]);
    jw_end_array(w);
    jw_end_object(w);
    return req_json_end(r, 200);
}

/* ---- uploading ---------------------------------------------------------------------------- */

static struct str url_of(struct arena *a, struct str number, struct str filename)
{
    struct buf b;

    buf_init(&b, a);
    buf_printf(&b, "/media/tickets/%.*s/", STR_ARG(number));
    percent_encode(&b, filename);
    return buf_str(&b);
}

static enum err CO_FN attach(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct upload *u = arg;
    struct attachment a = {.content_type = u->content_type, .size = u->size, .sha256 = u->sha256};
    const struct str *taken;
    struct json_writer w;
    struct cause cause;
    struct ticket t;
    struct buf b;
    size_t count;
    int64_t bytes;
    enum err rc = access_lock(r, s, &t);

    if (rc == ERR_OK)
        rc = attachment_store_usage(s, t.id, &bytes, &taken, &count);
    if (rc)
        return rc;
    if (bytes + u->size > helpdesk_of(r)->config->upload_ticket_max_bytes)
        return refuse(r, ERR_PAYLOAD_TOO_LARGE, "The ticket has no room for this file");
    a.filename = filename_unique(r->arena, u->filename, taken, count);
    a.url = url_of(r->arena, t.number, a.filename);
    cause_from_request(&cause, r);
    rc = attachment_store_add(s, &t, &a, &cause);
    if (rc == ERR_OK)
        rc = publish_ticket_updated(s, &t, &cause);
    if (rc)
        return rc;
    buf_init(&b, r->arena);
    jw_init(&w, &b);
    ticket_json_attachment(&w, &a);
    *out = (struct answer){.status = 201, .body = buf_str(&b), .location = a.url};
    return ERR_OK;
}

enum err attachment_post(struct req *r)
{
    struct db_session *s;
    struct upload u;
    struct ticket t;
    enum err rc = access_ticket(r, &s, &t);

    if (rc == ERR_OK)
        rc = upload_receive(r, &u);
    if (rc)
        return rc;
    return write_run(r, str_printf(r->arena, "%.*s %.*s", STR_ARG(u.sha256), STR_ARG(u.filename)),
                     attach, &u);
}

/* ---- downloading -------------------------------------------------------------------------- */

/* Never shown by the browser as a page of this site, whatever its type. */
static enum err CO_FN send_file(struct req *r, const struct attachment *a)
{
    struct str etag = str_printf(r->arena, "\"%.*s\"", STR_ARG(a->sha256)), piece;
    struct blob_reader *blob;
    struct buf disposition;
    enum err rc;

    req_set_header(r, "ETag", etag);
    req_set_header(r, "Cache-Control", STR("private, no-cache"));
    if (str_eq(req_header(r, "If-None-Match"), etag))
        return req_reply_empty(r, 304);
    rc = blob_open(helpdesk_of(r)->blobs, r->arena, a->sha256, &blob);
    if (rc)
        return rc;
    buf_init(&disposition, r->arena);
    BUF_LIT(&disposition, "attachment; filename*=UTF-8''");
    percent_encode(&disposition, a->filename);
    req_set_header(r, "Content-Disposition", buf_str(&disposition));
    req_set_header(r, "X-Content-Type-Options", STR("nosniff"));
    req_set_header(r, "Content-Security-Policy", STR("sandbox; default-src 'none'"));
    rc = req_stream_begin(r, 200, str_cstr(r->arena, a->content_type), a->size);
    while (rc == ERR_OK) {
        rc = blob_read(blob, &piece);
        if (rc || piece.len == 0)
            break;
        rc = req_stream_write(r, piece);
    }
    return rc ? rc : req_stream_end(r);
}

enum err attachment_get(struct req *r)
{
    struct attachment a;
    struct db_session *s;
    struct ticket t;
    int64_t id;
    enum err rc = access_ticket(r, &s, &t);

    if (rc)
        return rc;
    if (!req_param_int(r, "id", &id))
        return ERR_NOT_FOUND;
    rc = attachment_store_by_id(s, t.id, id, &a);
    return rc ? rc : send_file(r, &a);
}

enum err attachment_get_by_name(struct req *r)
{
    struct str filename = req_param(r, "filename");
    struct attachment a;
    struct db_session *s;
    struct ticket t;
    enum err rc = access_ticket(r, &s, &t);

    if (rc)
        return rc;
    if (!str_is_utf8(filename))
        return ERR_NOT_FOUND;
    rc = attachment_store_by_name(s, t.id, filename, &a);
    return rc ? rc : send_file(r, &a);
}

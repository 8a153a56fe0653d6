#include "api/upload.h"

#include "api/write.h"
#include "domain/filename.h"
#include "media/multipart.h"
#include "service.h"
#include "state.h"

/* What a form adds around the file. */
#define FORM_OVERHEAD 65536

struct reception {
    struct req *r;
    const struct helpdesk *helpdesk;
    struct upload *out;
    struct blob_writer *blob; /* NULL outside of the file */
    bool has_file;
};

static bool is_allowed_type(struct str allowed, struct str type)
{
    struct str one;

    while (str_next(&allowed, ' ', &one))
        if (one.len && str_ieq(one, type))
            return true;
    return false;
}

/* The media type without parameters. */
static struct str media_type(struct arena *a, struct str content_type)
{
    ptrdiff_t semicolon = str_index(content_type, ';', 0);

    if (semicolon >= 0)
        content_type = str_slice(content_type, 0, (size_t)semicolon);
    return str_lower(a, str_trim(content_type));
}

static enum err CO_FN begin_part(void *arg, const struct multipart_part *part)
{
    struct reception *x = arg;
    struct req *r = x->r;

    x->blob = NULL;
    if (!str_eq(part->name, STR("file")) || !part->filename.p)
        return ERR_OK;
    if (x->has_file)
        return refuse(r, ERR_INVALID_INPUT, "One file at a time");
    x->has_file = true;
    if (!str_is_utf8(part->filename)) {
        req_field_error(r, "file", "has a name that is not UTF-8");
        return ERR_INVALID_INPUT;
    }
    x->out->filename = filename_clean(r->arena, part->filename);
    x->out->content_type = media_type(r->arena, part->content_type);
    if (!is_allowed_type(x->helpdesk->config->upload_types, x->out->content_type))
        return refuse(r, ERR_UNSUPPORTED_MEDIA_TYPE, "Files of this type cannot be attached");
    return blob_begin(x->helpdesk->blobs, r->arena, &x->blob);
}

static enum err CO_FN take_data(void *arg, struct str piece)
{
    struct reception *x = arg;

    if (!x->blob)
        return ERR_OK;
    x->out->size += (int64_t)piece.len;
    if (x->out->size > x->helpdesk->config->upload_max_bytes)
        return ERR_PAYLOAD_TOO_LARGE;
    return blob_write(x->blob, piece);
}

static enum err CO_FN end_part(void *arg)
{
    struct reception *x = arg;

    return x->blob ? blob_commit(x->blob, &x->out->sha256, &x->out->size) : ERR_OK;
}

enum err upload_receive(struct req *r, struct upload *out)
{
    struct reception x = {.r = r, .helpdesk = helpdesk_of(r), .out = out};
    struct multipart_sink sink = {begin_part, take_data, end_part, &x};
    struct str boundary = multipart_boundary(r->arena, req_header(r, "Content-Type"));
    struct multipart *form;
    struct str piece;
    int64_t length;
    enum err rc = ERR_OK;

    *out = (struct upload){0};
    if (!boundary.p)
        return ERR_UNSUPPORTED_MEDIA_TYPE;
    if (str_to_i64(req_header(r, "Content-Length"), &length) &&
        length - FORM_OVERHEAD > x.helpdesk->config->upload_max_bytes)
        return ERR_PAYLOAD_TOO_LARGE;
    form = multipart_new(r->arena, boundary, &sink);
    while (rc == ERR_OK) {
        rc = req_body_next(r, &piece);
        if (rc || !piece.p)
            break;
        rc = multipart_feed(form, piece);
    }
    if (rc == ERR_OK)
        rc = multipart_finish(form);
    if (rc == ERR_OK && !x.has_file) {
        req_field_error(r, "file", "is required");
        return ERR_INVALID_INPUT;
    }
    return rc;
}

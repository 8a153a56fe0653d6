/*
 * Uploads that come in parts: created with the file's size, sent part by part in any order and as
 * often as needed, to whichever replica, then completed.
 */
#include "actor.h"
#include "api/access.h"
#include "api/media_handlers.h"
#include "api/media_json.h"
#include "api/media_keep.h"
#include "api/media_schemas.h"
#include "api/write.h"
#include "buf.h"
#include "clock.h"
#include "domain/file_type.h"
#include "encode.h"
#include "rand.h"
#include "service.h"
#include "state.h"
#include "store/upload_store.h"

#define OPEN_MAX 20 /* unfinished uploads of a person */
#define ID_BYTES 16
#define MISSING_SHOWN 1000
/* Who puts an upload together has this long before another request may try. */
#define CLAIM_US (30 * US_PER_S)
#define RETRY_S 1

/* The caller's upload of the path. */
static enum err CO_FN find_upload(struct req *r, struct db_session **s, struct upload_plan *out)
{
    struct str id = req_param(r, "upload_id");
    uint8_t bytes[ID_BYTES];
    enum err rc = req_db(r, s);

    if (rc)
        return rc;
    if (id.len != (size_t)2 * ID_BYTES || !hex_decode(id, bytes, sizeof bytes))
        return ERR_NOT_FOUND;
    return upload_store_get(*s, str_lower(r->arena, id), viewer_of(r), r->now, out);
}

/* ---- creating ----------------------------------------------------------------------------- */

static void write_plan(struct json_writer *w, const struct upload_plan *u)
{
    JW_STR(w, "upload_id", u->id);
    JW_STR(w, "file_name", u->filename);
    JW_STR(w, "mime_type", u->content_type);
    JW_INT(w, "file_size", u->size);
    JW_INT(w, "chunk_size", u->chunk_size);
    JW_INT(w, "total_chunks", upload_chunks(u));
    JW_TIME(w, "expires_at", u->expires_at);
}

static enum err CO_FN add_plan(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct upload_plan *u = arg;
    struct json_writer w;
    struct buf b;
    enum err rc = upload_store_add(s, u, OPEN_MAX);

    if (rc == ERR_CONFLICT)
        return refuse(r, rc, "Too many unfinished uploads; complete or abort one first");
    if (rc)
        return rc;
    buf_init(&b, r->arena);
    jw_init(&w, &b);
    jw_object(&w);
    write_plan(&w, u);
    jw_end_object(&w);
    *out = (struct answer){
        .status = 201,
        .body = buf_str(&b),
        .location = str_printf(r->arena, "/api/v1/media/uploads/%.*s", STR_ARG(u->id)),
    };
    return ERR_OK;
}

/* Fills the plan from the body. */
static enum err CO_FN read_plan(struct req *r, const struct media_upload_body *b,
                                struct upload_plan *u)
{
    const struct helpdesk_config *config = helpdesk_of(r)->config;
    struct upload_fields f = {
        .entity_type = b->entity_type,
        .entity_id = b->entity_id,
        .alt_text = b->alt_text,
        .is_public = b->is_public == JSON_TRUE ? STR("true") : STR_NULL,
    };
    struct media_target target;
    struct db_session *s;
    enum err rc = upload_filename(r, "file_name", b->file_name, &u->filename);

    u->content_type = file_type_declared(r->arena, b->mime_type);
    if (rc == ERR_OK)
        rc = upload_check_declared(r, u->content_type);
    if (rc == ERR_OK && b->file_size > config->upload_max_bytes)
        rc = ERR_PAYLOAD_TOO_LARGE;
    if (rc == ERR_OK)
        rc = upload_digest(r, b->sha256.len ? b->sha256 : STR_NULL, &u->sha256);
    if (rc == ERR_OK)
        rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = media_target_read(r, s, &f, &target);
    if (rc)
        return rc;
    u->size = b->file_size;
    u->chunk_size = config->upload_chunk_bytes;
    u->ticket_id = target.ticket_id;
    u->entity_type = target.entity_type;
    u->entity_id = target.entity_id;
    u->alt_text = target.alt_text;
    u->is_public = target.is_public;
    u->created_at = r->now;
    u->expires_at = r->now + config->upload_expiry_s * US_PER_S;
    return ERR_OK;
}

enum err media_upload_post(struct req *r)
{
    char id[2 * ID_BYTES + 1];
    struct upload_plan u = {.id = str_n(id, 2 * (size_t)ID_BYTES), .owner_id = viewer_of(r)};
    enum err rc = read_plan(r, r->body, &u);

    if (rc)
        return rc;
    rand_hex(id, ID_BYTES);
    /* The folder first: the row promises it. Without a row it is collected. */
    rc = media_make_parts(helpdesk_of(r)->media, u.id);
    return rc ? rc : write_run(r, req_body_text(r), add_plan, &u);
}

/* ---- state -------------------------------------------------------------------------------- */

static void write_missing(struct json_writer *w, const int64_t *missing, size_t count)
{
    jw_array(w);
    for (size_t i = 0; i < count; i++)
        jw_int(w, missing[i]);
    jw_end_array(w);
}

enum err media_upload_get(struct req *r)
{
    const int64_t *missing = NULL;
    struct upload_plan u;
    struct json_writer *w;
    struct db_session *s;
    size_t count = 0;
    int64_t received = 0;
    enum err rc = find_upload(r, &s, &u);

    if (rc == ERR_OK && u.file_id == UPLOAD_NONE)
        rc = upload_store_missing(s, &u, MISSING_SHOWN, &missing, &count, &received);
    if (rc)
        return rc;
    if (u.file_id != UPLOAD_NONE)
        received = upload_chunks(&u);
    w = req_json_begin(r);
    jw_object(w);
    write_plan(w, &u);
    JW_STR(w, "status", u.file_id == UPLOAD_NONE ? STR("uploading") : STR("completed"));
    JW_INT(w, "received_chunks", received);
    JW_KEY(w, "missing_chunks");
    write_missing(w, missing, count);
    JW_KEY(w, "media_id");
    if (u.file_id == UPLOAD_NONE)
        jw_null(w);
    else
        jw_int(w, u.file_id);
    jw_end_object(w);
    return req_json_end(r, 200);
}

/* ---- parts -------------------------------------------------------------------------------- */

/* Refuses what is not exactly the part, before it is read where that can be told. */
static enum err check_length(struct req *r, int64_t wanted)
{
    int64_t length;

    if (!str_to_i64(req_header(r, "Content-Length"), &length) || length == wanted)
        return ERR_OK;
    req_field_error(r, "chunk", "does not have the length of this part");
    req_detail(r, "expected_bytes", str_printf(r->arena, "%lld", (long long)wanted));
    return ERR_VALIDATION_ERROR;
}

static enum err CO_FN receive_part(struct req *r, int64_t wanted, struct media_writer *w)
{
    struct media_store *media = helpdesk_of(r)->media;
    struct str piece, digest, given = STR_NULL;
    int64_t size = 0;
    enum err rc = upload_content_digest(r, &given);

    while (rc == ERR_OK) {
        rc = req_body_next(r, &piece);
        if (rc || !piece.p)
            break;
        size += (int64_t)piece.len;
        if (size > wanted)
            break;
        rc = media_write(media, w, piece);
    }
    if (rc)
        return rc;
    if (size != wanted) {
        req_field_error(r, "chunk", "does not have the length of this part");
        return ERR_VALIDATION_ERROR;
    }
    rc = media_finish(media, w, &digest, &size);
    if (rc || !given.p || str_eq(given, digest))
        return rc;
    req_field_error(r, "Content-Digest", "is not that of the content");
    return ERR_VALIDATION_ERROR;
}

enum err media_upload_chunk_put(struct req *r)
{
    struct helpdesk *h = helpdesk_of(r);
    struct media_writer *writer;
    struct upload_plan u;
    struct json_writer *w;
    struct db_session *s;
    int64_t index, received;
    enum err rc = find_upload(r, &s, &u);

    if (rc)
        return rc;
    if (!str_to_i64(req_param(r, "index"), &index) || index < 0 || index >= upload_chunks(&u))
        return ERR_NOT_FOUND;
    if (u.file_id != UPLOAD_NONE)
        return refuse(r, ERR_CONFLICT, "The upload is complete");
    rc = check_length(r, upload_chunk_length(&u, index));
    if (rc == ERR_OK)
        rc = media_begin(h->media, r->arena, &writer);
    if (rc == ERR_OK)
        rc = receive_part(r, upload_chunk_length(&u, index), writer);
    if (rc == ERR_OK)
        rc = media_place_part(h->media, writer, u.id, index);
    if (rc == ERR_OK)
        rc = upload_store_put_chunk(s, u.id, index, r->now + h->config->upload_expiry_s * US_PER_S,
                                    &received);
    if (rc)
        return rc;
    w = req_json_begin(r);
    jw_object(w);
    JW_BOOL(w, "success", true);
    JW_STR(w, "upload_id", u.id);
    JW_INT(w, "index", index);
    JW_INT(w, "received_chunks", received);
    JW_INT(w, "total_chunks", upload_chunks(&u));
    jw_end_object(w);
    return req_json_end(r, 200);
}

/* ---- completing --------------------------------------------------------------------------- */

static enum err refuse_incomplete(struct req *r, const int64_t *missing, size_t count)
{
    struct json_writer w;
    struct buf b;

    buf_init(&b, r->arena);
    jw_init(&w, &b);
    write_missing(&w, missing, count);
    req_detail(r, "missing_chunks", buf_str(&b));
    return refuse(r, ERR_CONFLICT, "Parts of the upload are missing");
}

/* All parts as one content. However large it is, only its own time counts. */
static enum err CO_FN join_parts(struct req *r, const struct upload_plan *u, struct upload *out)
{
    struct media_store *media = helpdesk_of(r)->media;
    int64_t deadline = co_deadline(co_self()), begun = clock_mono_us();
    enum err rc = media_begin(media, r->arena, &out->writer);

    for (int64_t i = 0; rc == ERR_OK && i < upload_chunks(u); i++)
        rc = media_append_part(media, out->writer, u->id, i);
    if (rc == ERR_OK)
        rc = media_finish(media, out->writer, &out->sha256, &out->size);
    if (deadline)
        co_set_deadline(co_self(), deadline + clock_mono_us() - begun);
    return rc;
}

/* The content is kept before its type is known; without a file it is collected. */
static enum err CO_FN read_head(struct req *r, struct str sha256, struct str *head)
{
    struct media_store *media = helpdesk_of(r)->media;
    struct media_reader *reader;
    enum err rc = media_open(media, r->arena, sha256, &reader);

    return rc ? rc : media_read(media, reader, 0, FILE_TYPE_HEAD, head);
}

static enum err CO_FN assemble(struct req *r, const struct upload_plan *u, struct upload *out)
{
    struct str head;
    enum err rc;

    *out = (struct upload){.filename = u->filename};
    rc = join_parts(r, u, out);
    if (rc)
        return rc == ERR_NOT_FOUND ? ERR_CONFLICT : rc;
    if (out->size != u->size)
        return refuse(r, ERR_CONFLICT, "The parts are not the whole file; send them again");
    if (u->sha256.p && !str_eq(u->sha256, out->sha256)) {
        req_field_error(r, "sha256", "is not that of the content");
        return ERR_VALIDATION_ERROR;
    }
    rc = upload_keep(r, out);
    if (rc == ERR_OK)
        rc = read_head(r, out->sha256, &head);
    return rc ? rc : upload_type(r, u->content_type, head, &out->content_type);
}

struct completion {
    struct req *r;
    const struct upload_plan *plan;
    struct upload upload;
    struct media_file file;
    bool was_complete; /* by another request */
};

static enum err CO_FN add_file(struct db_session *s, void *arg)
{
    struct completion *x = arg;
    const struct upload_plan *u = x->plan;
    struct media_target target = {
        .ticket_id = u->ticket_id,
        .entity_type = u->entity_type,
        .entity_id = u->entity_id,
        .alt_text = u->alt_text,
        .is_public = u->is_public,
    };
    enum err rc = upload_store_lock(s, u->id);

    x->was_complete = rc == ERR_CONFLICT;
    if (rc == ERR_OK)
        rc = media_keep(x->r, s, &target, &x->upload, &x->file);
    return rc ? rc : upload_store_finish(s, u->id, x->file.id);
}

static enum err reply_file(struct req *r, const struct media_file *f)
{
    media_json_file(req_json_begin(r), f);
    return req_json_end(r, 200);
}

/* It is a file already, or becomes one just now. */
static enum err CO_FN reply_complete(struct req *r)
{
    struct db_session *s;
    struct upload_plan u;
    struct media_file f;
    enum err rc = find_upload(r, &s, &u);

    if (rc)
        return rc;
    if (u.file_id == UPLOAD_NONE) {
        req_retry_after(r, RETRY_S);
        return ERR_UPLOAD_IN_PROGRESS;
    }
    rc = file_store_by_id(s, u.file_id, &f);
    return rc ? rc : reply_file(r, &f);
}

static enum err CO_FN complete(struct req *r, struct db_session *s, const struct upload_plan *u)
{
    struct completion x = {.r = r, .plan = u};
    enum err rc = assemble(r, u, &x.upload);

    if (rc == ERR_OK)
        rc = db_transact(s, add_file, &x);
    if (rc && !x.was_complete) {
        if (upload_store_unclaim(s, u->id) != ERR_OK)
            log_warn("an upload can be completed only later", LOG_STR("upload", u->id));
        return rc;
    }
    if (media_remove_parts(helpdesk_of(r)->media, u->id) != ERR_OK)
        log_warn("the parts of an upload are removed later", LOG_STR("upload", u->id));
    return x.was_complete ? reply_complete(r) : reply_file(r, &x.file);
}

enum err media_upload_complete(struct req *r)
{
    const int64_t *missing;
    struct upload_plan u;
    struct db_session *s;
    size_t count;
    int64_t received, now = clock_wall_us();
    bool claimed = false;
    enum err rc = find_upload(r, &s, &u);

    if (rc)
        return rc;
    if (u.file_id != UPLOAD_NONE)
        return reply_complete(r);
    rc = upload_store_missing(s, &u, MISSING_SHOWN, &missing, &count, &received);
    if (rc == ERR_OK)
        rc = upload_store_claim(s, u.id, now, now + CLAIM_US, &claimed);
    if (rc)
        return rc;
    /* Once it is complete, the parts are no longer counted. */
    if (!claimed)
        return reply_complete(r);
    if (count == 0)
        return complete(r, s, &u);
    rc = upload_store_unclaim(s, u.id);
    return rc ? rc : refuse_incomplete(r, missing, count);
}

enum err media_upload_delete(struct req *r)
{
    struct upload_plan u;
    struct db_session *s;
    enum err rc = find_upload(r, &s, &u);

    if (rc == ERR_OK)
        rc = upload_store_remove(s, u.id);
    if (rc)
        return rc;
    if (media_remove_parts(helpdesk_of(r)->media, u.id) != ERR_OK)
        log_warn("the parts of an upload are removed later", LOG_STR("upload", u.id));
    return req_reply(r, 200, "application/json",
                     STR("{\"success\":true,\"message\":\"upload aborted\"}"));
}

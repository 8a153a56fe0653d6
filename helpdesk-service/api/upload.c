#include "api/upload.h"

#include "actor.h"
#include "api/write.h"
#include "clock.h"
#include "domain/file_type.h"
#include "domain/filename.h"
#include "encode.h"
#include "media/multipart.h"
#include "media/sniff.h"
#include "service.h"
#include "state.h"
#include "store/blob_store.h"

/* What a form adds around its files. */
#define FORM_OVERHEAD 65536
#define FIELD_MAX_BYTES 4096
#define SHA256_HEX 64

static const struct {
    const char *name;
    size_t offset;
} FIELDS[] = {
    {"ticket_id", offsetof(struct upload_fields, ticket_id)},
    {"entity_type", offsetof(struct upload_fields, entity_type)},
    {"entity_id", offsetof(struct upload_fields, entity_id)},
    {"alt_text", offsetof(struct upload_fields, alt_text)},
    {"is_public", offsetof(struct upload_fields, is_public)},
    {"sha256", offsetof(struct upload_fields, sha256)},
};
#define FIELD_COUNT (sizeof FIELDS / sizeof *FIELDS)

struct reception {
    struct req *r;
    const struct helpdesk *helpdesk;
    const struct upload_wish *wish;
    struct upload_set *out;
    struct upload *file;  /* that is being received; NULL outside of one */
    struct str declared;  /* its type */
    struct buf head;      /* its first bytes */
    const char *field;    /* whose text is being received; NULL outside of one */
    struct str *field_at; /* where it goes */
    struct buf text;
    int64_t total;
};

/* ---- names, types, digests ---------------------------------------------------------------- */

enum err upload_filename(struct req *r, const char *field, struct str given, struct str *out)
{
    if (!str_is_utf8(given) || memchr(given.len ? given.p : "-", 0, given.len ? given.len : 1)) {
        req_field_error(r, field, "has a name that is not UTF-8");
        return ERR_INVALID_INPUT;
    }
    *out = filename_clean(r->arena, given);
    return ERR_OK;
}

enum err upload_check_declared(struct req *r, struct str declared)
{
    if (!declared.p || file_type_is_listed(helpdesk_of(r)->config->upload_types, declared))
        return ERR_OK;
    req_detail_str(r, "content_type", declared);
    return ERR_UNSUPPORTED_MEDIA_TYPE;
}

enum err upload_type(struct req *r, struct str declared, struct str head, struct str *type)
{
    struct str sniffed = STR_NULL;
    enum err rc = ERR_OK;

    if (head.len > 0)
        rc = sniffer_ask(helpdesk_of(r)->sniffer, r->arena, head, &sniffed);
    if (rc)
        return rc;
    *type = file_type_decide(declared, sniffed, head);
    if (type->p)
        return upload_check_declared(r, *type);
    req_detail_str(r, "content_type", declared);
    req_detail_str(r, "detected_type", sniffed);
    return ERR_UNSUPPORTED_MEDIA_TYPE;
}

enum err upload_digest(struct req *r, struct str given, struct str *out)
{
    uint8_t digest[SHA256_HEX / 2];

    *out = given.p ? str_lower(r->arena, given) : STR_NULL;
    if (!given.p || (given.len == SHA256_HEX && hex_decode(*out, digest, sizeof digest)))
        return ERR_OK;
    req_field_error(r, "sha256", "must have 64 hexadecimal digits");
    return ERR_VALIDATION_ERROR;
}

/* ---- one file ----------------------------------------------------------------------------- */

static enum err CO_FN begin_file(struct reception *x, struct str filename, struct str content_type)
{
    struct req *r = x->r;
    struct upload *u = &x->out->files[x->out->count];
    enum err rc;

    if (x->out->count == (size_t)x->wish->max_files)
        return refuse(r, ERR_INVALID_INPUT,
                      x->wish->max_files == 1 ? "One file at a time" : "Too many files");
    *u = (struct upload){0};
    rc = upload_filename(r, "file", filename, &u->filename);
    if (rc)
        return rc;
    x->declared = file_type_declared(r->arena, content_type);
    rc = upload_check_declared(r, x->declared);
    if (rc)
        return rc;
    buf_clear(&x->head);
    x->file = u;
    x->out->count++;
    return media_begin(x->helpdesk->media, r->arena, &u->writer);
}

static enum err CO_FN decide_type(struct reception *x)
{
    if (x->file->content_type.p)
        return ERR_OK;
    return upload_type(x->r, x->declared, buf_str(&x->head), &x->file->content_type);
}

static enum err CO_FN take_file_data(struct reception *x, struct str piece)
{
    size_t room = FILE_TYPE_HEAD - x->head.len;
    enum err rc = ERR_OK;

    x->file->size += (int64_t)piece.len;
    x->total += (int64_t)piece.len;
    if (x->file->size > x->wish->max_bytes ||
        x->total > x->helpdesk->config->upload_ticket_max_bytes)
        return ERR_PAYLOAD_TOO_LARGE;
    if (room > 0) {
        buf_add(&x->head, piece.p, piece.len < room ? piece.len : room);
        if (x->head.len == FILE_TYPE_HEAD)
            rc = decide_type(x);
    }
    return rc ? rc : media_write(x->helpdesk->media, x->file->writer, piece);
}

static enum err CO_FN end_file(struct reception *x)
{
    struct upload *u = x->file;
    enum err rc = decide_type(x);

    x->file = NULL;
    return rc ? rc : media_finish(x->helpdesk->media, u->writer, &u->sha256, &u->size);
}

/* ---- forms -------------------------------------------------------------------------------- */

static bool is_file_part(const struct reception *x, struct str name)
{
    if (str_eq(name, STR("file")))
        return true;
    return x->wish->max_files > 1 && (str_eq(name, STR("files")) || str_eq(name, STR("files[]")));
}

static struct str *field_of(struct upload_fields *f, size_t i)
{
    return (struct str *)(void *)((char *)f + FIELDS[i].offset);
}

static enum err CO_FN begin_part(void *arg, const struct multipart_part *part)
{
    struct reception *x = arg;

    x->file = NULL;
    x->field = NULL;
    if (part->filename.p && is_file_part(x, part->name))
        return begin_file(x, part->filename, part->content_type);
    for (size_t i = 0; i < FIELD_COUNT && !part->filename.p; i++) {
        if (!str_eq(part->name, str_from(FIELDS[i].name)))
            continue;
        x->field = FIELDS[i].name;
        x->field_at = field_of(&x->out->fields, i);
        buf_clear(&x->text);
    }
    return ERR_OK;
}

static enum err CO_FN take_data(void *arg, struct str piece)
{
    struct reception *x = arg;

    if (x->file)
        return take_file_data(x, piece);
    if (!x->field)
        return ERR_OK;
    if (x->text.len + piece.len > FIELD_MAX_BYTES) {
        req_field_error(x->r, x->field, "is too long");
        return ERR_VALIDATION_ERROR;
    }
    buf_add_str(&x->text, piece);
    return ERR_OK;
}

static enum err keep_field(struct reception *x)
{
    struct str text = buf_str(&x->text);

    if (!str_is_utf8(text) || (text.len > 0 && memchr(text.p, 0, text.len))) {
        req_field_error(x->r, x->field, "is not a text");
        return ERR_INVALID_INPUT;
    }
    *x->field_at = str_dup(x->r->arena, text);
    x->field = NULL;
    return ERR_OK;
}

static enum err CO_FN end_part(void *arg)
{
    struct reception *x = arg;

    if (x->file)
        return end_file(x);
    return x->field ? keep_field(x) : ERR_OK;
}

static enum err CO_FN read_form(struct reception *x, struct str boundary)
{
    struct multipart_sink sink = {begin_part, take_data, end_part, x};
    struct multipart *form = multipart_new(x->r->arena, boundary, &sink);
    struct str piece;
    enum err rc = ERR_OK;

    while (rc == ERR_OK) {
        rc = req_body_next(x->r, &piece);
        if (rc || !piece.p)
            break;
        rc = multipart_feed(form, piece);
    }
    return rc ? rc : multipart_finish(form);
}

/* ---- raw bodies --------------------------------------------------------------------------- */

/* "sha-256=:<base64>:", among others. */
enum err upload_content_digest(struct req *r, struct str *out)
{
    struct str rest = req_header(r, "Content-Digest"), one;
    uint8_t digest[SHA256_HEX];
    char hex[SHA256_HEX + 1];
    size_t n;

    while (rest.len && str_next(&rest, ',', &one)) {
        one = str_trim(one);
        if (!str_has_prefix(one, STR("sha-256=:")))
            continue;
        if (one.len != 9 + 44 + 1 || one.p[one.len - 1] != ':' ||
            !base64_decode(str_slice(one, 9, one.len - 1), digest, &n) || n != SHA256_HEX / 2) {
            req_field_error(r, "Content-Digest", "is malformed");
            return ERR_INVALID_INPUT;
        }
        hex_encode(digest, n, hex);
        *out = str_from(arena_strdup(r->arena, hex));
    }
    return ERR_OK;
}

static enum err CO_FN read_raw(struct reception *x)
{
    struct req *r = x->r;
    struct str name = req_query(r, "file_name"), piece;
    enum err rc;

    for (size_t i = 0; i < FIELD_COUNT; i++)
        *field_of(&x->out->fields, i) = req_query(r, FIELDS[i].name);
    rc = upload_check_declared(r, file_type_declared(r->arena, req_header(r, "Content-Type")));
    if (rc)
        return rc;
    if (name.len == 0) {
        req_field_error(r, "file_name", "is required for a body that is not a form");
        return ERR_INVALID_INPUT;
    }
    rc = upload_content_digest(r, &x->out->fields.sha256);
    if (rc == ERR_OK)
        rc = begin_file(x, name, req_header(r, "Content-Type"));
    while (rc == ERR_OK) {
        rc = req_body_next(r, &piece);
        if (rc || !piece.p)
            break;
        rc = take_file_data(x, piece);
    }
    return rc ? rc : end_file(x);
}

/* ---- all ---------------------------------------------------------------------------------- */

static enum err check_head(struct req *r, const struct upload_wish *wish)
{
    struct str coding = req_header(r, "Content-Encoding");
    int64_t length;

    if (coding.len && !str_ieq(coding, STR("identity")))
        return ERR_UNSUPPORTED_MEDIA_TYPE;
    if (str_to_i64(req_header(r, "Content-Length"), &length) &&
        (length - FORM_OVERHEAD) / wish->max_files > wish->max_bytes)
        return ERR_PAYLOAD_TOO_LARGE;
    return ERR_OK;
}

static enum err check_digest(struct req *r, const struct upload_set *set)
{
    struct str wanted;
    enum err rc = upload_digest(r, set->fields.sha256, &wanted);

    if (rc || !wanted.p || (set->count == 1 && str_eq(wanted, set->files[0].sha256)))
        return rc;
    req_field_error(r, "sha256", "is not that of the content");
    return ERR_VALIDATION_ERROR;
}

enum err upload_receive(struct req *r, const struct upload_wish *wish, struct upload_set *out)
{
    struct reception x = {.r = r, .helpdesk = helpdesk_of(r), .wish = wish, .out = out};
    struct str type = req_header(r, "Content-Type"), boundary = multipart_boundary(r->arena, type);
    enum err rc = check_head(r, wish);

    *out =
        (struct upload_set){.files = ARENA_ARRAY(r->arena, struct upload, (size_t)wish->max_files)};
    if (rc)
        return rc;
    buf_init(&x.head, r->arena);
    buf_init(&x.text, r->arena);
    if (boundary.p)
        rc = read_form(&x, boundary);
    else if (str_has_prefix(str_lower(r->arena, type), STR("multipart/")))
        rc = ERR_UNSUPPORTED_MEDIA_TYPE;
    else if (!wish->is_form_only)
        rc = read_raw(&x);
    if (rc)
        return rc;
    if (out->count == 0) {
        req_field_error(r, "file", "is required");
        return ERR_INVALID_INPUT;
    }
    return check_digest(r, out);
}

enum err upload_keep(struct req *r, const struct upload *u)
{
    struct db_session *s;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = blob_store_announce(s, u->sha256, u->size, clock_wall_us());
    return rc ? rc : media_place(helpdesk_of(r)->media, u->writer);
}

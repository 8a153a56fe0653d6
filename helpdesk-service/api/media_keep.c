#include "api/media_keep.h"

#include "actor.h"
#include "api/access.h"
#include "api/write.h"
#include "domain/filename.h"
#include "domain/number.h"
#include "encode.h"
#include "events/publish.h"
#include "state.h"
#include "store/ticket_store.h"

#define ENTITY_TYPE_MAX 64
#define ENTITY_ID_MAX 128
#define ALT_TEXT_MAX 500

/* ---- the target --------------------------------------------------------------------------- */

/* Printable ASCII without blanks: names that programs give. */
static bool is_word(struct str s, size_t max)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    return s.len > 0 && s.len <= max;
}

enum err media_check_entity(struct req *r, const char *type_field, struct str type,
                            const char *id_field, struct str id)
{
    if (type.len == 0 && id.len == 0)
        return ERR_OK;
    if (!is_word(type, ENTITY_TYPE_MAX))
        req_field_error(r, type_field, "must be a word of at most 64 characters");
    if (!is_word(id, ENTITY_ID_MAX))
        req_field_error(r, id_field, "must be a word of at most 128 characters");
    return req_has_field_errors(r) ? ERR_VALIDATION_ERROR : ERR_OK;
}

enum err media_find_ticket(struct req *r, struct db_session *s, struct str id, struct ticket *out)
{
    int64_t number;
    enum err rc = ERR_TICKET_NOT_FOUND;

    if (ticket_number_is_valid(id))
        rc = ticket_store_by_number(s, id, viewer_of(r), out);
    else if (str_to_i64(id, &number) && number > 0)
        rc = ticket_store_by_id(s, number, viewer_of(r), out);
    if (rc)
        return rc;
    return ticket_may_view(r->actor, out) ? ERR_OK : ERR_FORBIDDEN;
}

static enum err read_flag(struct req *r, struct str given, bool *out)
{
    *out = str_ieq(given, STR("true")) || str_eq(given, STR("1"));
    if (*out || given.len == 0 || str_ieq(given, STR("false")) || str_eq(given, STR("0")))
        return ERR_OK;
    req_field_error(r, "is_public", "must be true or false");
    return ERR_VALIDATION_ERROR;
}

enum err media_target_read(struct req *r, struct db_session *s, const struct upload_fields *f,
                           struct media_target *out)
{
    bool is_ticket = str_eq(f->entity_type, STR("ticket"));
    struct ticket t;
    enum err rc;

    *out = (struct media_target){.ticket_id = TICKET_NONE};
    rc = media_check_entity(r, "entity_type", f->entity_type, "entity_id", f->entity_id);
    if (rc == ERR_OK)
        rc = read_flag(r, f->is_public, &out->is_public);
    if (rc == ERR_OK && str_utf8_len(f->alt_text) > ALT_TEXT_MAX) {
        req_field_error(r, "alt_text", "is longer than 500 characters");
        rc = ERR_VALIDATION_ERROR;
    }
    if (rc == ERR_OK && is_ticket && out->is_public) {
        req_field_error(r, "is_public", "cannot be set for a ticket's file");
        rc = ERR_VALIDATION_ERROR;
    }
    if (rc)
        return rc;
    if (f->alt_text.len > 0)
        out->alt_text = f->alt_text;
    if (is_ticket) {
        rc = media_find_ticket(r, s, f->entity_id, &t);
        if (rc == ERR_OK)
            out->ticket_id = t.id;
        return rc;
    }
    if (f->entity_type.len > 0) {
        out->entity_type = f->entity_type;
        out->entity_id = f->entity_id;
    }
    return ERR_OK;
}

/* ---- keeping ------------------------------------------------------------------------------ */

static struct str url_of(struct arena *a, struct str number, struct str filename)
{
    struct buf b;

    buf_init(&b, a);
    buf_printf(&b, "/media/tickets/%.*s/", STR_ARG(number));
    percent_encode(&b, filename);
    return buf_str(&b);
}

static enum err CO_FN find_place(struct req *r, struct db_session *s, const struct ticket *t,
                                 struct media_file *f)
{
    const struct str *taken;
    size_t count;
    int64_t bytes;
    enum err rc = file_store_usage(s, t->id, &bytes, &taken, &count);

    if (rc)
        return rc;
    if (bytes + f->size > helpdesk_of(r)->config->upload_ticket_max_bytes)
        return refuse(r, ERR_PAYLOAD_TOO_LARGE, "The ticket has no room for this file");
    f->filename = filename_unique(r->arena, f->filename, taken, count);
    f->url = url_of(r->arena, t->number, f->filename);
    return ERR_OK;
}

enum err media_attach(struct req *r, struct db_session *s, struct ticket *t, struct media_file *f)
{
    struct cause cause;
    enum err rc = find_place(r, s, t, f);

    cause_from_request(&cause, r);
    if (rc == ERR_OK)
        rc = file_store_attach(s, t, f, &cause);
    /* The content was announced too long ago: the client may try again. */
    if (rc == ERR_NOT_FOUND)
        return ERR_SERVICE_UNAVAILABLE;
    return rc ? rc : publish_ticket_updated(s, t, &cause);
}

enum err media_attach_existing(struct req *r, struct db_session *s, struct ticket *t,
                               struct media_file *f)
{
    struct cause cause;
    enum err rc = find_place(r, s, t, f);

    cause_from_request(&cause, r);
    if (rc == ERR_OK)
        rc = file_store_move_to_ticket(s, t, f, &cause);
    return rc ? rc : publish_ticket_updated(s, t, &cause);
}

enum err media_keep(struct req *r, struct db_session *s, const struct media_target *target,
                    const struct upload *u, struct media_file *out)
{
    struct cause cause;
    struct ticket t;
    enum err rc;

    *out = (struct media_file){
        .filename = u->filename,
        .content_type = u->content_type,
        .size = u->size,
        .sha256 = u->sha256,
        .entity_type = target->entity_type,
        .entity_id = target->entity_id,
        .alt_text = target->alt_text,
        .is_public = target->is_public,
    };
    if (target->ticket_id == TICKET_NONE) {
        cause_from_request(&cause, r);
        rc = file_store_add(s, out, &cause);
        return rc == ERR_NOT_FOUND ? ERR_SERVICE_UNAVAILABLE : rc;
    }
    rc = ticket_store_lock_id(s, target->ticket_id, viewer_of(r), &t);
    if (rc)
        return rc;
    /* Since the target was read, the scope may have changed. */
    return ticket_may_view(r->actor, &t) ? media_attach(r, s, &t, out) : ERR_FORBIDDEN;
}

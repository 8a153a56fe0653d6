/* The documents of a comment: files of its message, which come and go. */
#include "api/attachment.h"
#include "api/messages.h"
#include "api/posted.h"
#include "api/view.h"
#include "service.h"

static int64_t document_of_path(struct req *r)
{
    int64_t id;
    return str_to_i64(req_param(r, "document"), &id) && id > 0 ? id : 0;
}

static enum err CO_FN change(struct req *r, enum change_kind kind, const struct attachment *file)
{
    struct act_result result = {0};
    enum err rc = acted_on_file(r, kind, message_of_path(r), file, &result);
    if (rc)
        return rc;
    view_comment(r->arena, req_json_begin(r), &result.message);
    return req_json_end(r, 200);
}

enum err CO_FN comments_attach(struct req *r)
{
    return change(r, CHANGE_ATTACHED, r->body);
}

enum err CO_FN comments_detach(struct req *r)
{
    const struct attachment file = {.media_id = document_of_path(r)};
    return file.media_id ? change(r, CHANGE_DETACHED, &file) : ERR_NOT_FOUND;
}

/* The bytes are helpdesk-service's to give, to whom it lets have them. */
enum err CO_FN comments_download(struct req *r)
{
    const struct speaker who = speaker_of(r->actor);
    int64_t id = document_of_path(r);
    struct db_session *db;
    struct conversation c;
    struct message m;
    enum err rc = message_find(r, &db, &who, &m, &c);
    if (rc)
        return rc;
    if (!attachments_have(r->arena, m.attachments, id))
        return ERR_NOT_FOUND;
    req_set_header(r, "Location", str_printf(r->arena, "/api/v1/media/%lld", (long long)id));
    return req_reply(r, 302, "text/plain; charset=utf-8", STR(""));
}

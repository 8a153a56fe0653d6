#include "api/access.h"

#include "actor.h"
#include "api/write.h"
#include "service.h"

int64_t viewer_of(const struct req *r)
{
    return actor_is_service(r->actor) ? 0 : r->actor->user_id;
}

struct ticket_viewer ticket_viewer_of(const struct req *r)
{
    return (struct ticket_viewer){viewer_of(r), actor_may(r->actor, PERM_TICKET_WORK) ||
                                                    actor_may(r->actor, PERM_TICKET_READ_ALL)};
}

enum err access_ticket(struct req *r, struct db_session **s, struct ticket *out)
{
    enum err rc = req_db(r, s);

    if (rc == ERR_OK)
        rc = ticket_store_by_number(*s, req_param(r, "number"), viewer_of(r), out);
    if (rc)
        return rc;
    return ticket_may_view(r->actor, out) ? ERR_OK : ERR_FORBIDDEN;
}

enum err access_lock(struct req *r, struct db_session *s, struct ticket *out)
{
    enum err rc = ticket_store_lock_number(s, req_param(r, "number"), viewer_of(r), out);

    if (rc)
        return rc;
    return ticket_may_view(r->actor, out) ? write_check_match(r, out->version) : ERR_FORBIDDEN;
}

enum err access_file(struct req *r, struct db_session *s, struct media_file *out)
{
    struct ticket t;
    int64_t id;
    enum err rc;

    if (!req_param_int(r, "id", &id))
        return ERR_NOT_FOUND;
    rc = file_store_by_id(s, id, out);
    if (rc)
        return rc;
    if (out->ticket_id == TICKET_NONE)
        return out->is_public || out->uploader_id == viewer_of(r) ||
                       actor_may(r->actor, PERM_TICKET_READ_ALL)
                   ? ERR_OK
                   : ERR_FORBIDDEN;
    rc = ticket_store_by_id(s, out->ticket_id, viewer_of(r), &t);
    if (rc)
        return rc;
    return ticket_may_view(r->actor, &t) ? ERR_OK : ERR_FORBIDDEN;
}

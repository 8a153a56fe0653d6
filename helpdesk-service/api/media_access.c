/*
 * Links to files for whoever cannot send a token, such as the picture of a page: signed, and good
 * for MEDIA_LINK_EXPIRY. Who holds the link gets the file as it is then, and nothing else.
 */
#include "api/access.h"
#include "api/media_handlers.h"
#include "api/media_send.h"
#include "clock.h"
#include "cursor.h"
#include "service.h"
#include "state.h"

#define PREFIX "/media/access/"

enum err media_access_get(struct req *r)
{
    int64_t expires_s = r->now / US_PER_S + helpdesk_of(r)->config->media_link_s;
    struct json_writer *w;
    struct media_file f;
    struct db_session *s;
    struct cursor c;
    struct str token;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = access_file(r, s, &f);
    if (rc)
        return rc;
    c = (struct cursor){.id = f.id, .key = str_printf(r->arena, "%lld", (long long)expires_s)};
    token = cursor_encode(req_service(r)->jwt, r->arena, STR(PREFIX), &c);
    req_set_header(r, "Cache-Control", STR("no-store"));
    w = req_json_begin(r);
    jw_object(w);
    JW_STR(w, "access_url", str_printf(r->arena, PREFIX "%.*s", STR_ARG(token)));
    JW_TIME(w, "expires_at", expires_s * US_PER_S);
    jw_end_object(w);
    return req_json_end(r, 200);
}

enum err media_by_link(struct req *r)
{
    struct media_file f;
    struct db_session *s;
    struct cursor c;
    int64_t expires_s;
    enum err rc;

    if (cursor_decode(req_service(r)->jwt, r->arena, STR(PREFIX), req_param(r, "token"), &c) ||
        !str_to_i64(c.key, &expires_s) || expires_s < clock_wall_us() / US_PER_S)
        return ERR_NOT_FOUND;
    rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = file_store_by_id(s, c.id, &f);
    if (rc)
        return rc;
    req_set_header(r, "Referrer-Policy", STR("no-referrer"));
    return media_send(r, &f);
}

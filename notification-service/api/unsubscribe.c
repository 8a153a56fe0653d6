#include "message/unsubscribe.h"
#include "api/preferences.h"
#include "encode.h"
#include "service.h"
#include "store/preference_store.h"

/* RFC 8058: a mail program sends the POST by itself, so opening the link changes nothing. */

#define BODY_MAX 4096

static enum err read_link(struct req *r, int64_t *user_id, enum event_group *group)
{
    return unsubscribe_read(req_service(r), r->arena, req_param(r, "token"), user_id, group);
}

static enum err reply_page(struct req *r, enum event_group group, const char *before,
                           const char *after)
{
    struct str what = group == GROUP_COUNT ? STR("everything") : str_from(group_meaning(group));
    struct buf b;
    req_set_header(r, "Cache-Control", STR("no-store"));
    req_set_header(r, "Referrer-Policy", STR("no-referrer"));
    req_set_header(r, "X-Robots-Tag", STR("noindex"));
    req_set_header(r, "Content-Security-Policy",
                   STR("default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
                       "frame-ancestors 'none'"));
    buf_init(&b, r->arena);
    BUF_LIT(&b, "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\""
                " content=\"width=device-width\"><title>Mail preferences</title>\n"
                "<style>body{font:1.1em sans-serif;max-width:34em;margin:3em auto;padding:0 1em}"
                "button{font-size:1.1em;padding:.3em .8em}</style>\n");
    buf_add_str(&b, str_from(before));
    html_escape(&b, what);
    buf_add_str(&b, str_from(after));
    return req_reply(r, 200, "text/html; charset=utf-8", buf_str(&b));
}

enum err CO_FN unsubscribe_page(struct req *r)
{
    enum event_group group;
    int64_t user_id;
    enum err rc = read_link(r, &user_id, &group);
    if (rc)
        return rc;
    return reply_page(r, group, "<p>No more mails about ",
                      "?</p>\n<form method=\"post\"><button name=\"List-Unsubscribe\" "
                      "value=\"One-Click\">No more</button></form>\n");
}

/* Whatever form it has: the link says everything. */
static enum err CO_FN skip_body(struct req *r)
{
    struct str piece;
    size_t len = 0;
    enum err rc;
    do {
        rc = req_body_next(r, &piece);
        len += piece.len;
    } while (rc == ERR_OK && piece.p && len <= BODY_MAX);
    return rc == ERR_OK && len > BODY_MAX ? ERR_PAYLOAD_TOO_LARGE : rc;
}

struct wish {
    int64_t user_id, now;
    enum event_group group;
};

static enum err CO_FN put_wish(struct db_session *db, void *arg)
{
    const struct wish *w = arg;
    return preference_store_unsubscribe(db, w->user_id, w->group, w->now);
}

enum err CO_FN unsubscribe_do(struct req *r)
{
    struct wish wish = {.now = r->now};
    struct db_session *db;
    enum err rc = read_link(r, &wish.user_id, &wish.group);
    if (rc == ERR_OK)
        rc = skip_body(r);
    if (rc == ERR_OK)
        rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = db_transact(db, put_wish, &wish);
    if (rc)
        return rc;
    return reply_page(r, wish.group, "<p>Done: no more mails about ",
                      ". The preferences of your account can bring them back.</p>\n");
}

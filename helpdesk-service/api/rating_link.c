/*
 * Rating a ticket without logging in, by a link that its requester gets: signed, and good for
 * RATING_LINK_EXPIRY. Mail programs open links on their own, so that opening one changes nothing:
 * it shows a page whose five buttons rate. Who holds the link acts as the requester, in this only.
 */
#include "actor.h"
#include "api/access.h"
#include "api/feedback.h"
#include "api/handlers.h"
#include "api/write.h"
#include "buf.h"
#include "clock.h"
#include "cursor.h"
#include "encode.h"
#include "service.h"
#include "state.h"

#define PREFIX "/feedback/rate/"
#define BODY_MAX 65536
#define COMMENT_MAX 10000

/* ---- the link ----------------------------------------------------------------------------- */

enum err rating_link_get(struct req *r)
{
    int64_t expires_s = r->now / US_PER_S + helpdesk_of(r)->config->rating_link_s;
    struct json_writer *w;
    struct db_session *s;
    struct cursor c;
    struct ticket t;
    struct str token;
    enum err rc = access_ticket(r, &s, &t);

    if (rc)
        return rc;
    if (!actor_is_service(r->actor) && viewer_of(r) != t.requester_id)
        return ERR_FORBIDDEN;
    c = (struct cursor){
        .id = t.id,
        .key = str_printf(r->arena, "%lld %lld", (long long)t.requester_id, (long long)expires_s)};
    token = cursor_encode(req_service(r)->jwt, r->arena, STR(PREFIX), &c);
    w = req_json_begin(r);
    jw_object(w);
    JW_STR(w, "path", str_printf(r->arena, PREFIX "%.*s", STR_ARG(token)));
    JW_TIME(w, "expires_at", expires_s * US_PER_S);
    jw_end_object(w);
    return req_json_end(r, 200);
}

struct holder {
    int64_t ticket_id, user_id;
};

static enum err read_token(struct req *r, struct holder *out)
{
    struct str user, rest;
    struct cursor c;
    int64_t expires_s;

    if (cursor_decode(req_service(r)->jwt, r->arena, STR(PREFIX), req_param(r, "token"), &c))
        return ERR_NOT_FOUND;
    rest = c.key;
    if (!str_next(&rest, ' ', &user) || !str_to_i64(user, &out->user_id) ||
        !str_to_i64(rest, &expires_s) || expires_s < clock_wall_us() / US_PER_S)
        return ERR_NOT_FOUND;
    out->ticket_id = c.id;
    return ERR_OK;
}

/* ---- the page ----------------------------------------------------------------------------- */

static void begin_page(struct req *r, struct buf *b, const struct ticket *t)
{
    req_set_header(r, "Cache-Control", STR("no-store"));
    req_set_header(r, "Referrer-Policy", STR("no-referrer"));
    req_set_header(r, "X-Robots-Tag", STR("noindex"));
    req_set_header(r, "Content-Security-Policy",
                   STR("default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
                       "frame-ancestors 'none'"));
    buf_init(b, r->arena);
    BUF_LIT(b, "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
               "content=\"width=device-width\"><title>Rate your ticket</title>\n"
               "<style>body{font:1.1em sans-serif;max-width:34em;margin:3em auto;padding:0 1em}"
               "button{font-size:1.6em;margin:.2em;padding:.2em .6em}textarea{width:100%}</style>\n"
               "<h1>");
    html_escape(b, t->subject);
    BUF_LIT(b, "</h1><p>");
    html_escape(b, t->number);
    BUF_LIT(b, "</p>\n");
}

static enum err CO_FN find_ticket(struct req *r, struct ticket *out)
{
    struct db_session *s;
    struct holder h;
    enum err rc = read_token(r, &h);

    if (rc == ERR_OK)
        rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = ticket_store_by_id(s, h.ticket_id, h.user_id, out);
    return rc == ERR_TICKET_NOT_FOUND ? ERR_NOT_FOUND : rc;
}

enum err rating_page_get(struct req *r)
{
    struct ticket t;
    struct buf b;
    enum err rc = find_ticket(r, &t);

    if (rc)
        return rc;
    begin_page(r, &b, &t);
    BUF_LIT(&b, "<form method=\"post\"><p>How satisfied are you?</p>\n<p>");
    for (int rating = 1; rating <= 5; rating++)
        buf_printf(&b, "<button name=\"rating\" value=\"%d\">%d</button>", rating, rating);
    BUF_LIT(&b, "</p>\n<p><label>A word about it<br><textarea name=\"comment\" rows=\"4\" "
                "maxlength=\"10000\"></textarea></label></p></form>\n");
    return req_reply(r, 200, "text/html; charset=utf-8", buf_str(&b));
}

/* ---- rating ------------------------------------------------------------------------------- */

struct given {
    struct holder holder;
    int64_t rating;
    struct str comment;
    struct ticket ticket;
};

static enum err CO_FN read_body(struct req *r, struct str *out)
{
    struct str piece;
    struct buf b;
    enum err rc;

    buf_init(&b, r->arena);
    do {
        rc = req_body_next(r, &piece);
        if (rc)
            return rc;
        buf_add_str(&b, piece);
        if (b.len > BODY_MAX)
            return ERR_PAYLOAD_TOO_LARGE;
    } while (piece.p);
    *out = buf_str(&b);
    return ERR_OK;
}

/* A member of a form as browsers send it; absent when it is not there or malformed. */
static struct str form_member(struct arena *a, struct str form, const char *name)
{
    struct str pair, key, value;

    while (form.len && str_next(&form, '&', &pair)) {
        value = pair;
        if (!str_next(&value, '=', &key) || !str_eq(key, str_from(name)) || !value.p)
            continue;
        if (percent_decode(a, value, true, &value) && str_is_utf8(value))
            return value;
    }
    return STR_NULL;
}

static enum err parse_body(struct req *r, struct str body, struct given *g)
{
    const struct json *v = NULL;
    const char *why;

    g->rating = 0;
    if (str_has_prefix(str_lower(r->arena, req_header(r, "Content-Type")),
                       STR("application/json"))) {
        if (json_parse(r->arena, body, &v, &why))
            return ERR_INVALID_INPUT;
        if (!json_int(json_get(v, "rating"), &g->rating))
            g->rating = 0;
        g->comment = json_str(json_get(v, "comment"));
    } else {
        struct str rating = form_member(r->arena, body, "rating");

        if (!rating.p || !str_to_i64(rating, &g->rating))
            g->rating = 0;
        g->comment = form_member(r->arena, body, "comment");
    }
    if (g->rating < 1 || g->rating > 5)
        req_field_error(r, "rating", "must be between 1 and 5");
    if (g->comment.p && str_utf8_len(g->comment) > COMMENT_MAX)
        req_field_error(r, "comment", "has more than 10000 characters");
    if (!str_trim(g->comment).len)
        g->comment = STR_NULL;
    return req_has_field_errors(r) ? ERR_VALIDATION_ERROR : ERR_OK;
}

static enum err CO_FN rate(struct db_session *s, void *arg)
{
    struct given *g = arg;
    struct feedback f = {.ticket_id = g->holder.ticket_id,
                         .user_id = g->holder.user_id,
                         .rating = g->rating,
                         .comment = g->comment};
    struct cause cause;
    enum err rc = ticket_store_lock_id(s, g->holder.ticket_id, g->holder.user_id, &g->ticket);

    if (rc)
        return rc == ERR_TICKET_NOT_FOUND ? ERR_NOT_FOUND : rc;
    if (g->ticket.requester_id != g->holder.user_id)
        return ERR_NOT_FOUND;
    if (g->ticket.completed_at == TICKET_NONE)
        return ERR_CONFLICT;
    cause_from_system(&cause);
    cause.actor_id = g->holder.user_id;
    cause.actor_name = g->ticket.requester_name;
    return feedback_put(s, &g->ticket, &f, &cause);
}

enum err rating_page_post(struct req *r)
{
    struct db_session *s;
    struct given g = {0};
    struct str body;
    struct buf b;
    enum err rc = read_token(r, &g.holder);

    if (rc == ERR_OK)
        rc = read_body(r, &body);
    if (rc == ERR_OK)
        rc = parse_body(r, body, &g);
    if (rc == ERR_OK)
        rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = db_transact(s, rate, &g);
    if (rc == ERR_CONFLICT)
        return refuse(r, rc, "A ticket is rated when it is resolved");
    if (rc)
        return rc;
    begin_page(r, &b, &g.ticket);
    buf_printf(&b, "<p>Thank you: %lld of 5.</p>\n", (long long)g.rating);
    return req_reply(r, 200, "text/html; charset=utf-8", buf_str(&b));
}

#include "api/kb_reply.h"

#include "digest.h"
#include "encode.h"

#define ETAG_BYTES 12

void kb_write_tags(struct json_writer *w, const struct str *tags, size_t count)
{
    JW_KEY(w, "tags");
    jw_array(w);
    for (size_t i = 0; i < count; i++)
        jw_str(w, tags[i]);
    jw_end_array(w);
}

static void write_category(struct json_writer *w, const struct kb_article *a)
{
    JW_KEY(w, "category");
    if (a->category_id == KB_NONE) {
        jw_null(w);
        return;
    }
    jw_object(w);
    JW_INT(w, "id", a->category_id);
    JW_STR(w, "name", a->category_name);
    jw_end_object(w);
}

/* What only those need to know who write. */
static void write_progress(struct json_writer *w, const struct kb_article *a)
{
    JW_INT(w, "latest_version", a->latest_number);
    JW_KEY(w, "published_version");
    if (a->published_number == KB_NONE)
        jw_null(w);
    else
        jw_int(w, a->published_number);
    JW_BOOL(w, "has_unpublished_changes",
            a->published_number != KB_NONE && a->published_number != a->latest_number);
    JW_INT(w, "version", a->version);
}

void kb_write_article(struct json_writer *w, const struct kb_article *a, struct kb_reader reader)
{
    JW_INT(w, "id", a->id);
    JW_STR(w, "slug", a->slug);
    JW_STR(w, "title", a->title);
    JW_STR(w, "summary", a->summary);
    if (a->body.p)
        JW_STR(w, "body", a->body);
    write_category(w, a);
    kb_write_tags(w, a->tags, a->tag_count);
    JW_STR(w, "language", a->language);
    JW_STR(w, "visibility", str_from(kb_visibility_word(a->visibility)));
    JW_STR(w, "state", str_from(kb_state_word(a->state)));
    JW_INT(w, "content_version", a->number);
    if (reader.most != KB_PUBLIC)
        JW_INT(w, "author_id", a->author_id);
    JW_STR(w, "author_name", a->author_name);
    JW_TIME(w, "created_at", a->created_at);
    JW_TIME(w, "updated_at", reader.is_editor ? a->updated_at : a->published_at);
    JW_TIME(w, "published_at", a->published_at);
    JW_INT(w, "view_count", a->views);
    JW_INT(w, "helpful_count", a->helpful);
    JW_INT(w, "unhelpful_count", a->unhelpful);
    if (reader.most != KB_PUBLIC)
        JW_INT(w, "ticket_count", a->tickets);
    if (reader.is_editor)
        write_progress(w, a);
}

/* ---- answers that may be kept ------------------------------------------------------------- */

bool kb_is_known(struct req *r, struct str etag)
{
    struct str list = req_header(r, "If-None-Match"), one;

    req_set_header(r, "ETag", etag);
    req_set_header(r, "Cache-Control", r->actor ? STR("private, no-cache") : STR("no-cache"));
    req_add_header(r, "Vary", STR("Authorization, Cookie"));
    while (list.len && str_next(&list, ',', &one)) {
        one = str_trim(one);
        if (str_has_prefix(one, STR("W/")))
            one = str_slice(one, 2, one.len);
        if (str_eq(one, etag) || str_eq(one, STR("*")))
            return true;
    }
    return false;
}

enum err kb_reply_end(struct req *r, struct json_writer *w)
{
    uint8_t digest[SHA256_SIZE];
    char hex[ETAG_BYTES * 2 + 1];

    sha256(buf_str(w->out), digest);
    hex_encode(digest, ETAG_BYTES, hex);
    if (kb_is_known(r, str_printf(r->arena, "\"%s\"", hex)))
        return req_reply_empty(r, 304);
    return req_json_end(r, 200);
}

enum err kb_reply_page(struct req *r, struct json_writer *w)
{
    jw_end_array(w);
    jw_end_object(w);
    return kb_reply_end(r, w);
}

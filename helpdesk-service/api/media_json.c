#include "api/media_json.h"

#include <stdio.h>

#include "clock.h"
#include "encode.h"

static void put_number(struct json_writer *w, int64_t v)
{
    if (v == TICKET_NONE)
        jw_null(w);
    else
        jw_int(w, v);
}

void media_json_attachment(struct json_writer *w, const struct media_file *f)
{
    jw_object(w);
    JW_INT(w, "id", f->id);
    JW_STR(w, "filename", f->filename);
    JW_STR(w, "content_type", f->content_type);
    JW_INT(w, "size", f->size);
    JW_STR(w, "sha256", f->sha256);
    JW_KEY(w, "uploaded_by");
    put_number(w, f->uploader_id);
    JW_STR(w, "url", f->url);
    JW_TIME(w, "uploaded_at", f->uploaded_at);
    jw_end_object(w);
}

static void put_text(struct json_writer *w, struct str prefix, struct str text)
{
    struct buf b;

    buf_init(&b, NULL);
    buf_add_str(&b, prefix);
    buf_add_str(&b, text);
    jw_str(w, buf_str(&b));
    buf_release(&b);
}

void media_json_file(struct json_writer *w, const struct media_file *f)
{
    char id[24];

    snprintf(id, sizeof id, "%lld", (long long)f->id);
    jw_object(w);
    JW_INT(w, "id", f->id);
    JW_KEY(w, "owner_id");
    put_number(w, f->uploader_id);
    JW_STR(w, "entity_type", f->entity_type);
    JW_STR(w, "entity_id", f->entity_id);
    JW_STR(w, "file_name", f->filename);
    JW_STR(w, "original_name", f->filename);
    JW_KEY(w, "file_url");
    put_text(w, STR("/api/v1/media/"), str_from(id));
    JW_STR(w, "mime_type", f->content_type);
    JW_INT(w, "file_size", f->size);
    JW_STR(w, "sha256", f->sha256);
    JW_INT(w, "sort_order", f->sort_order);
    JW_BOOL(w, "is_public", f->is_public);
    JW_STR(w, "alt_text", f->alt_text);
    JW_KEY(w, "storage_path");
    put_text(w, STR("sha256/"), f->sha256);
    JW_TIME(w, "created_at", f->uploaded_at);
    JW_TIME(w, "updated_at", f->updated_at);
    jw_end_object(w);
}

/* "<ms>-<number>-<name>"; the number is drawn from the content, so the name says the same twice. */
static void put_stored_name(struct json_writer *w, const struct media_file *f)
{
    uint8_t digest[4] = {0};
    char prefix[64];

    (void)hex_decode(str_slice(f->sha256, 0, 8), digest, sizeof digest);
    snprintf(prefix, sizeof prefix, "%lld-%u-", (long long)(f->uploaded_at / US_PER_MS),
             ((unsigned)digest[0] << 24 | (unsigned)digest[1] << 16 | (unsigned)digest[2] << 8 |
              digest[3]) %
                 1000000000U);
    put_text(w, str_from(prefix), f->filename);
}

void media_json_simple(struct json_writer *w, const struct media_file *f, bool has_stored_name)
{
    jw_object(w);
    JW_INT(w, "id", f->id);
    JW_INT(w, "ticket_id", f->ticket_id);
    if (has_stored_name) {
        JW_KEY(w, "filename");
        put_stored_name(w, f);
    }
    JW_STR(w, "original_filename", f->filename);
    JW_STR(w, "mime_type", f->content_type);
    JW_INT(w, "file_size", f->size);
    JW_KEY(w, "uploaded_by");
    put_number(w, f->uploader_id);
    JW_TIME_MS(w, "uploaded_at", f->uploaded_at);
    jw_end_object(w);
}

#include "api/attachment.h"

#include <stddef.h>

#define AT(member) offsetof(struct attachment, member)
static const struct json_field FIELDS[] = {
    {"media_id", JK_INT, AT(media_id), JF_REQUIRED | JF_COERCE, .min = 1, .max = INT64_MAX,
     .alias = "id", .doc = "of helpdesk-service's media"},
    {"file_name", JK_STR, AT(file_name), JF_REQUIRED | JF_NON_EMPTY, .min = 1, .max = MAX_FILE_NAME,
     .alias = "filename"},
    {"mime_type", JK_STR, AT(mime_type), .max = 127, .alias = "content_type"},
    {"file_size", JK_INT, AT(file_size), .max = INT64_C(1) << 53},
};
#undef AT
JSON_SCHEMA(ATTACHMENT_SCHEMA, "Attachment", struct attachment, FIELDS);

struct str attachments_json(struct arena *a, const struct json_array *files)
{
    struct json_writer w;
    struct buf b;
    if (!files->count)
        return STR_NULL;
    buf_init(&b, a);
    jw_init(&w, &b);
    jw_array(&w);
    for (size_t i = 0; i < files->count; i++) {
        const struct attachment *f = &((const struct attachment *)files->items)[i];
        jw_object(&w);
        JW_INT(&w, "id", f->media_id);
        JW_INT(&w, "media_id", f->media_id);
        JW_INT(&w, "attachment_id", f->media_id);
        JW_STR(&w, "file_url", str_printf(a, "/api/v1/media/%lld", (long long)f->media_id));
        JW_STR(&w, "file_name", f->file_name);
        JW_STR(&w, "filename", f->file_name);
        JW_STR(&w, "mime_type", f->mime_type);
        JW_STR(&w, "content_type", f->mime_type);
        if (f->file_size != JSON_NO_INT)
            JW_INT(&w, "file_size", f->file_size);
        jw_end_object(&w);
    }
    jw_end_array(&w);
    return buf_str(&b);
}

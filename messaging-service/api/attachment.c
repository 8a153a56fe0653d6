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

/* ---- one more, one less -------------------------------------------------------------------- */

static const struct json *parsed(struct arena *a, struct str json)
{
    const struct json *v;
    const char *why;
    return json.len && json_parse(a, json, &v, &why) == ERR_OK ? v : NULL;
}

static bool is_file(const struct json *v, int64_t media_id)
{
    int64_t id;
    return json_int(json_get(v, "media_id"), &id) && id == media_id;
}

size_t attachments_count(struct arena *a, struct str json)
{
    const struct json *v = parsed(a, json);
    return v ? json_count(v) : 0;
}

bool attachments_have(struct arena *a, struct str json, int64_t media_id)
{
    const struct json *v = parsed(a, json);
    for (size_t i = 0; v && i < json_count(v); i++)
        if (is_file(json_at(v, i), media_id))
            return true;
    return false;
}

struct str attachments_with(struct arena *a, struct str json, const struct attachment *file)
{
    struct json_array one = {(void *)(uintptr_t)file, 1};
    struct str added = attachments_json(a, &one);
    if (!json.len)
        return added;
    return str_printf(a, "%.*s,%.*s", (int)json.len - 1, json.p, (int)added.len - 1, added.p + 1);
}

struct str attachments_without(struct arena *a, struct str json, int64_t media_id)
{
    const struct json *v = parsed(a, json);
    struct json_writer w;
    struct buf b;
    size_t left = 0;
    buf_init(&b, a);
    jw_init(&w, &b);
    jw_array(&w);
    for (size_t i = 0; v && i < json_count(v); i++) {
        if (is_file(json_at(v, i), media_id))
            continue;
        jw_value(&w, json_at(v, i));
        left++;
    }
    jw_end_array(&w);
    return left ? buf_str(&b) : STR_NULL;
}

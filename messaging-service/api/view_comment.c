/* A message as a comment of the ticket system: its first answers are replies, thumbs are ratings.
 */
#include "api/view.h"

static int64_t count_of(const struct json *counts, const char *emoji)
{
    int64_t n;
    return json_int(json_get(counts, emoji), &n) ? n : 0;
}

/* "Ada King Lovelace" is Ada, "King Lovelace". */
static void split_name(struct str name, struct str *first, struct str *last)
{
    ptrdiff_t blank = str_index(name, ' ', 0);
    *first = blank < 0 ? name : str_slice(name, 0, (size_t)blank);
    *last = blank < 0 ? STR("") : str_slice(name, (size_t)blank + 1, name.len);
}

static bool is_image(struct str mime_type)
{
    return str_has_prefix(mime_type, STR("image/"));
}

/* What the file has as an attachment, and what the ticket system's clients look for. */
static void write_document(struct json_writer *w, const struct message *m, const struct json *file)
{
    struct str key, name = json_str(json_get(file, "file_name")),
                    type = json_str(json_get(file, "mime_type"));
    jw_object(w);
    for (size_t i = 0; i < json_count(file); i++) {
        const struct json *value = json_member(file, i, &key);
        jw_key(w, key);
        jw_value(w, value);
    }
    JW_KEY(w, "document");
    jw_object(w);
    JW_KEY(w, "id");
    jw_value(w, json_get(file, "media_id"));
    JW_STR(w, "original_filename", name);
    JW_STR(w, "content_type", type);
    JW_KEY(w, "file_size");
    if (json_get(file, "file_size"))
        jw_value(w, json_get(file, "file_size"));
    else
        jw_null(w);
    JW_TIME_MS(w, "uploaded_at", m->created_at);
    JW_STR(w, "uploaded_by_name", m->sender_name);
    JW_BOOL(w, "is_image", is_image(type));
    JW_KEY(w, "download_url");
    jw_value(w, json_get(file, "file_url"));
    jw_end_object(w);
    JW_STR(w, "attached_by_name", m->sender_name);
    jw_end_object(w);
}

static void write_documents(struct arena *a, struct json_writer *w, const struct message *m)
{
    const struct json *files = NULL;
    const char *why;
    if (m->attachments.len && json_parse(a, m->attachments, &files, &why) != ERR_OK)
        files = NULL;
    JW_KEY(w, "documents");
    jw_array(w);
    for (size_t i = 0; files && i < json_count(files); i++)
        write_document(w, m, json_at(files, i));
    jw_end_array(w);
}

void view_comment_members(struct arena *a, struct json_writer *w, const struct message *m)
{
    const struct json *counts = NULL;
    struct str first, last;
    const char *why;
    if (m->reaction_counts.len && json_parse(a, m->reaction_counts, &counts, &why) != ERR_OK)
        counts = NULL;
    split_name(m->sender_name, &first, &last);
    JW_INT(w, "comment_id", m->id);
    JW_STR(w, "ticket_id", m->ticket_number);
    JW_INT(w, "user_id", m->sender_id);
    JW_STR(w, "firstname", first);
    JW_STR(w, "lastname", last);
    JW_STR(w, "role", m->sender_role);
    JW_STR(w, "content", m->content);
    JW_TIME_MS(w, "created_at", m->created_at);
    JW_KEY(w, "parent");
    if (m->reply_to_id == JSON_NO_INT)
        jw_null(w);
    else
        jw_int(w, m->reply_to_id);
    JW_INT(w, "thumbs_up_count", count_of(counts, "👍"));
    JW_INT(w, "thumbs_down_count", count_of(counts, "👎"));
    write_documents(a, w, m);
}

void view_comment(struct arena *a, struct json_writer *w, const struct message *m)
{
    jw_object(w);
    view_comment_members(a, w, m);
    jw_end_object(w);
}

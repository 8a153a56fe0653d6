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
    JW_RAW(w, "documents", m->attachments.len ? m->attachments : STR("[]"));
}

void view_comment(struct arena *a, struct json_writer *w, const struct message *m)
{
    jw_object(w);
    view_comment_members(a, w, m);
    jw_end_object(w);
}

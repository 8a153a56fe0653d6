#include "api/ticket_json.h"

/* Absent numbers are written as null. */
static void put_number(struct json_writer *w, int64_t v)
{
    if (v == TICKET_NONE)
        jw_null(w);
    else
        jw_int(w, v);
}

static void put_head(struct json_writer *w, const struct ticket *t)
{
    JW_INT(w, "id", t->id);
    JW_STR(w, "ticket_number", t->number);
    JW_STR(w, "subject", t->subject);
    JW_STR(w, "description", t->description);
    JW_STR(w, "category", t->category);
    JW_STR(w, "sub_category", t->sub_category);
    JW_STR(w, "department", t->department);
    JW_STR(w, "priority", str_from(ticket_priority_label(t->priority)));
    JW_STR(w, "status", str_from(ticket_status_helpdesk(t->status)));
    JW_KEY(w, "employee");
    jw_object(w);
    JW_INT(w, "id", t->requester_id);
    JW_STR(w, "name", t->requester_name);
    JW_STR(w, "email", t->requester_email);
    JW_STR(w, "department", t->requester_department);
    jw_end_object(w);
    JW_KEY(w, "ticket_owner_id");
    put_number(w, t->owner_id);
    JW_STR(w, "ticket_owner_name", t->owner_name);
    JW_TIME(w, "created_at", t->created_at);
    JW_TIME(w, "updated_at", t->updated_at);
    JW_TIME(w, "date_completed", t->completed_at);
    JW_KEY(w, "csat_rating");
    put_number(w, t->csat_rating);
    JW_STR(w, "csat_feedback", t->csat_feedback);
}

static void put_more(struct json_writer *w, const struct ticket *t)
{
    JW_TIME(w, "first_response_at", t->first_response_at);
    JW_TIME(w, "time_closed", t->closed_at);
    JW_STR(w, "approval_status", ticket_approval_word(t->approval));
    JW_RAW(w, "custom_fields", t->custom_fields.p ? t->custom_fields : STR("{}"));
    JW_KEY(w, "tags");
    jw_array(w);
    for (size_t i = 0; i < t->tag_count; i++)
        jw_str(w, t->tags[i]);
    jw_end_array(w);
    JW_INT(w, "version", t->version);
}

void ticket_json_view(struct json_writer *w, const struct ticket_view *v, enum ticket_shape shape)
{
    jw_object(w);
    put_head(w, &v->ticket);
    if (shape == TICKET_SHAPE_FULL)
        put_more(w, &v->ticket);
    JW_RAW(w, "attachments", v->attachments_json.p ? v->attachments_json : STR("[]"));
    JW_RAW(w, "comments", v->comments_json.p ? v->comments_json : STR("[]"));
    jw_end_object(w);
}

void ticket_json_entry(struct json_writer *w, const struct ticket *t)
{
    jw_object(w);
    put_head(w, t);
    put_more(w, t);
    jw_end_object(w);
}

void ticket_json_comment(struct json_writer *w, const struct comment *c)
{
    jw_object(w);
    JW_INT(w, "id", c->id);
    JW_KEY(w, "user_id");
    put_number(w, c->author_id);
    JW_STR(w, "user_name", c->author_name);
    JW_STR(w, "comment", c->comment);
    JW_STR(w, "visibility", c->is_internal ? STR("internal") : STR("public"));
    JW_TIME(w, "created_at", c->created_at);
    JW_TIME(w, "edited_at", c->edited_at);
    JW_INT(w, "version", c->version);
    jw_end_object(w);
}

void ticket_json_history(struct json_writer *w, const struct history_row *h)
{
    jw_object(w);
    JW_INT(w, "id", h->id);
    JW_STR(w, "field_name", h->field);
    JW_STR(w, "old_value", h->old_value);
    JW_STR(w, "new_value", h->new_value);
    JW_STR(w, "note", h->note);
    JW_KEY(w, "changed_by");
    put_number(w, h->changed_by);
    JW_STR(w, "changed_by_name", h->changed_by_name);
    JW_TIME(w, "changed_at", h->changed_at);
    jw_end_object(w);
}

/* Tickets as CSV or as lines of JSON, streamed batch by batch in constant memory. */
#include "actor.h"
#include "api/audit.h"
#include "api/handlers.h"
#include "api/ticket_json.h"
#include "api/ticket_list.h"
#include "buf.h"
#include "clock.h"
#include "csv.h"
#include "service.h"

#define BATCH 200
#define HEADING                                                                                    \
    "ticket_number,subject,description,category,sub_category,department,priority,status,"          \
    "requester_id,requester_name,requester_email,ticket_owner_id,ticket_owner_name,tags,"          \
    "approval_status,csat_rating,created_at,updated_at,first_response_at,date_completed,"          \
    "time_closed\r\n"

static struct str number_text(struct arena *a, int64_t v)
{
    return v == TICKET_NONE ? STR("") : str_printf(a, "%lld", (long long)v);
}

static struct str time_text(struct arena *a, int64_t us)
{
    char text[TIME_TEXT_SIZE];

    return us == TICKET_NONE ? STR("") : str_dup(a, str_n(text, time_format_s(us, text)));
}

static struct str tags_text(struct arena *a, const struct ticket *t)
{
    struct buf b;

    buf_init(&b, a);
    for (size_t i = 0; i < t->tag_count; i++)
        buf_printf(&b, "%s%.*s", i ? ";" : "", STR_ARG(t->tags[i]));
    return buf_str(&b);
}

static void write_csv(struct arena *a, struct buf *out, const struct ticket *t)
{
    const struct str fields[] = {
        t->number,
        t->subject,
        t->description,
        t->category,
        t->sub_category,
        t->department,
        str_from(ticket_priority_label(t->priority)),
        str_from(ticket_status_helpdesk(t->status)),
        number_text(a, t->requester_id),
        t->requester_name,
        t->requester_email,
        number_text(a, t->owner_id),
        t->owner_name,
        tags_text(a, t),
        ticket_approval_word(t->approval),
        number_text(a, t->csat_rating),
        time_text(a, t->created_at),
        time_text(a, t->updated_at),
        time_text(a, t->first_response_at),
        time_text(a, t->completed_at),
        time_text(a, t->closed_at),
    };

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (i)
            buf_add_char(out, ',');
        csv_write_field(out, fields[i]);
    }
    BUF_LIT(out, "\r\n");
}

static void write_ndjson(struct buf *out, const struct ticket *t)
{
    struct json_writer w;

    jw_init(&w, out);
    ticket_json_entry(&w, t);
    buf_add_char(out, '\n');
}

/* Sends the batch behind *last; *more tells whether another may follow. Its memory is its own. */
static enum err CO_FN send_batch(struct req *r, struct ticket_filter *f, bool is_csv,
                                 struct ticket_position *last, bool *more)
{
    struct arena *a = arena_new();
    struct ticket_page page;
    struct db_session s;
    struct buf out;
    enum err rc;

    db_session_init(&s, req_service(r)->db, a);
    buf_init(&out, a);
    rc = ticket_list_store_next(&s, f, &page);
    for (size_t i = 0; rc == ERR_OK && i < page.count; i++) {
        if (is_csv)
            write_csv(a, &out, &page.tickets[i]);
        else
            write_ndjson(&out, &page.tickets[i]);
    }
    if (rc == ERR_OK && out.len)
        rc = req_stream_write(r, buf_str(&out));
    *more = rc == ERR_OK && (int64_t)page.count == f->limit;
    if (*more) {
        const struct ticket *t = &page.tickets[page.count - 1];

        *last = (struct ticket_position){.time = t->created_at, .id = t->id};
        f->after = last;
    }
    arena_free(a);
    return rc;
}

enum err ticket_export(struct req *r)
{
    const struct ticket_query *q = r->query_args;
    bool is_csv = str_eq(q->format, STR("csv")), more = true;
    struct ticket_position last;
    struct ticket_filter f;
    struct db_session *s;
    enum err rc;

    ticket_list_filter(r, q, &f);
    if (req_has_field_errors(r))
        return ERR_VALIDATION_ERROR;
    rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = audit_put_export(r, s, "ticket.export", "ticket");
    if (rc)
        return rc;
    f.limit = BATCH;
    req_set_header(
        r, "Content-Disposition",
        str_printf(r->arena, "attachment; filename=\"tickets.%s\"", is_csv ? "csv" : "ndjson"));
    req_set_header(r, "Cache-Control", STR("no-store"));
    rc = req_stream_begin(r, 200, is_csv ? "text/csv; charset=utf-8" : "application/x-ndjson", -1);
    if (rc == ERR_OK && is_csv)
        rc = req_stream_write(r, STR(HEADING));
    while (rc == ERR_OK && more)
        rc = send_batch(r, &f, is_csv, &last, &more);
    return rc ? rc : req_stream_end(r);
}

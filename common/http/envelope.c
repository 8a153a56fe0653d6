/* Error bodies: the fleet's envelope and RFC 9457 problem details. */
#include <stdlib.h>

#include "clock.h"
#include "conn.h"
#include "json.h"

static void write_members(struct json_writer *w, const struct reply_detail *d)
{
    for (; d; d = d->next) {
        jw_key(w, d->key);
        jw_raw(w, d->raw);
    }
}

static void write_fields(struct json_writer *w, const struct reply_detail *fields)
{
    JW_KEY(w, "fields");
    jw_object(w);
    write_members(w, fields);
    jw_end_object(w);
}

void error_write_envelope(struct buf *out, const struct error_report *e)
{
    char time[TIME_TEXT_SIZE];
    size_t len = time_format_s(e->now_us, time);
    struct json_writer w;
    jw_init(&w, out);
    jw_object(&w);
    JW_STR(&w, "status", STR("error"));
    JW_STR(&w, "code", str_from(err_code(e->err)));
    JW_STR(&w, "message", e->text);
    JW_STR(&w, "error", e->text);
    JW_KEY(&w, "details");
    jw_object(&w);
    JW_STR(&w, "trace_id", e->trace_id);
    if (e->fields)
        write_fields(&w, e->fields);
    write_members(&w, e->details);
    jw_end_object(&w);
    JW_STR(&w, "timestamp", str_n(time, len));
    jw_end_object(&w);
}

void error_write_problem(struct buf *out, const struct error_report *e)
{
    struct json_writer w;
    jw_init(&w, out);
    jw_object(&w);
    JW_STR(&w, "type", STR("about:blank"));
    JW_STR(&w, "title", str_from(err_text(e->err)));
    JW_INT(&w, "status", err_http_status(e->err));
    JW_STR(&w, "detail", e->text);
    JW_STR(&w, "code", str_from(err_code(e->err)));
    JW_STR(&w, "trace_id", e->trace_id);
    if (e->fields)
        write_fields(&w, e->fields);
    write_members(&w, e->details);
    jw_end_object(&w);
}

struct str error_envelope(struct arena *a, enum err e, struct str text, struct str trace_id,
                          int64_t now_us)
{
    struct buf b;
    buf_init(&b, a);
    struct error_report report = {.err = e, .trace_id = trace_id, .now_us = now_us};
    report.text = text.p ? text : str_from(err_text(e));
    error_write_envelope(&b, &report);
    return buf_str(&b);
}

struct str error_body(struct arena *a, struct str accept, enum err e, struct str text,
                      struct str trace_id, const char **content_type)
{
    struct buf b;
    buf_init(&b, a);
    struct error_report report = {.err = e, .trace_id = trace_id, .now_us = clock_wall_us()};
    report.text = text.p ? text : str_from(err_text(e));
    bool is_problem = error_prefers_problem(accept);
    *content_type = is_problem ? "application/problem+json" : "application/json";
    if (is_problem)
        error_write_problem(&b, &report);
    else
        error_write_envelope(&b, &report);
    return buf_str(&b);
}

/* "q=0.75" in thousandths; a media range without one has 1000, a malformed one 0. */
static int quality(struct str parameters)
{
    struct str rest = parameters, p;
    while (str_next(&rest, ';', &p)) {
        p = str_trim(p);
        if (p.len < 3 || (p.p[0] | 0x20) != 'q' || p.p[1] != '=')
            continue;
        int q = 0, scale = 1000;
        bool is_fraction = false;
        for (size_t i = 2; i < p.len; i++) {
            if (p.p[i] == '.' && !is_fraction) {
                is_fraction = true;
                continue;
            }
            if (p.p[i] < '0' || p.p[i] > '9' || (is_fraction && scale == 1) || (!is_fraction && q))
                return 0;
            if (is_fraction)
                scale /= 10;
            q += (p.p[i] - '0') * scale;
        }
        return q > 1000 ? 1000 : q;
    }
    return 1000;
}

bool error_prefers_problem(struct str accept)
{
    int problem = 0, json = 0;
    struct str rest = accept, item, type;
    while (str_next(&rest, ',', &item)) {
        struct str parameters = item;
        if (!str_next(&parameters, ';', &type))
            continue;
        type = str_trim(type);
        if (str_ieq(type, STR("application/problem+json")))
            problem = quality(parameters);
        else if (str_ieq(type, STR("application/json")))
            json = quality(parameters);
    }
    return problem > 0 && problem >= json;
}

/* Whether the audit trail is what was sealed: over HTTP and on the command line. */
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "api/audit.h"
#include "api/handlers.h"
#include "api/schemas_audit.h"
#include "arguments.h"
#include "buf.h"
#include "encode.h"
#include "json.h"
#include "service.h"
#include "store/audit_chain.h"

static bool read_link(struct str hash, struct audit_link *out)
{
    return hash.len == AUDIT_HASH_SIZE * 2 && hex_decode(hash, out->hash, AUDIT_HASH_SIZE);
}

static void write_report(struct json_writer *w, const struct audit_report *p)
{
    char hex[AUDIT_HASH_SIZE * 2 + 1];

    hex_encode(p->head.hash, AUDIT_HASH_SIZE, hex);
    jw_object(w);
    JW_BOOL(w, "valid", p->is_valid);
    JW_INT(w, "events", p->events);
    JW_INT(w, "first", p->first_seq);
    if (p->is_valid)
        JW_NULL(w, "first_broken");
    else
        JW_INT(w, "first_broken", p->first_broken);
    JW_STR(w, "reason", str_from(p->reason));
    JW_KEY(w, "head");
    jw_object(w);
    JW_INT(w, "seq", p->head.seq);
    JW_STR(w, "hash", str_from(hex));
    jw_end_object(w);
    jw_end_object(w);
}

/* White space in front of the answer, so that nobody gives up on a long trail. */
static enum err CO_FN keep_waiting(void *arg, int64_t events)
{
    (void)events;
    return req_stream_write(arg, STR(" "));
}

enum err audit_verify(struct req *r)
{
    const struct audit_verify_query *q = r->query_args;
    struct audit_link known = {.seq = q->seq};
    struct audit_report report;
    struct json_writer w;
    struct db_session *s;
    struct buf b;
    enum err rc = req_db(r, &s);

    if (rc)
        return rc;
    if ((q->seq == JSON_NO_INT) != !q->hash.p || (q->hash.p && !read_link(q->hash, &known))) {
        req_field_error(r, "hash", "goes with seq, and has 64 hexadecimal digits");
        return ERR_VALIDATION_ERROR;
    }
    rc = req_stream_begin(r, 200, "application/json", -1);
    if (rc == ERR_OK)
        rc = audit_chain_verify(s->db, q->hash.p ? &known : NULL, keep_waiting, r, &report);
    if (rc)
        return rc;
    buf_init(&b, r->arena);
    jw_init(&w, &b);
    write_report(&w, &report);
    rc = req_stream_write(r, buf_str(&b));
    return rc ? rc : req_stream_end(r);
}

/* "seq:hash" */
static bool parse_link(const char *arg, struct audit_link *out)
{
    struct str rest = str_from(arg), seq;

    return str_next(&rest, ':', &seq) && rest.p && str_to_i64(seq, &out->seq) && out->seq > 0 &&
           read_link(rest, out);
}

int audit_verify_command(struct service *s, int count, char **args)
{
    const char *arg = NULL;
    const struct argument table[] = {{NULL, ARGUMENT_WORD, &arg}};
    struct audit_report report;
    struct audit_link known;
    struct json_writer w;
    struct buf b;
    enum err rc;

    if (!arguments_read(count, args, table, 1) || (arg && !parse_link(arg, &known)))
        return EX_USAGE;
    rc = audit_chain_verify(s->db, arg ? &known : NULL, NULL, NULL, &report);
    if (rc) {
        fprintf(stderr, "%s: %s\n", s->desc->name, err_text(rc));
        return EX_UNAVAILABLE;
    }
    buf_init(&b, s->arena);
    jw_init(&w, &b);
    write_report(&w, &report);
    printf("%.*s\n", STR_ARG(buf_str(&b)));
    return report.is_valid ? 0 : 1;
}

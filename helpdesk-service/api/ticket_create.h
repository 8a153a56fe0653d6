#pragma once
/* Opening a ticket, whichever surface it comes from. */
#include "api/write.h"
#include "domain/ticket.h"

struct ticket_draft {
    struct str subject, description, category, sub_category, department;
    struct str priority;              /* a label, absent: Medium */
    int64_t requester_id;             /* TICKET_NONE: who asks */
    struct json_array tags;           /* struct str */
    const struct json *custom_fields; /* NULL: none */
    bool is_lenient;                  /* required custom fields may be missing */
};

/* How a surface answers: the body, and the Location as a prefix followed by number or id. */
struct ticket_created_reply {
    void (*write)(struct json_writer *w, const struct ticket *t);
    const char *location_prefix;
    bool is_located_by_id;
};

/* Creates the ticket and answers 201. */
enum err CO_FN ticket_create(struct req *r, const struct ticket_draft *d,
                             const struct ticket_created_reply *reply);

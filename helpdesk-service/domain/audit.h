#pragma once
/* One event of the audit trail, and the bytes of it that its hash covers. No I/O. */
#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "str.h"

#define AUDIT_NONE INT64_MIN /* an absent id */
#define AUDIT_HASH_SIZE 32

/*
 * People are named by id, never by name or address: whoever reads the trail sees the name that the
 * person has at that time, and erasing a person leaves the trail, and its hashes, as they are.
 */
struct audit_event {
    int64_t at;                   /* wall µs */
    struct str source, source_id; /* the program that tells; the id of its message, absent: none */
    struct str actor_kind;        /* person, service or system */
    int64_t actor_id;             /* a person's */
    struct str actor;             /* the name of a program, else empty */
    int64_t on_behalf_of;         /* a person's */
    struct str address, user_agent, trace_id;
    struct str action; /* "ticket.update" */
    bool is_refused;
    struct str object_type; /* "ticket"; empty: none */
    struct str object_id, object_number;
    struct str
        changes; /* JSON: [{"field", "old", "new"}], without values that are long or secret */
    struct str details; /* a JSON object */
    struct str reason;
};

/*
 * Appends what the hash of the event at that place of the chain covers, behind the hash before it:
 * seq, then when it was sealed, then the members in the order of struct audit_event (is_refused as
 * 0 or 1), each as "<length>:<bytes>,", numbers in decimal, times in µs since the epoch, what is
 * absent as "-,".
 */
void audit_canonical(struct buf *out, const struct audit_event *e, int64_t seq, int64_t sealed_at);

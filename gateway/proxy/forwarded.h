#pragma once
/* The Forwarded header (RFC 7239): who a request came from, hop by hop, the nearest one last. */
#include <stdbool.h>

#include "buf.h"

#define FORWARDED_MAX 32

struct forwarded {
    struct str nodes[FORWARDED_MAX]; /* for= of each hop, without quotes, brackets and port; absent
                                        where a hop names none */
    int count;
};

/* Appends the hops of a header's value; false when it is malformed or too long, f is then as it was
 * before. Slices point into the value. */
bool forwarded_parse(struct str value, struct forwarded *f);
/* for= an address. */
void forwarded_add_node(struct buf *out, struct str address);
/* The gateway's own hop. peer is an address, host may be empty. */
void forwarded_add(struct buf *out, struct str peer, struct str host, struct str scheme);

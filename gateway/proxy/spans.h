#pragma once
/* An exchange as spans of its trace: the request, and each attempt at a target. */

struct exchange;

/* The attempt is over, if one was going on. */
void spans_end_hop(struct exchange *x);
/* The response, or the upgrade, is complete: nothing more is recorded of x. */
void spans_end_request(struct exchange *x);

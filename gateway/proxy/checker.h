#pragma once
/*
 * Looks after the targets of the present configuration, one such look-out in each process: a target
 * that failed a request is tried again after half a second, then after longer and longer up to ten
 * seconds, until it accepts a connection; upstreams whose healthchecks ask for it are checked at
 * their intervals, give or take a tenth.
 */
struct checker;
struct endpoint_table;
struct gateway;

struct checker *checker_new(struct gateway *gw, struct endpoint_table *endpoints);
/* Before the endpoints go. */
void checker_free(struct checker *c);
/* There is something to look after. */
void checker_hurry(struct checker *c);

#pragma once
/*
 * Counts of rate limits with policy cluster, over all gateways: what was counted here is added at
 * registry-service every RATE_LIMIT_SYNC_MS, whose answer tells the totals. While it is away
 * counting goes on with what is known, and what could not be told is told later. No request waits.
 *
 * So n gateways let pass at most (n - 1) · min(limit, r · t) requests more than the limit in a
 * window, r being the rate at which one gateway passes requests of that key, and t the interval
 * and the time of one call. An answer that is lost may count its batch twice, which errs on the
 * other side.
 */
#include "co.h"
#include "gateway.h"

void limit_sync_start(struct gateway *gw);
/* Tells what is left, and ends. */
void CO_FN limit_sync_stop(struct gateway *gw);

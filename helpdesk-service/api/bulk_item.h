#pragma once
/* The job "ticket.bulk": operations on many tickets, by the rules for one, with the same traces. */
#include "jobs/kind.h"

extern const struct job_kind BULK_JOB;

#pragma once
/* Which traces are recorded (OTEL_TRACES_SAMPLER). Private to this library. */
#include "trace.h"

void sampler_set(const struct trace_config *c);

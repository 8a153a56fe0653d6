#pragma once
/* A workflow as its author states it: steps and transitions by name, before it has ids. */
#include <stdbool.h>
#include <stddef.h>

#include "domain/match.h"
#include "domain/sla.h"
#include "str.h"

struct arena;

struct definition_step {
    struct str name, role_system, role_name;
    struct str escalation_system, escalation_role; /* absent: none */
    double weight;                                 /* share of the workflow's time, above 0 */
    struct str instruction;
    bool is_start;
};

struct definition_transition {
    struct str from, name;
    struct str to;      /* absent: the workflow ends */
    struct str outcome; /* then "resolved" or "rejected" */
};

struct definition {
    struct str name, description;
    struct match_fields match;
    const struct sla_target *targets; /* priorities left out take SLA_DEFAULTS */
    size_t target_count;
    const struct definition_step *steps;
    size_t step_count;
    const struct definition_transition *transitions;
    size_t transition_count;
};

#define DEFINITION_MAX_STEPS 200

struct definition_problem {
    struct str where; /* a step's or transition's name, or "workflow" */
    const char *message;
    struct definition_problem *next;
};

/* Everything that keeps the definition from being published, in order; NULL when nothing does. */
struct definition_problem *definition_check(struct arena *a, const struct definition *d);
/* Index of the step of that name, -1 when there is none. */
ptrdiff_t definition_step_index(const struct definition *d, struct str name);

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
#define DEFINITION_MAX_TRANSITIONS 1000
#define DEFINITION_MAX_WEIGHT 1000

/* What a definition says of the world: a role that somebody holds, or held. */
struct definition_role {
    struct str system, name;
    bool has_members; /* active ones */
};

struct definition_problem {
    struct str where; /* "name", "steps[2].role", "transitions[0].to_step", … */
    const char *message;
    struct definition_problem *next;
};

/*
 * Everything that keeps the definition from being published, in order; NULL when nothing does.
 * Without roles (NULL) nobody is asked who holds them. Takes time linear in the size of the
 * definition.
 */
struct definition_problem *definition_check(struct arena *a, const struct definition *d,
                                            const struct definition_role *roles, size_t role_count);
/* The deadlines of SLA_DEFAULTS[i].priority: the definition's own, else the default. */
struct sla_target definition_target(const struct definition *d, size_t i);

#pragma once
/*
 * Who gets a piece of work: policies, who may be given anything, and the choice between them. The
 * choice depends on nothing but its arguments.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/task.h"

enum assign_kind {
    ASSIGN_ROUND_ROBIN, /* in turn */
    ASSIGN_LEAST_LOADED,
    ASSIGN_WEIGHTED, /* in turn, each as often as their weight says */
    ASSIGN_SKILLS,
    ASSIGN_STICKY, /* who dealt with the requester last, else as the fallback says */
    ASSIGN_MANUAL, /* nobody: the work is taken by hand */
    ASSIGN_KIND_COUNT
};

#define ASSIGN_FALLBACK_CHOICES "round_robin|least_loaded|weighted|skills|manual"
#define ASSIGN_KIND_CHOICES ASSIGN_FALLBACK_CHOICES "|sticky"

struct str assign_kind_word(enum assign_kind k);
/* ASSIGN_KIND_COUNT when unknown. */
enum assign_kind assign_kind_parse(struct str word);

#define ASSIGN_PRESENCE_CHOICES "available|busy|away|offline"

struct assign_policy {
    enum assign_kind kind, fallback;
    /* Tags of ASSIGN_SKILLS, lower case: all of must are needed, each of should counts. */
    const struct str *must, *should;
    size_t must_count, should_count;
};

/* Whether the choice depends on how much the candidates have at hand. */
bool assign_needs_load(const struct assign_policy *p);

#define ASSIGN_NEVER INT64_MIN
#define ASSIGN_UNLIMITED INT64_MIN
/* What somebody without a capacity is compared by. */
#define ASSIGN_TYPICAL_CAPACITY 10
#define ASSIGN_WEIGHT_MAX 1000
#define ASSIGN_CAPACITY_MAX 10000
/* Substitutes of substitutes are asked so far. */
#define ASSIGN_MAX_CHAIN 8

enum assign_standing {
    STANDING_FREE,
    STANDING_REPLACED, /* out of office; somebody stands in */
    STANDING_ABSENT,   /* busy, away or offline */
    STANDING_OUT,      /* out of office, and nobody can stand in */
    STANDING_FULL,     /* at their capacity */
    STANDING_UNFIT,    /* lacks a skill, and so does not whoever stands in */
    STANDING_COUNT
};

struct str assign_standing_word(enum assign_standing s);

/* An active holder of the role. */
struct assign_candidate {
    int64_t id;
    bool is_present;
    int64_t out_from, out_until; /* out of office in between; ASSIGN_NEVER: no such end */
    bool has_out;                /* out of office at all */
    int64_t substitute_id;       /* NO_PERSON: none */
    int64_t capacity;            /* ASSIGN_UNLIMITED */
    int64_t weight;
    int64_t open;        /* items or tickets at hand, against the capacity */
    int64_t open_weight; /* the same by the weight of each, in thousandths */
    const struct str *skills;
    size_t skill_count;
    /* Set by assign_decide. */
    enum assign_standing standing;
    ptrdiff_t taker; /* who takes what falls to this one: itself, or who stands in; -1 */
    double score;    /* what the policy compared; NaN: nothing */
};

struct assign_case {
    int64_t now;
    int64_t turn;    /* a different one each time, or nearly; not negative */
    int64_t last_id; /* who dealt with the requester last, NO_PERSON */
};

struct assign_decision {
    ptrdiff_t chosen; /* index of a candidate; -1: nobody */
    const char *reason;
};

/* Candidates are in the order of their ids, each once. */
struct assign_decision assign_decide(const struct assign_policy *p, struct assign_candidate *c,
                                     size_t n, const struct assign_case *k);

/* Whether somebody could be given something, apart from skills. Sets standing and taker of each. */
bool assign_anybody(struct assign_candidate *c, size_t n, int64_t now);

/* ---- by hand ------------------------------------------------------------------------------ */

struct claim_facts {
    enum item_status item;
    enum task_status task;
    bool holds_role;
    bool is_named_by_admin; /* who may go beyond the capacity */
    int64_t capacity, open;
};

/* ERR_ALREADY_COMPLETED; ERR_FORBIDDEN without the role; ERR_CONFLICT: somebody has it, the task is
 * on hold, or whoever would take it is at their capacity. */
MUST_CHECK enum err assign_check_claim(const struct claim_facts *f);

/* The status of a new item, or of a waiting one, that falls to somebody or to nobody. */
enum item_status assign_item_status(int64_t person_id);

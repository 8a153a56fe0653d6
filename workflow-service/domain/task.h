#pragma once
/* The life of a task and of its items: words, and the rules of who may do what when. */
#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "str.h"

#define NO_PERSON INT64_MIN

enum task_status {
    TASK_STATUS_ACTIVE,
    TASK_STATUS_IN_PROGRESS,
    TASK_STATUS_ON_HOLD,
    TASK_STATUS_RESOLVED,
    TASK_STATUS_REJECTED,
    TASK_STATUS_COMPLETED,
    TASK_STATUS_CANCELLED,
    TASK_STATUS_COUNT
};

/* For schemas: every word a client may filter by. */
#define TASK_STATUS_CHOICES "active|in_progress|on_hold|resolved|rejected|completed|cancelled"

struct str task_status_word(enum task_status s);
/* TASK_STATUS_COUNT when unknown. */
enum task_status task_status_parse(struct str word);
/* Somebody still has something to do. */
bool task_status_is_running(enum task_status s);

enum item_status {
    ITEM_STATUS_POOL,
    ITEM_STATUS_NEW,
    ITEM_STATUS_IN_PROGRESS,
    ITEM_STATUS_RESOLVED,
    ITEM_STATUS_REASSIGNED,
    ITEM_STATUS_ESCALATED,
    ITEM_STATUS_CANCELLED,
    ITEM_STATUS_COUNT
};

struct str item_status_word(enum item_status s);
enum item_status item_status_parse(struct str word);
bool item_status_is_open(enum item_status s);

/* Where an item's latest change came from. */
#define ORIGIN_SYSTEM STR("System")
#define ORIGIN_USER STR("User Action")
#define ORIGIN_REASSIGNED STR("Reassigned")

/* ---- transitions -------------------------------------------------------------------------- */

struct transition_facts {
    int64_t actor_id, assignee_id;
    enum item_status item;
    enum task_status task;
    int64_t step_id;      /* of the item */
    bool is_known;        /* the transition exists in the task's version */
    int64_t from_step_id; /* of the transition */
    bool has_next;        /* it leads to another step */
    bool has_wish;        /* the next assignee was named */
    bool wish_holds_role; /* and is an active holder of the next step's role */
};

/*
 * ERR_FORBIDDEN: not the assignee. ERR_ALREADY_COMPLETED: the item is done. ERR_CONFLICT: the task
 * is on hold. ERR_INVALID_TRANSITION: not one of the step. ERR_VALIDATION_ERROR: the wished
 * assignee does not hold the role of the next step.
 */
MUST_CHECK enum err transition_check(const struct transition_facts *f);

/* ---- ownership ---------------------------------------------------------------------------- */

struct owner_facts {
    int64_t actor_id, owner_id, escalated_by;
    bool is_escalated;
    enum task_status task;
};

/* ERR_ALREADY_ESCALATED, for the owner and whoever escalated; ERR_FORBIDDEN for others;
 * ERR_ALREADY_COMPLETED when the ticket's work is over for good. */
MUST_CHECK enum err owner_check_escalation(const struct owner_facts *f);

struct owner_candidate {
    int64_t id;
    bool is_active;
    bool may_own; /* Ticket Coordinator or an Admin */
};

/* ERR_USER_NOT_FOUND, ERR_INVALID_TRANSFER, ERR_ALREADY_COMPLETED. */
MUST_CHECK enum err owner_check_transfer(const struct owner_facts *f,
                                         const struct owner_candidate *to);

/* ---- the helpdesk's word ------------------------------------------------------------------ */

/* What a status of the ticket at the helpdesk means for the work on it. */
enum ticket_signal {
    SIGNAL_NONE,
    SIGNAL_CLOSED,
    SIGNAL_WITHDRAWN,
    SIGNAL_HELD,
    SIGNAL_RUNNING,
    SIGNAL_OPEN, /* opened again, unless it was open all along */
};

/* The task's status after the signal; the same when it changes nothing. A finished task stays
 * finished, except that closing confirms a resolution; has_started tells what resuming returns to.
 */
enum task_status task_status_after(enum task_status now, enum ticket_signal signal,
                                   bool has_started);

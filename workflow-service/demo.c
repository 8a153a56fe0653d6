#include "demo.h"

#include "api/definition.h"
#include "clock.h"
#include "log.h"
#include "store/definition_store.h"

#define S(literal)                                                                                 \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }
#define STEP(name_, role, weight_, text)                                                           \
    {                                                                                              \
        .name = S(name_), .role_system = S("tts"), .role_name = S(role),                           \
        .escalation_system = S("tts"), .escalation_role = S("Admin"), .weight = weight_,           \
        .instruction = S(text)                                                                     \
    }
#define START_STEP(name_, role, weight_, text)                                                     \
    {                                                                                              \
        .name = S(name_), .role_system = S("tts"), .role_name = S(role),                           \
        .escalation_system = S("tts"), .escalation_role = S("Admin"), .weight = weight_,           \
        .instruction = S(text), .is_start = true                                                   \
    }
#define GO(from_, name_, to_)                                                                      \
    {                                                                                              \
        .from = S(from_), .name = S(name_), .to = S(to_)                                           \
    }
#define END(from_, name_, outcome_)                                                                \
    {                                                                                              \
        .from = S(from_), .name = S(name_), .outcome = S(outcome_)                                 \
    }
#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define DEFINITION(name_, department_, category_, text, steps_, transitions_)                      \
    {                                                                                              \
        .name = S(name_), .description = S(text), .match.department = S(department_),              \
        .match.category = S(category_), .steps = steps_, .step_count = COUNT(steps_),              \
        .transitions = transitions_, .transition_count = COUNT(transitions_)                       \
    }

static const struct definition_step IT_STEPS[] = {
    START_STEP("Review", "Reviewer", 2, "Understand the request and solve it, or hand it on."),
    STEP("Quality Assurance", "Approver", 1, "Check the solution with the requester's eyes."),
    STEP("Admin Review", "Admin", 1, "Decide what a Reviewer could not."),
};
static const struct definition_transition IT_TRANSITIONS[] = {
    GO("Review", "approve", "Quality Assurance"), END("Review", "reject", "rejected"),
    GO("Review", "escalate", "Admin Review"),     END("Quality Assurance", "approve", "resolved"),
    GO("Quality Assurance", "reject", "Review"),  END("Admin Review", "approve", "resolved"),
    END("Admin Review", "reject", "rejected"),
};

static const struct definition_step OUT_STEPS[] = {
    START_STEP("Request Review", "Reviewer", 1, "Is the asset free, and the request complete?"),
    STEP("Approval", "Approver", 1, "Approve the loan and its return date."),
    STEP("Handover", "Reviewer", 2, "Hand the asset over and note its state."),
};
static const struct definition_transition OUT_TRANSITIONS[] = {
    GO("Request Review", "submit", "Approval"), END("Request Review", "reject", "rejected"),
    GO("Approval", "approve", "Handover"),      GO("Approval", "return", "Request Review"),
    END("Approval", "reject", "rejected"),      END("Handover", "hand over", "resolved"),
};

static const struct definition_step IN_STEPS[] = {
    START_STEP("Inspection", "Reviewer", 2, "Inspect the returned asset."),
    STEP("Damage Assessment", "Admin", 2, "Assess damage and decide who bears it."),
    STEP("Confirmation", "Approver", 1, "Confirm the return and free the asset."),
};
static const struct definition_transition IN_TRANSITIONS[] = {
    GO("Inspection", "accept", "Confirmation"),
    GO("Inspection", "report damage", "Damage Assessment"),
    GO("Damage Assessment", "settle", "Confirmation"),
    END("Damage Assessment", "refuse", "rejected"),
    END("Confirmation", "confirm", "resolved"),
    GO("Confirmation", "return", "Inspection"),
};

static const struct definition_step BUDGET_STEPS[] = {
    START_STEP("Proposal Review", "Reviewer", 2, "Check figures and justification."),
    STEP("Finance Approval", "Approver", 2, "Check the proposal against the budget."),
    STEP("Final Decision", "Admin", 1, "Decide on the proposal."),
};
static const struct definition_transition BUDGET_TRANSITIONS[] = {
    GO("Proposal Review", "forward", "Finance Approval"),
    END("Proposal Review", "reject", "rejected"),
    GO("Finance Approval", "approve", "Final Decision"),
    GO("Finance Approval", "return", "Proposal Review"),
    END("Final Decision", "approve", "resolved"),
    END("Final Decision", "reject", "rejected"),
};

static const struct definition DEFINITIONS[] = {
    DEFINITION("IT Support Workflow", "IT Department", "IT Support",
               "Support requests of every kind to the IT department.", IT_STEPS, IT_TRANSITIONS),
    DEFINITION("Asset Check Out Workflow", "Asset Department", "Asset Check Out",
               "Lending an asset to an employee.", OUT_STEPS, OUT_TRANSITIONS),
    DEFINITION("Asset Check In Workflow", "Asset Department", "Asset Check In",
               "Taking a lent asset back.", IN_STEPS, IN_TRANSITIONS),
    DEFINITION("Budget Proposal Workflow", "Budget Department", "New Budget Proposal",
               "Deciding on a budget proposal.", BUDGET_STEPS, BUDGET_TRANSITIONS),
};

/* What an administrator has removed stays removed. */
static enum err CO_FN publish_one(struct db_session *s, void *arg)
{
    const struct definition *d = arg;
    struct definition_problem *problems;
    bool is_used;
    enum err rc = definition_store_name_used(s, d->name, &is_used);
    if (rc == ERR_OK && is_used)
        rc = ERR_DUPLICATE_RESOURCE;
    return rc ? rc : definition_publish(s, d, clock_wall_us(), &problems);
}

enum err demo_seed(struct service *s)
{
    for (size_t i = 0; i < COUNT(DEFINITIONS); i++) {
        struct definition d = DEFINITIONS[i];
        struct db_session session;
        struct arena *a = arena_new();
        db_session_init(&session, s->db, a);
        enum err rc = db_transact(&session, publish_one, &d);
        arena_free(a);
        if (rc == ERR_OK)
            log_info("demonstration workflow published", LOG_STR("name", d.name));
        else if (rc != ERR_DUPLICATE_RESOURCE)
            return rc;
    }
    return ERR_OK;
}

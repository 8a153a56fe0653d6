#pragma once
/* Which workflow takes a ticket: the most specific rule that fits, without regard to case. */
#include <stddef.h>

#include "str.h"

/* Of a rule: an absent field accepts everything. Of a ticket: an empty field fits no rule's value.
 */
struct match_fields {
    struct str department, category, sub_category, priority;
};

/* How specific a fitting rule is: the number of its fields decides, then the narrower ones
 * (sub-category, priority, category, department). -1 when the rule does not fit. */
int match_score(const struct match_fields *rule, const struct match_fields *ticket);

/* Index of the best rule, the first of equals; -1 when none fits. */
ptrdiff_t match_best(const struct match_fields *rules, size_t n, const struct match_fields *ticket);

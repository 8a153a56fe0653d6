#include "domain/match.h"

/* Each field adds COUNT and its own bit, so that the number of fields outweighs which ones. */
#define COUNT 16

int match_score(const struct match_fields *rule, const struct match_fields *ticket)
{
    const struct {
        struct str wanted, given;
        int bit;
    } fields[] = {
        {rule->sub_category, ticket->sub_category, 8},
        {rule->priority, ticket->priority, 4},
        {rule->category, ticket->category, 2},
        {rule->department, ticket->department, 1},
    };
    int score = 0;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (!fields[i].wanted.p)
            continue;
        if (!str_ieq(str_trim(fields[i].wanted), str_trim(fields[i].given)))
            return -1;
        score += COUNT + fields[i].bit;
    }
    return score;
}

ptrdiff_t match_best(const struct match_fields *rules, size_t n, const struct match_fields *ticket)
{
    ptrdiff_t best = -1;
    int best_score = -1;
    for (size_t i = 0; i < n; i++) {
        int score = match_score(&rules[i], ticket);
        if (score > best_score) {
            best = (ptrdiff_t)i;
            best_score = score;
        }
    }
    return best;
}

#include "recent.h"

bool recent_add(struct recent *r, int64_t id)
{
    bool is_known = false;
    for (int i = 0; i < RECENT_SIZE; i++)
        is_known |= r->ids[i] == id;
    if (is_known)
        return false;
    if (r->ids[r->next] > r->floor)
        r->floor = r->ids[r->next];
    r->ids[r->next] = id;
    r->next = (r->next + 1) % RECENT_SIZE;
    return true;
}

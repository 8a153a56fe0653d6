#include "api/write.h"

enum err refuse(struct req *r, enum err e, const char *text)
{
    (void)req_failf(r, e, "%s", text);
    return e;
}

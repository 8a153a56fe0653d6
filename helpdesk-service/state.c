#include "state.h"

#include "service.h"

struct helpdesk *helpdesk_of(const struct req *r)
{
    return req_service(r)->state;
}

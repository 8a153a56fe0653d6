#pragma once
/* A member of a reply schema that is called as in the struct. */
#include <stddef.h>

#include "json.h"

#define FIELD(type, kind_, member)                                                                 \
    {                                                                                              \
        .name = #member, .kind = kind_, .offset = offsetof(struct type, member)                    \
    }
#define FIELD_LIST(type, member, schema)                                                           \
    {                                                                                              \
        .name = #member, .kind = JK_ARRAY, .offset = offsetof(struct type, member), .sub = &schema \
    }

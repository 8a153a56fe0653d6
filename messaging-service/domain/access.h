#pragma once
/* Who may read and write a conversation: its participants; admins read the tickets' ones too. */
#include <stdbool.h>

static inline bool conversation_may_read(bool takes_part, bool is_support, bool is_admin)
{
    return takes_part || (is_support && is_admin);
}

static inline bool conversation_may_write(bool takes_part, bool is_support, bool is_admin)
{
    return takes_part || (is_support && is_admin);
}

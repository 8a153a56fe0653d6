#include "shipped.h"

const struct shipped_language SHIPPED_LANGUAGES[] = {
    {LANGUAGE_DEFAULT, "English", SHIPPED_EN},
    {"de", "Deutsch", SHIPPED_DE},
    {NULL, NULL, NULL},
};

const char SHIPPED_FACTS[] =
    "ticket_number subject status old_status priority actor owner step role text outcome metric "
    "rating name email title message link unsubscribe_link items count more";

const char SHIPPED_SAMPLE[] =
    "{\"ticket_number\":\"TX20260112000001\",\"subject\":\"VPN does not connect\","
    "\"status\":\"In Progress\",\"old_status\":\"Open\",\"priority\":\"High\","
    "\"actor\":\"Rita Reviewer\",\"owner\":\"Cora Coordinator\",\"step\":\"Review\","
    "\"role\":\"Reviewer\",\"text\":\"Have you tried it again?\",\"outcome\":\"resolved\","
    "\"metric\":\"resolution\",\"rating\":4,\"name\":\"Emil Employee\","
    "\"email\":\"employee@example.com\",\"title\":\"New reply on ticket TX20260112000001\","
    "\"message\":\"Rita Reviewer wrote: Have you tried it again?\","
    "\"link\":\"https://help.example.com/tickets/TX20260112000001\","
    "\"unsubscribe_link\":\"https://help.example.com/notifications/unsubscribe/x\","
    "\"items\":[{\"title\":\"Ticket TX20260112000001 is now In Progress\","
    "\"message\":\"The status of ticket TX20260112000001 is now In Progress.\","
    "\"ticket_number\":\"TX20260112000001\","
    "\"link\":\"https://help.example.com/tickets/TX20260112000001\","
    "\"time\":\"2026-01-12 10:30\"}],\"count\":1,\"more\":0}";

const struct shipped *shipped_find(struct str name, struct str language)
{
    const struct shipped_language *l = SHIPPED_LANGUAGES;
    while (l->code && !str_eq(language, str_from(l->code)))
        l++;
    for (const struct shipped *s = l->rows; s && s->name; s++)
        if (str_eq(name, str_from(s->name)))
            return s;
    return NULL;
}

static bool is_letters(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= 'A' && s.p[i] <= 'Z')))
            return false;
    return true;
}

bool language_is_code(struct str code)
{
    if (code.len != 2 && code.len != 5)
        return false;
    for (size_t i = 0; i < 2; i++)
        if (code.p[i] < 'a' || code.p[i] > 'z')
            return false;
    return code.len == 2 || (code.p[2] == '-' && is_letters(str_slice(code, 3, 5)));
}

struct str language_parent(struct str code)
{
    return code.len == 5 ? str_slice(code, 0, 2) : STR_NULL;
}

bool shipped_is_fact(struct str name)
{
    struct str rest = str_from(SHIPPED_FACTS), word, first = name, tail = name;
    /* Items of a digest have this one beside what everything has. */
    if (str_eq(name, STR("time")) || str_eq(name, STR(".")))
        return true;
    if (!str_next(&tail, '.', &first))
        return false;
    while (rest.p && str_next(&rest, ' ', &word))
        if (str_eq(word, first))
            return true;
    return false;
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/emoji.h"

static void what_is_an_emoji(void **state)
{
    (void)state;
    static const char *const GOOD[] = {
        "👍",
        "❤",
        "❤️",
        "👍🏽",
        "👨‍👩‍👧‍👦",
        "🏳️‍🌈",
        "🇩🇪",
        "5️⃣",
        "#️⃣",
        "©️",
        "☎",
        "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    };
    static const char *const BAD[] = {
        "",        "x",
        "5",       "#",
        "5x",      "👍x",
        "x👍",      "👍👍",
        "👍 ",      "é",
        "<",       "\u200d",
        "👍\u200d", "👍\u200d\u200d👍",
        "🇩🇪🇫🇷",    "\xF0\x9F\x91",
        "\xFF",    "中",
    };
    for (size_t i = 0; i < sizeof GOOD / sizeof GOOD[0]; i++)
        if (!emoji_is_valid(str_from(GOOD[i])))
            fail_msg("%s is refused", GOOD[i]);
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
        if (emoji_is_valid(str_from(BAD[i])))
            fail_msg("%s is taken", BAD[i]);
    assert_false(emoji_is_valid(STR_NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_an_emoji)};
    return cmocka_run_group_tests_name("emoji", tests, NULL, NULL);
}

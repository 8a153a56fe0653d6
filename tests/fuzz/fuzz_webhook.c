/* URLs, headers and event types of webhooks: no crash, and nothing is taken that could mean another
 * host or another header to whoever reads it next. */
#include <stdint.h>
#include <stdlib.h>

#include "domain/webhook_rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool has_only(struct str s, char first, char last)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] < first || s.p[i] > last)
            return false;
    return true;
}

static void check_url(struct str url)
{
    struct str host = {0};
    if (webhook_url_problem(url, &host))
        return;
    if (!host.len || host.p < url.p || host.p + host.len > url.p + url.len)
        abort();
    if (!has_only(url, '!', '~') || str_index(host, '@', 0) >= 0 || str_index(url, '\\', 0) >= 0)
        abort();
    /* What stands before the host is the scheme, and maybe a bracket. */
    size_t before = (size_t)(host.p - url.p);
    if (before != 7 && before != 8 && before != 9)
        abort();
}

static void check_header(struct str text)
{
    ptrdiff_t colon = str_index(text, ':', 0);
    if (colon < 0)
        return;
    struct str name = str_slice(text, 0, (size_t)colon);
    struct str value = str_slice(text, (size_t)colon + 1, text.len);
    if (webhook_header_problem(name, value))
        return;
    if (!has_only(name, '!', '~') || str_index(value, '\n', 0) >= 0 ||
        str_index(value, '\r', 0) >= 0 || str_index(value, '\0', 0) >= 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    char buf[WEBHOOK_TYPE_MAX];
    struct str patterns[WEBHOOK_PATTERNS_OF_TYPE];
    check_url(text);
    check_header(text);
    webhook_patterns_of(text, buf, patterns);
    if (webhook_type_of(text) && !webhook_pattern_is_known(patterns[1]))
        abort();
    return 0;
}

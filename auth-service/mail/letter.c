#include "mail/letter.h"

#include <inttypes.h>

#include "buf.h"
#include "clock.h"
#include "encode.h"

#define MAX_DEVICE 120

/* "{life}" stands for how long the link or code is good, "{origin}" for when and from where. */
static const struct letter_form {
    const char *kind, *subject, *lead, *close;
} FORMS[] = {
    {LETTER_VERIFY_EMAIL, "Confirm your email address",
     "Please confirm that this email address is yours by following this link:",
     "The link works once, within {life}. If you have not created an account, you need not do "
     "anything."},
    {LETTER_RESET_PASSWORD, "Reset your password",
     "Somebody, hopefully you, asked to reset the password of your account. To choose a new one, "
     "follow this link:",
     "The link works once, within {life}. If it was not you, you need not do anything: your "
     "password stays as it is."},
    {LETTER_PASSWORD_CHANGED, "Your password was changed",
     "The password of your account was changed {origin}. Other sessions have been ended.",
     "If this was not you, reset your password at once and tell your administrator."},
    {LETTER_CODE, "Your security code", "Your code is:",
     "It is good once, within {life}. Nobody will ever ask you for it. If you have not asked for "
     "it, somebody knows your password: change it."},
    {LETTER_FACTOR_ENABLED, "Two-step login was switched on",
     "From now on, logging in to your account takes a second step. It was switched on {origin}.",
     "If this was not you, reset your password at once and tell your administrator."},
    {LETTER_FACTOR_DISABLED, "Two-step login was switched off",
     "The second step of logging in to your account was switched off {origin}.",
     "If this was not you, reset your password at once and tell your administrator."},
    {LETTER_INVITATION, "You are invited to the TTS Helpdesk",
     "You have been invited to the TTS Helpdesk. To choose your password and begin, follow this "
     "link:",
     "The link works once, within {life}."},
};

static struct str life_text(struct arena *a, int64_t seconds)
{
    static const struct {
        int64_t seconds;
        const char *unit;
    } UNITS[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};

    for (size_t i = 0; i < sizeof UNITS / sizeof UNITS[0]; i++) {
        int64_t n = seconds / UNITS[i].seconds;
        if (n > 0 && seconds % UNITS[i].seconds == 0)
            return str_printf(a, "%" PRId64 " %s%s", n, UNITS[i].unit, n > 1 ? "s" : "");
    }
    return str_printf(a, "%" PRId64 " seconds", seconds);
}

static struct str origin_text(struct arena *a, const struct letter *l)
{
    char at[TIME_TEXT_SIZE];
    struct str device = str_slice(l->user_agent.p ? l->user_agent : STR(""), 0, MAX_DEVICE);

    time_format_s(l->at, at);
    if (!str_is_utf8(device))
        device = STR("");
    return str_printf(a, "on %.10s at %.5s UTC from %.*s%s%.*s%s", at, at + 11, STR_ARG(l->address),
                      device.len ? " (" : "", STR_ARG(device), device.len ? ")" : "");
}

static struct str fill(struct arena *a, const char *text, const struct letter *l)
{
    static const struct str LIFE = {"{life}", 6}, ORIGIN = {"{origin}", 8};
    struct str s = str_from(text), mark = LIFE;
    ptrdiff_t at = str_find(s, mark);

    if (at < 0) {
        mark = ORIGIN;
        at = str_find(s, mark);
    }
    if (at < 0)
        return s;
    return str_printf(a, "%.*s%.*s%.*s", (int)at, s.p,
                      STR_ARG(mark.p == LIFE.p ? life_text(a, l->life_s) : origin_text(a, l)),
                      STR_ARG(str_slice(s, (size_t)at + mark.len, s.len)));
}

static struct str as_text(struct arena *a, const struct letter *l, struct str lead,
                          struct str close)
{
    struct str key = l->link.len ? l->link : l->code;

    return str_printf(a, "Hello %.*s,\n\n%.*s\n\n%s%.*s%s%.*s\n\nTTS Helpdesk\n", STR_ARG(l->name),
                      STR_ARG(lead), key.len ? "    " : "", STR_ARG(key), key.len ? "\n\n" : "",
                      STR_ARG(close));
}

static void add_paragraph(struct buf *b, struct str s)
{
    BUF_LIT(b, "<p>");
    html_escape(b, s);
    BUF_LIT(b, "</p>\n");
}

static struct str as_html(struct arena *a, const struct letter *l, struct str lead,
                          struct str close)
{
    struct buf b;

    buf_init(&b, a);
    BUF_LIT(&b, "<!DOCTYPE html>\n<html lang=\"en\"><body style=\"font-family:sans-serif\">\n");
    add_paragraph(&b, str_printf(a, "Hello %.*s,", STR_ARG(l->name)));
    add_paragraph(&b, lead);
    if (l->link.len) {
        BUF_LIT(&b, "<p><a href=\"");
        html_escape(&b, l->link);
        BUF_LIT(&b, "\">");
        html_escape(&b, l->link);
        BUF_LIT(&b, "</a></p>\n");
    } else if (l->code.len) {
        BUF_LIT(&b, "<p style=\"font-size:2em;letter-spacing:.2em\">");
        html_escape(&b, l->code);
        BUF_LIT(&b, "</p>\n");
    }
    add_paragraph(&b, close);
    BUF_LIT(&b, "<p>TTS Helpdesk</p>\n</body></html>\n");
    return buf_str(&b);
}

bool letter_write(struct arena *a, struct str kind, const struct letter *l, struct letter_text *out)
{
    for (size_t i = 0; i < sizeof FORMS / sizeof FORMS[0]; i++) {
        const struct letter_form *t = &FORMS[i];
        struct str lead, close;
        if (!str_eq(kind, str_from(t->kind)))
            continue;
        lead = fill(a, t->lead, l);
        close = fill(a, t->close, l);
        *out = (struct letter_text){str_from(t->subject), as_text(a, l, lead, close),
                                    as_html(a, l, lead, close)};
        return true;
    }
    return false;
}

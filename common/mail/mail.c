#include "mail.h"

#include "buf.h"
#include "clock.h"
#include "encode.h"

#define BASE64_LINE 57 /* bytes that fill a line of 76 characters */
#define WORD_BYTES 42  /* bytes that keep an encoded word under 75 characters */
#define MAX_HEADER_BYTES 400
#define BOUNDARY "=_alternative" /* never a line of base64 */

static bool is_plain(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.p[i] < 0x20 || (unsigned char)s.p[i] >= 0x7F)
            return false;
    return s.len <= 60 && str_find(s, STR("=?")) < 0;
}

static void add_base64(struct buf *b, struct str s)
{
    char *out = buf_reserve(b, BASE64_SIZE(s.len));
    b->len += base64_encode(s.p, s.len, out);
}

/* RFC 2047 encoded words, cut between characters. */
static void add_encoded(struct buf *b, struct str s)
{
    bool is_first = true;
    while (s.len) {
        size_t n = s.len < WORD_BYTES ? s.len : WORD_BYTES;
        while (n < s.len && n > 1 && ((unsigned char)s.p[n] & 0xC0) == 0x80)
            n--;
        buf_add_str(b, is_first ? STR("=?UTF-8?B?") : STR("\r\n =?UTF-8?B?"));
        add_base64(b, str_slice(s, 0, n));
        BUF_LIT(b, "?=");
        s = str_slice(s, n, s.len);
        is_first = false;
    }
}

static void add_header(struct buf *b, const char *name, struct str value)
{
    if (value.len > MAX_HEADER_BYTES) {
        value.len = MAX_HEADER_BYTES;
        while (value.len && ((unsigned char)value.p[value.len] & 0xC0) == 0x80)
            value.len--;
    }
    buf_printf(b, "%s: ", name);
    if (is_plain(value))
        buf_add_str(b, value);
    else
        add_encoded(b, value);
    BUF_LIT(b, "\r\n");
}

/* Letters, digits and blanks need no quoting. */
static bool is_plain_name(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        if (!(c == ' ' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
              (c >= 'a' && c <= 'z')))
            return false;
    }
    return s.len <= 60;
}

/* Blanks for controls: some programs refuse an address whose decoded name has any. */
static struct str without_controls(struct arena *a, struct str name)
{
    char *copy = arena_memdup0(a, name.p, name.len);
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)copy[i] < 0x20 || copy[i] == 0x7F)
            copy[i] = ' ';
    return str_n(copy, name.len);
}

static void add_to(struct buf *b, const struct mail *m)
{
    BUF_LIT(b, "To: ");
    if (m->to_name.len) {
        struct str name = str_slice(m->to_name, 0, 200);
        while (name.len < m->to_name.len && ((unsigned char)m->to_name.p[name.len] & 0xC0) == 0x80)
            name.len--;
        name = without_controls(b->arena, name);
        if (is_plain_name(name))
            buf_add_str(b, name);
        else
            add_encoded(b, name);
        buf_add_char(b, ' ');
    }
    buf_printf(b, "<%.*s>\r\n", STR_ARG(m->to_address));
}

/* An id is made of texts from outside: what does not belong into one is left out. */
static void add_id(struct buf *b, const char *name, struct str id)
{
    buf_printf(b, "%s: <", name);
    for (size_t i = 0; i < id.len; i++)
        if (id.p[i] > ' ' && id.p[i] < 0x7F && id.p[i] != '<' && id.p[i] != '>')
            buf_add_char(b, id.p[i]);
    BUF_LIT(b, ">\r\n");
}

static void add_date(struct buf *b, int64_t us)
{
    char date[TIME_TEXT_SIZE];
    size_t n = time_format_http(us, date);
    buf_printf(b, "Date: %.*s +0000\r\n", (int)n - 4, date); /* without " GMT" */
}

static void add_body(struct buf *b, const char *type, struct str text)
{
    buf_printf(b,
               "Content-Type: %s; charset=utf-8\r\n"
               "Content-Transfer-Encoding: base64\r\n\r\n",
               type);
    struct buf lines;
    buf_init(&lines, b->arena);
    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] == '\n' && (i == 0 || text.p[i - 1] != '\r'))
            buf_add_char(&lines, '\r');
        buf_add_char(&lines, text.p[i]);
    }
    struct str rest = buf_str(&lines);
    while (rest.len) {
        add_base64(b, str_slice(rest, 0, BASE64_LINE));
        BUF_LIT(b, "\r\n");
        rest = str_slice(rest, BASE64_LINE, rest.len);
    }
}

/* The plainest first, the preferred last (RFC 2046 §5.1.4). */
static void add_alternatives(struct buf *b, const struct mail *m)
{
    BUF_LIT(b, "Content-Type: multipart/alternative; boundary=\"" BOUNDARY "\"\r\n\r\n"
               "--" BOUNDARY "\r\n");
    add_body(b, "text/plain", m->text);
    BUF_LIT(b, "--" BOUNDARY "\r\n");
    add_body(b, "text/html", m->html);
    BUF_LIT(b, "--" BOUNDARY "--\r\n");
}

/* Nothing of an URL that could leave its header or its brackets. */
static bool is_header_url(struct str url)
{
    for (size_t i = 0; i < url.len; i++)
        if (url.p[i] <= ' ' || url.p[i] >= 0x7F || url.p[i] == '<' || url.p[i] == '>')
            return false;
    return url.len > 0 && url.len <= 900;
}

static void add_unsubscribe(struct buf *b, struct str url)
{
    if (!is_header_url(url))
        return;
    buf_printf(b,
               "List-Unsubscribe: <%.*s>\r\n"
               "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
               STR_ARG(url));
}

struct str mail_compose(struct arena *a, const struct mail *m)
{
    struct buf b;
    buf_init(&b, a);
    buf_printf(&b, "From: %.*s\r\n", STR_ARG(m->from));
    add_to(&b, m);
    add_header(&b, "Subject", m->subject);
    add_date(&b, m->date);
    add_id(&b, "Message-ID", m->message_id);
    if (m->thread_id.len) {
        add_id(&b, "References", m->thread_id);
        add_id(&b, "In-Reply-To", m->thread_id);
    }
    add_unsubscribe(&b, m->unsubscribe_url);
    BUF_LIT(&b, "Auto-Submitted: auto-generated\r\n"
                "MIME-Version: 1.0\r\n");
    if (m->html.len)
        add_alternatives(&b, m);
    else
        add_body(&b, "text/plain", m->text);
    return buf_str(&b);
}

struct str mail_address(struct str from)
{
    ptrdiff_t open = str_index(from, '<', 0), close = str_index(from, '>', 0);
    if (open >= 0 && close > open)
        return str_slice(from, (size_t)open + 1, (size_t)close);
    return str_trim(from);
}

bool mail_address_is_safe(struct str address)
{
    int ats = 0;
    for (size_t i = 0; i < address.len; i++) {
        unsigned char c = (unsigned char)address.p[i];
        if (c <= ' ' || c == 0x7F || c == '<' || c == '>' || c == ',' || c == ';')
            return false;
        ats += c == '@';
    }
    return ats == 1 && address.len <= 254 && address.p[0] != '@' &&
           address.p[address.len - 1] != '@';
}

bool mail_sender_is_safe(struct str from)
{
    for (size_t i = 0; i < from.len; i++) {
        unsigned char c = (unsigned char)from.p[i];
        if (c < ' ' || c >= 0x7F)
            return false;
    }
    return mail_address_is_safe(mail_address(from));
}

struct str mail_link(struct arena *a, struct str template, struct str mark, struct str value)
{
    ptrdiff_t at = str_find(template, mark);
    struct buf b;
    if (!template.len || !value.len)
        return STR_NULL;
    buf_init(&b, a);
    buf_add_str(&b, at < 0 ? template : str_slice(template, 0, (size_t)at));
    if (at >= 0) {
        percent_encode(&b, value);
        buf_add_str(&b, str_slice(template, (size_t)at + mark.len, template.len));
    }
    return buf_str(&b);
}

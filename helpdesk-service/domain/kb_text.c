#include "domain/kb_text.h"

#include "buf.h"
#include "encode.h"

#define BLANKS " \t\r\n\v\f"

/* Cuts the next word off; absent at the end. */
static struct str next_word(struct str *rest)
{
    size_t from = 0, to;

    while (from < rest->len && strchr(BLANKS, rest->p[from]))
        from++;
    for (to = from; to < rest->len && !strchr(BLANKS, rest->p[to]);)
        to++;
    struct str word = str_slice(*rest, from, to);
    *rest = str_slice(*rest, to, rest->len);
    return word.len ? word : STR_NULL;
}

static void add_quoted(struct buf *b, struct str word)
{
    buf_add_char(b, '\'');
    for (size_t i = 0; i < word.len; i++) {
        if (strchr("'\\", word.p[i]))
            buf_add_char(b, word.p[i]);
        buf_add_char(b, word.p[i]);
    }
    buf_add_char(b, '\'');
}

static struct str join(struct arena *a, struct str words, struct str operator)
{
    struct str word;
    struct buf b;

    buf_init(&b, a);
    for (int n = 0; n < KB_WORD_MAX && (word = next_word(&words)).p; n++) {
        if (n)
            buf_add_str(&b, operator);
        add_quoted(&b, word);
    }
    return b.len ? buf_str(&b) : STR_NULL;
}

struct str kb_query_all(struct arena *a, struct str words)
{
    struct str all = join(a, words, STR(" & "));

    return all.p ? str_printf(a, "%.*s:*", STR_ARG(all)) : STR_NULL;
}

struct str kb_query_any(struct arena *a, struct str words)
{
    return join(a, words, STR(" | "));
}

/* Anything but punctuation. */
static bool has_letter(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            return true;
    }
    return false;
}

struct str kb_gap_of(struct arena *a, struct str words)
{
    struct str lower = str_lower(a, words), word;
    size_t room = KB_GAP_MAX;
    struct buf b;

    buf_init(&b, a);
    while ((word = next_word(&lower)).p && str_utf8_len(word) + 1 <= room) {
        if (b.len)
            buf_add_char(&b, ' ');
        buf_add_str(&b, word);
        room -= str_utf8_len(word) + 1;
    }
    return has_letter(buf_str(&b)) ? buf_str(&b) : STR("");
}

struct str kb_mark(struct arena *a, struct str text)
{
    static const struct {
        struct str from, to;
    } TURNS[] = {
        {STR(KB_MARK_BEGIN), STR("<mark>")},
        {STR(KB_MARK_END), STR("</mark>")},
    };
    struct buf b;
    size_t i = 0, k;

    if (!text.p)
        return STR_NULL;
    buf_init(&b, a);
    while (i < text.len) {
        struct str rest = str_slice(text, i, text.len);

        for (k = 0; k < sizeof TURNS / sizeof *TURNS && !str_has_prefix(rest, TURNS[k].from);)
            k++;
        if (k < sizeof TURNS / sizeof *TURNS) {
            buf_add_str(&b, TURNS[k].to);
            i += TURNS[k].from.len;
        } else {
            html_escape(&b, str_slice(text, i, i + 1));
            i++;
        }
    }
    return buf_str(&b);
}

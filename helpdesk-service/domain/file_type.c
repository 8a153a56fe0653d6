#include "domain/file_type.h"

#include <stddef.h>

#define OCTETS "application/octet-stream"

/* Names that programs use for registered types. */
static const struct {
    const char *name, *registered;
} ALIASES[] = {
    {"image/jpg", "image/jpeg"},
    {"image/pjpeg", "image/jpeg"},
    {"image/x-png", "image/png"},
    {"application/x-pdf", "application/pdf"},
    {"application/x-zip-compressed", "application/zip"},
    {"application/x-zip", "application/zip"},
    {"text/comma-separated-values", "text/csv"},
    {"application/csv", "text/csv"},
};

/* Types whose contents cannot always be told apart by their beginnings. */
static const char *const FAMILIES[][8] = {
    /* a package is a ZIP file; which one shows only when its entries are in the usual order */
    {"application/zip", "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
     "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
     "application/vnd.openxmlformats-officedocument.presentationml.presentation",
     "application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.spreadsheet",
     "application/vnd.oasis.opendocument.presentation"},
    /* compound files: their directory may be anywhere */
    {"application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint",
     "application/x-ole-storage", "application/CDFV2", "application/vnd.ms-office",
     "application/vnd.ms-outlook"},
};

/* Types that every file of theirs shows in its first bytes. */
static const char *const EVIDENT[] = {"image/jpeg", "image/png", "image/gif", "image/webp",
                                      "application/pdf"};

/* What a browser would run, if it believed it to be what it looks like. */
static const char *const ACTIVE[] = {"text/html", "image/svg+xml", "application/xhtml+xml"};

static const char *const INLINE[] = {"image/jpeg", "image/png",       "image/gif",
                                     "image/webp", "application/pdf", "text/plain"};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static bool is_among(struct str type, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n && list[i]; i++)
        if (str_ieq(type, str_from(list[i])))
            return true;
    return false;
}

struct str file_type_declared(struct arena *a, struct str content_type)
{
    ptrdiff_t semicolon = str_index(content_type, ';', 0);
    struct str type = semicolon < 0 ? content_type : str_slice(content_type, 0, (size_t)semicolon);

    type = str_lower(a, str_trim(type));
    if (type.len == 0 || str_eq(type, STR(OCTETS)))
        return STR_NULL;
    for (size_t i = 0; i < COUNT(ALIASES); i++)
        if (str_eq(type, str_from(ALIASES[i].name)))
            return str_from(ALIASES[i].registered);
    return type;
}

static bool is_text_type(struct str type)
{
    return str_has_prefix(type, STR("text/"));
}

/* Very short texts look like nothing to libmagic. */
static bool has_control_bytes(struct str head)
{
    for (size_t i = 0; i < head.len; i++)
        if ((unsigned char)head.p[i] < ' ' && !strchr("\t\n\v\f\r\x1b", head.p[i]))
            return true;
    return memchr(head.len ? head.p : "", 0, head.len) != NULL;
}

/* What is text besides text/...: programs and data. */
static bool is_sniffed_text(struct str sniffed, struct str head)
{
    static const char *const TEXTS[] = {"application/json", "application/javascript",
                                        "application/x-ndjson", "application/x-wine-extension-ini",
                                        "message/rfc822"};

    if (str_eq(sniffed, STR(OCTETS)))
        return !has_control_bytes(head);
    return is_text_type(sniffed) || is_among(sniffed, TEXTS, COUNT(TEXTS));
}

static bool is_same_family(struct str a, struct str b)
{
    for (size_t i = 0; i < COUNT(FAMILIES); i++)
        if (is_among(a, FAMILIES[i], COUNT(FAMILIES[i])))
            return is_among(b, FAMILIES[i], COUNT(FAMILIES[i]));
    return false;
}

static bool is_in_a_family(struct str type)
{
    for (size_t i = 0; i < COUNT(FAMILIES); i++)
        if (is_among(type, FAMILIES[i], COUNT(FAMILIES[i])))
            return true;
    return false;
}

/* The part before the slash. */
static bool is_same_class(struct str a, struct str b)
{
    ptrdiff_t slash = str_index(a, '/', 0);

    return slash > 0 && str_has_prefix(b, str_slice(a, 0, (size_t)slash + 1));
}

static bool agrees(struct str declared, struct str sniffed, struct str head)
{
    if (str_ieq(declared, sniffed))
        return true;
    if (is_among(sniffed, ACTIVE, COUNT(ACTIVE)))
        return false;
    if (is_text_type(declared))
        return is_sniffed_text(sniffed, head);
    if (is_in_a_family(declared))
        return is_same_family(declared, sniffed);
    if (is_among(declared, EVIDENT, COUNT(EVIDENT)))
        return false;
    return str_eq(sniffed, STR(OCTETS)) || is_same_class(declared, sniffed);
}

struct str file_type_decide(struct str declared, struct str sniffed, struct str head)
{
    if (head.len == 0)
        return declared.p ? declared : STR("text/plain");
    if (!declared.p)
        return str_eq(sniffed, STR(OCTETS)) && !has_control_bytes(head) ? STR("text/plain")
                                                                        : sniffed;
    return agrees(declared, sniffed, head) ? declared : STR_NULL;
}

bool file_type_is_listed(struct str list, struct str type)
{
    struct str one;

    while (str_next(&list, ' ', &one))
        if (one.len && str_ieq(one, type))
            return true;
    return false;
}

bool file_type_may_be_inline(struct str type)
{
    return is_among(type, INLINE, COUNT(INLINE));
}

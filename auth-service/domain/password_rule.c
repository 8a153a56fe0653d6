#include "domain/password_rule.h"

/* The most frequent entries of published password collections, with what people make of them. */
static const char *const COMMON[] = {
    "000000",    "111111",     "112233",      "121212",     "123123",    "123321",     "1234",
    "12345",     "123456",     "1234567",     "12345678",   "123456789", "1234567890", "123qwe",
    "1q2w3e",    "1q2w3e4r",   "1q2w3e4r5t",  "1qaz2wsx",   "555555",    "654321",     "666666",
    "696969",    "777777",     "888888",      "987654321",  "999999",    "aa123456",   "abc123",
    "abcd1234",  "admin",      "admin123",    "adminadmin", "asdfgh",    "asdfghjkl",  "baseball",
    "changeme",  "computer",   "demo-pass-1", "dragon",     "football",  "freedom",    "google",
    "hello123",  "helpdesk",   "iloveyou",    "internet",   "letmein",   "login",      "master",
    "michael",   "monkey",     "p@ssw0rd",    "p@ssword",   "pa55word",  "passw0rd",   "password",
    "password1", "password12", "password123", "princess",   "qazwsx",    "qwe123",     "qwer1234",
    "qwerty",    "qwerty123",  "qwertyuiop",  "secret",     "shadow",    "starwars",   "sunshine",
    "superman",  "test123",    "test1234",    "trustno1",   "user1234",  "welcome",    "welcome1",
    "whatever",  "zaq12wsx",   "zxcvbnm",
};

static bool is_common(struct str password)
{
    for (size_t i = 0; i < sizeof COMMON / sizeof COMMON[0]; i++)
        if (str_ieq(password, str_from(COMMON[i])))
            return true;
    return false;
}

const char *password_problem(const struct password_policy *policy, struct str password,
                             struct str email)
{
    if ((int64_t)str_utf8_len(password) < policy->min_length)
        return "password too short";
    if (password.len > PASSWORD_MAX_BYTES)
        return "password too long";
    if (email.len && str_ieq(password, email))
        return "password must differ from the email";
    if (policy->refuse_common && is_common(password))
        return "password must not be a common one";
    return NULL;
}

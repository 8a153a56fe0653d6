#include "password/read.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096

/* Shows, or hides, what is typed. */
static void echo(bool shown)
{
    struct termios t;

    if (tcgetattr(STDIN_FILENO, &t) != 0)
        return;
    if (shown)
        t.c_lflag |= ECHO;
    else
        t.c_lflag &= ~(tcflag_t)ECHO;
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &t);
}

static struct str read_line(struct arena *a, FILE *in)
{
    char *line = arena_alloc(a, LINE_MAX_BYTES);

    if (!fgets(line, LINE_MAX_BYTES, in))
        return STR_NULL;
    line[strcspn(line, "\r\n")] = '\0';
    return line[0] ? str_from(line) : STR_NULL;
}

static struct str ask(struct arena *a)
{
    struct str line;

    fputs("Password: ", stderr);
    echo(false);
    line = read_line(a, stdin);
    echo(true);
    fputc('\n', stderr);
    return line;
}

struct str password_read(struct arena *a, const char *path)
{
    struct str line;
    FILE *in;

    if (!path) {
        line = isatty(STDIN_FILENO) ? ask(a) : read_line(a, stdin);
        if (!line.p)
            fputs("there is no password on standard input\n", stderr);
        return line;
    }
    in = fopen(path, "re");
    if (!in) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return STR_NULL;
    }
    line = read_line(a, in);
    (void)fclose(in);
    if (!line.p)
        fprintf(stderr, "%s: there is no password in its first line\n", path);
    return line;
}

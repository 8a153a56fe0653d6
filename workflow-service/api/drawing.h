#pragma once
/* A definition as a picture: boxes for steps, arrows for transitions, and how far a task has come.
 */
#include "domain/definition.h"
#include "str.h"

struct arena;

enum drawing_mark { MARK_NONE, MARK_DONE, MARK_CURRENT, MARK_PENDING };

struct drawing {
    const struct definition *definition;
    const enum drawing_mark *marks; /* of steps; NULL: no task is shown */
    const bool *taken;              /* transitions that were; NULL likewise */
    struct str outcome;             /* with which the task has ended; absent: it has not */
    struct str caption;             /* shown as the picture's title */
};

/* Well-formed XML 1.0 (SVG 1.1) whatever the names contain, without script or style. */
struct str drawing_svg(struct arena *a, const struct drawing *d);
/* For Graphviz. */
struct str drawing_dot(struct arena *a, const struct drawing *d);

/* What both draw: the steps and, behind them, the two ends. Transitions from or to unknown steps
 * are left out. */
#define DRAWING_ENDS 2
struct drawing_arrow {
    size_t from, to, transition; /* nodes; index of the transition */
};
struct str drawing_end(size_t i); /* "resolved", "rejected" */
struct drawing_arrow *drawing_arrows(struct arena *a, const struct definition *d, size_t *count,
                                     bool has_end[DRAWING_ENDS]);
enum drawing_mark drawing_mark_of(const struct drawing *d, size_t node);
const char *drawing_mark_word(enum drawing_mark m);

"""Which functions are marked CO_FN, and which calls contradict the marks."""
import re

from csource import ROOT, folder_of, functions_of, prototypes_of, sources

MARK = re.compile(r"\bCO_FN\b")
COMMON = ROOT / "common"


def marked_functions():
    """({program or COMMON: names seen by its files}, {file: its own static ones})."""
    shared, own = {}, {}
    for path in sources(".h", ".c", tests=False):
        names, statics = set(), set()
        for name, text in prototypes_of(path):
            if MARK.search(text):
                (statics if "static" in text.split() else names).add(name)
        for function in functions_of(path):
            if MARK.search(function.signature):
                (statics if function.is_static else names).add(function.name)
        shared.setdefault(scope_of(path), set()).update(names - statics)
        own[path] = statics
    return shared, own


def scope_of(path):
    """Programs do not see each other's functions; all see those of the libraries."""
    folder = folder_of(path)
    return COMMON if folder.parent == COMMON else folder


def missing_marks():
    """(function, the marked one it calls, line) for unmarked functions."""
    shared, own = marked_functions()
    for path in sources(".c", ".h", tests=False):
        static = {function.name for function in functions_of(path) if function.is_static}
        marked = ((shared[COMMON] | shared[scope_of(path)]) - static) | own[path]
        for function in functions_of(path):
            if function.name not in marked:
                for called, line in function.calls():
                    if called in marked:
                        yield function, called, line

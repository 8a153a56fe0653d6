"""A function that may suspend is marked CO_FN: one that is not marked calls none that is.
tests/lint/add-co-fn adds what is missing."""
from comarks import COMMON, marked_functions, missing_marks
from csource import name_of


def test_the_marks_are_found():
    shared, _ = marked_functions()
    assert {"co_wait", "co_sleep_ms", "db_begin"} <= shared[COMMON]


def test_unmarked_functions_call_no_marked_one():
    problems = [f"{name_of(function.path)}:{line}: {function.name} may suspend in {called}, but is not marked CO_FN"
                for function, called, line in missing_marks()]
    assert not problems, "\n" + "\n".join(problems)

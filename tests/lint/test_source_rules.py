"""Rules for every C file."""
import concurrent.futures
import re
import subprocess

from csource import code_of, compile_flags, name_of, sources, text_of

BANNED = re.compile(r"(?<![\w.>])(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|gmtime|localtime|system|rand|gets)\s*\(")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
COMMENTED_CODE = re.compile(r"^\s*//.*[;{]\s*$", re.MULTILINE)


def lines_matching(pattern, text):
    for match in pattern.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match.group().strip()


def problems_of(pattern, read, *suffixes):
    return [f"{name_of(path)}:{line}: {found}" for path in sources(*suffixes)
            for line, found in lines_matching(pattern, read(path))]


def test_no_banned_function():
    found = problems_of(BANNED, code_of, ".c", ".h")
    assert not found, "\n" + "\n".join(found)


def test_nothing_unfinished():
    found = problems_of(UNFINISHED, text_of, ".c", ".h", ".py", ".sql", ".mk", "Makefile")
    assert not found, "\n" + "\n".join(found)


def test_no_commented_out_code():
    found = problems_of(COMMENTED_CODE, text_of, ".c", ".h")
    assert not found, "\n" + "\n".join(found)


def test_headers_guard_themselves():
    found = [name_of(path) for path in sources(".h") if not text_of(path).startswith("#pragma once\n")]
    assert not found, f"no #pragma once in the first line: {found}"


def compile_alone(header):
    result = subprocess.run(["gcc", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter",
                             "-Wno-missing-field-initializers", *compile_flags(header),
                             "-x", "c", "-include", str(header), "/dev/null"],
                            stderr=subprocess.PIPE, text=True, check=False)
    return f"{name_of(header)}:\n{result.stderr}" if result.returncode else None


def test_headers_compile_alone():
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        found = [problem for problem in pool.map(compile_alone, sources(".h", tests=False)) if problem]
    assert not found, "\n" + "\n".join(found)

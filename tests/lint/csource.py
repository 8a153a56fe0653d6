"""Just enough reading of C for the lints: files, includes, and functions with their bodies. It relies on
the project's formatting, where a function's braces stand in the first column."""
import dataclasses
import functools
import pathlib
import re
import shlex
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]

_NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
_INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)
_NAME_BEFORE_PARENTHESIS = re.compile(r"\b([A-Za-z_]\w*)\s*\(")
# The first word of a parenthesis that is no parameter list.
_NOT_A_NAME = {"__attribute__", "MUST_CHECK", "PRINTF_FORMAT", "defined"}


def programs():
    """Folders of programs: gateway and the services."""
    return sorted(path.parent for path in [*ROOT.glob("*-service/Makefile"), *ROOT.glob("gateway/Makefile")])


def libraries():
    return sorted(path.parent for path in ROOT.glob("common/*/Makefile"))


def sources(*suffixes, tests=True):
    """C files of the project, by suffix (".c", ".h")."""
    found = []
    for folder in libraries() + programs():
        found += [path for suffix in suffixes for path in folder.rglob(f"*{suffix}")]
    return sorted(path for path in found if tests or "tests" not in path.relative_to(ROOT).parts)


def name_of(path):
    return str(path.relative_to(ROOT))


@functools.lru_cache(maxsize=None)
def text_of(path):
    return path.read_text(encoding="utf-8")


@functools.lru_cache(maxsize=None)
def code_of(path):
    """The text with comments and literals blanked, lines kept."""
    def blank(match):
        kept = match.group()[0] if match.group()[0] in "\"'" else " "
        return kept + "\n" * match.group().count("\n") + (kept if kept != " " else "")
    return _NOISE.sub(blank, text_of(path))


def includes_of(path):
    """Names in #include "…"."""
    return _INCLUDE.findall(text_of(path))


@functools.lru_cache(maxsize=None)
def dependencies(folder):
    """Libraries a library or program may use, as its Makefile declares them, indirect ones included."""
    declared = re.search(r"^DEPS *:*= *(.*)$", text_of(folder / "Makefile"), re.MULTILINE).group(1).split()
    common = ROOT / "common"
    if not declared:
        return ()
    return tuple(subprocess.run([common / "closure.sh", common, *declared], check=True, text=True,
                                stdout=subprocess.PIPE).stdout.split())


@functools.lru_cache(maxsize=None)
def build_commands(folder):
    """{source: flags} of a library or program: what the build gives the compiler that changes the meaning of a
    file, that is -std, -D, -I and -iquote."""
    commands = subprocess.run(["make", "--no-print-directory", "-nB", "V=1", "-C", folder, "all"], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout
    found = {}
    for line in commands.splitlines():
        if " -c " in line and line.endswith(".c"):
            words = shlex.split(line)
            # A program's make also builds the libraries it needs; those lines are not meant.
            if f"/{folder.relative_to(ROOT)}/" in words[words.index("-o") + 1]:
                found[(folder / words[-1]).resolve()] = meaningful_flags(folder, words)
    return found


def meaningful_flags(folder, words):
    flags, words = [], iter(words)
    for word in words:
        if word in ("-iquote", "-isystem"):
            flags += [word, str((folder / next(words)).resolve())]
        elif word.startswith(("-std=", "-I")) or word.startswith("-D") and "FORTIFY" not in word:
            flags.append(word)
    return flags


def compile_flags(path):
    """Those of the file, or for a header those of any source beside it."""
    commands = build_commands(folder_of(path))
    return commands.get(path.resolve()) or next(iter(commands.values()))


def folder_of(path):
    """The library or program a file belongs to."""
    parts = path.relative_to(ROOT).parts
    return ROOT.joinpath(*parts[:2]) if parts[0] == "common" else ROOT / parts[0]


@dataclasses.dataclass
class Function:
    path: pathlib.Path
    name: str
    line: int
    signature: str
    body: str

    @property
    def is_static(self):
        return "static" in self.signature.split()

    def calls(self):
        """(name, line) of everything in the body that looks like a call."""
        for match in _NAME_BEFORE_PARENTHESIS.finditer(self.body):
            yield match.group(1), self.line + self.body.count("\n", 0, match.start())


def declared_name(signature):
    """The function's name: the identifier before the first parameter list."""
    for match in _NAME_BEFORE_PARENTHESIS.finditer(signature):
        if match.group(1) not in _NOT_A_NAME:
            return match.group(1)
    return None


@functools.lru_cache(maxsize=None)
def functions_of(path):
    """Functions defined in a file."""
    lines = code_of(path).split("\n")
    found, number = [], 0
    while number < len(lines):
        if lines[number] != "{":
            number += 1
            continue
        end = next(i for i in range(number, len(lines)) if lines[i].startswith("}"))
        first = number
        while first > 0 and lines[first - 1].strip() and lines[first - 1][0] not in "#}" \
                and not lines[first - 1].rstrip().endswith((";", "}")):
            first -= 1
        signature = "\n".join(lines[first:number])
        name = declared_name(signature)
        if name:
            found.append(Function(path, name, number + 1, signature, "\n".join(lines[number:end + 1])))
        number = end
    return found


_PROTOTYPE = re.compile(r"^[A-Za-z_][^;{}#=]*\)\s*;", re.MULTILINE)


@functools.lru_cache(maxsize=None)
def prototypes_of(path):
    """Declarations of functions at file level, as (name, text)."""
    found = []
    for match in _PROTOTYPE.finditer(code_of(path)):
        name = declared_name(match.group())
        if name and not match.group().startswith(("typedef", "return")):
            found.append((name, match.group()))
    return found

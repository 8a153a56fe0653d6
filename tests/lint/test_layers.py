"""Who may include whom inside a service: main → routes, events → api → jobs → store, domain; a domain sees only
common/base and the tables of common/contract."""
import re

from csource import ROOT, code_of, dependencies, folder_of, includes_of, libraries, name_of, programs, sources

# What a layer of a service must not include. A handler publishes (events/publish.h) but consumes nothing.
FORBIDDEN = {
    "domain": ("api/", "store/", "events/", "jobs/"),
    "store": ("api/", "events/", "jobs/"),
    "jobs": ("api/", "events/consume.h"),
    "api": ("events/consume.h",),
}
FOREIGN_TYPES = re.compile(r"\b(PGresult|PGconn|cJSON|amqp_\w+_t)\b")
FOREIGN_HEADERS = re.compile(r"#include <(libpq-fe|cjson/|amqp|mbedtls/|curl/)")
SQL_MACROS = re.compile(r"\b(DB_READ|DB_WRITE)\b")


def service_files(*suffixes):
    return [path for path in sources(*suffixes, tests=False) if folder_of(path) in programs()]


def resolve(path, include):
    """The file an include means: beside the includer, below its program, or in a library it depends on."""
    folder = folder_of(path)
    places = [path.parent, folder] + [ROOT / "common" / library for library in dependencies(folder)]
    return next((place / include for place in places if (place / include).exists()), None)


def layer_of(path):
    parts = path.relative_to(folder_of(path)).parts
    return parts[0] if len(parts) > 1 else None


def test_layers_of_services():
    problems = []
    for path in service_files(".c", ".h"):
        layer = layer_of(path)
        for include in includes_of(path):
            target = resolve(path, include)
            if target is None or layer not in FORBIDDEN:
                continue
            same_program = folder_of(target) == folder_of(path)
            if same_program and str(target.resolve().relative_to(folder_of(path))).startswith(FORBIDDEN[layer]):
                problems.append(f"{name_of(path)} ({layer}) includes {include}")
            if layer == "domain" and not same_program and folder_of(target).name not in ("base", "contract"):
                problems.append(f"{name_of(path)} (domain) includes {include} of common/{folder_of(target).name}")
    assert not problems, "\n" + "\n".join(problems)


def test_no_service_includes_another():
    names = "|".join(folder.name for folder in programs())
    pattern = re.compile(rf'#include "(?:\.\./)*(?:{names})/')
    problems = [name_of(path) for path in service_files(".c", ".h") if pattern.search(path.read_text(encoding="utf-8"))]
    assert not problems, problems


def test_services_see_no_foreign_types():
    """libpq, cJSON, librabbitmq, mbedTLS and curl stay behind the libraries; TLS of clients is one folder's."""
    problems = [name_of(path) for path in service_files(".c", ".h")
                if not name_of(path).startswith("gateway/tls/") and (FOREIGN_TYPES.search(code_of(path)) or FOREIGN_HEADERS.search(path.read_text(encoding="utf-8")))]
    assert not problems, problems


def test_sql_is_in_store_only():
    problems = [name_of(path) for path in service_files(".c")
                if SQL_MACROS.search(code_of(path)) and layer_of(path) != "store"]
    assert not problems, problems


def test_base_depends_on_nothing():
    assert dependencies(ROOT / "common" / "base") == ()


def test_libraries_do_not_depend_in_a_circle():
    for library in libraries():
        assert library.name not in dependencies(library), f"{library.name} depends on itself"


def test_library_includes_are_declared():
    """Every quoted include of a library is its own or one of its DEPS; tests may use more."""
    problems = [f"{name_of(path)} includes {include}" for path in sources(".c", ".h", tests=False)
                for include in includes_of(path) if resolve(path, include) is None]
    assert not problems, "\n" + "\n".join(problems)

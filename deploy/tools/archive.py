"""What backup and restore share: the database by psql, files by the SHA-256 that names them, the manifest."""
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import urllib.parse

FORMAT = 1
SCHEMAS = ["auth", "helpdesk", "workflow", "messaging", "notification", "registry"]
DUMP, MANIFEST, MEDIA = "database.dump", "manifest.json", "media"
CHUNK = 1 << 20


class Failed(Exception):
    """Ends the program with its text."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def setting(name, wanted=True):
    """A setting, or what is in the file that NAME_FILE names."""
    path = os.environ.get(f"{name}_FILE")
    value = pathlib.Path(path).read_text(encoding="utf-8").strip() if path else os.environ.get(name, "")
    if wanted and not value:
        raise Failed(f"{name} is not set")
    return value


class Session:
    """One connection to the database: whatever it locks or sees stays for as long as it lives."""

    END = "end-of-answer"

    def __init__(self, url):
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            ["psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1"], env={**os.environ, **connection(url)}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")

    def query(self, sql):
        """The rows as JSON values: the statement yields one column of JSON."""
        try:
            self.process.stdin.write(f"{sql};\n\\echo {self.END}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Failed("the database refuses or is away") from None
        rows = []
        for line in self.process.stdout:
            if line.rstrip("\n") == self.END:
                return rows
            if line.strip():
                rows.append(json.loads(line))
        raise Failed("the database refuses or is away")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def connection(url):
    """A URL as libpq's variables: what is on a command line, other users can read."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise Failed("DB_URL is no PostgreSQL URL")
    found = {"PGHOST": parts.hostname, "PGPORT": parts.port and str(parts.port), "PGDATABASE": parts.path[1:],
             "PGUSER": parts.username, "PGPASSWORD": parts.password}
    names = {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "connect_timeout": "PGCONNECT_TIMEOUT"}
    for key, value in urllib.parse.parse_qsl(parts.query):
        if key in names:
            found[names[key]] = value
    return {name: urllib.parse.unquote(value) for name, value in found.items() if value}


def run(url, *command, **kwargs):
    """A program of PostgreSQL on that database."""
    done = subprocess.run(command, env={**os.environ, **connection(url)}, check=False, **kwargs)
    if done.returncode:
        raise Failed(f"{command[0]} ended with status {done.returncode}")
    return done


def table_counts(session):
    """{"schema.table": rows} of all tables, partitions by their parents."""
    tables = session.query(
        "SELECT to_json(format('%I.%I', n.nspname, c.relname)) FROM pg_class c JOIN pg_namespace n ON n.oid ="
        " c.relnamespace WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname IN"
        f" ({', '.join(repr(schema) for schema in SCHEMAS)}) ORDER BY 1::text")
    return {table: session.query(f"SELECT count(*) FROM {table}")[0] for table in tables}


def migrations(session):
    """{schema: ["module:version", …]} of what has been applied."""
    found = {}
    for schema in SCHEMAS:
        has = session.query(f"SELECT to_json(to_regclass('{schema}.schema_migration') IS NOT NULL)")[0]
        found[schema] = session.query(f"SELECT to_json(module || ':' || version) FROM {schema}.schema_migration"
                                      " ORDER BY module, version") if has else []
    return found


def file_digest(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def media_path(folder, name):
    return pathlib.Path(folder) / name[:2] / name


def copy_checked(source, target, name):
    """Copies a content, on disk when this returns; Failed when it is not what its name says."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    partial = target.with_name(f".{target.name}.partial")
    with open(source, "rb") as old, open(partial, "wb") as new:
        while chunk := old.read(CHUNK):
            digest.update(chunk)
            new.write(chunk)
        new.flush()
        os.fsync(new.fileno())
    if digest.hexdigest() != name:
        partial.unlink()
        raise Failed(f"{source} is damaged: its SHA-256 is {digest.hexdigest()}")
    os.replace(partial, target)


def sync_folder(path):
    """What has been made or renamed in a folder stays so."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

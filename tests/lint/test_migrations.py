"""Migrations run while programs of the version before serve: they take no long locks and take nothing away."""
import re

import pytest

from lib.paths import ROOT

FILES = sorted(ROOT.glob("*-service/migrations/*.sql")) + sorted(ROOT.glob("common/*/migrations/*.sql"))
# The last ones before the rule, by folder; they are never edited.
BEFORE = {"auth-service": 13, "helpdesk-service": 61, "messaging-service": 12, "notification-service": 90,
          "registry-service": 3, "workflow-service": 51, "mq": 3, "write": 1, "people": 1, "deadletter": 1}
EXCEPTION = re.compile(r"^-- contract: \S", re.M)
FORBIDDEN = {
    "takes away what the version before reads": r"\bDROP\s+(TABLE|COLUMN|TYPE|VIEW|SCHEMA|FUNCTION)\b",
    "renames what the version before reads": r"\bRENAME\b(?!\s+CONSTRAINT)",
    "rewrites or scans the table under its lock": r"\bALTER\s+(COLUMN\s+)?\S+\s+(SET\s+DATA\s+)?TYPE\b|\bSET\s+NOT\s+NULL\b",
    "makes inserts of the version before fail": r"\bADD\s+COLUMN\s+(?:(?!,|;|\bDEFAULT\b|\bGENERATED\b).)*\bNOT\s+NULL"
                                                r"(?!(?:(?!,|;).)*\b(DEFAULT|GENERATED)\b)",
    "locks the table for a reader's whole statement": r"\b(LOCK\s+TABLE|CLUSTER|VACUUM\s+FULL|TRUNCATE)\b",
}


def place(path):
    return path.parent.parent.name


def version(path):
    return int(path.name.split("_")[0])


def without_comments(text):
    return re.sub(r"--[^\n]*", "", text)


INDEX = re.compile(r"\bCREATE\s+(?:UNIQUE\s+)?INDEX\s+(CONCURRENTLY\s+)?\w+\s+ON\s+(?:ONLY\s+)?(\w+)", re.I)
TABLE = re.compile(r"\bCREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(\w+)", re.I)


def index_problems(sql):
    made = {name.lower() for name in TABLE.findall(sql)}
    for concurrently, table in INDEX.findall(sql):
        if concurrently and sql.count(";") != 1:
            yield "builds an index concurrently and does more in one file, which is a transaction"
        if not concurrently and table.lower() not in made:
            yield "keeps writers out while an index is built on a table that is there"


def problems(text):
    """What the SQL does that it may not; nothing of a file that says why it may."""
    if EXCEPTION.search(text):
        return []
    sql = without_comments(text)
    return [why for why, pattern in FORBIDDEN.items() if re.search(pattern, sql, re.I | re.S)] + list(index_problems(sql))


def test_numbers_are_unique_and_well_formed():
    seen = [(path.parent, version(path)) for path in FILES]
    assert len(seen) == len(set(seen)) and len(seen) > 40


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{place(path)}/{path.name}")
def test_a_migration_lets_the_version_before_go_on(path):
    if version(path) > BEFORE.get(place(path), 0):
        assert problems(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("sql", ["ALTER TABLE t DROP COLUMN c;", "DROP TABLE t;", "ALTER TABLE t RENAME COLUMN a TO b;",
                                 "ALTER TABLE t RENAME TO u;", "ALTER TABLE t ALTER COLUMN a TYPE text;",
                                 "ALTER TABLE t ALTER a SET NOT NULL;", "ALTER TABLE t ADD COLUMN a int NOT NULL;",
                                 "ALTER TABLE t ADD COLUMN b int, ADD COLUMN a int NOT NULL, ADD COLUMN c int DEFAULT 1;",
                                 "LOCK TABLE t;", "truncate t;", "CREATE INDEX i ON t (a);",
                                 "CREATE TABLE u (a int); CREATE UNIQUE INDEX i ON t (a);",
                                 "CREATE INDEX CONCURRENTLY i ON t (a); CREATE INDEX CONCURRENTLY j ON t (b);"])
def test_what_is_forbidden(sql):
    assert problems(sql)
    assert not problems("-- contract: nothing reads it since version 2\n" + sql)


@pytest.mark.parametrize("sql", ["ALTER TABLE t ADD COLUMN a int;", "ALTER TABLE t ADD COLUMN a int NOT NULL DEFAULT 0;",
                                 "CREATE TABLE t (a int NOT NULL);", "-- DROP TABLE t is for later\nSELECT 1;",
                                 "ALTER TABLE t RENAME CONSTRAINT a TO b;", "CREATE INDEX CONCURRENTLY i ON t (a);",
                                 "CREATE TABLE t (a int); CREATE INDEX i ON t (a);",
                                 "ALTER TABLE t ADD COLUMN a int DEFAULT 0 NOT NULL;"])
def test_what_is_not(sql):
    assert problems(sql) == []

"""registry-service: counters that gateways share for their rate limits."""
import random
import threading
import time
import uuid

import pytest

from lib import tokens
from lib.http import check_error
from lib.service import Service

PATH = "/registry/limits/sync"


@pytest.fixture(scope="module")
def registry(start_service):
    return start_service("registry-service")


@pytest.fixture(scope="module")
def replica(start_service):
    return start_service("registry-service")


def gateway(program):
    return program.http.with_token(tokens.mint_service("gateway"))


def counter(key=None, add=1, window=60, start=None):
    start = int(time.time()) // window * window if start is None else start
    return {"key": key or uuid.uuid4().hex, "window": window, "window_start": start, "add": add}


def sync(program, *counters):
    return gateway(program).post(PATH, {"counters": list(counters)}, expect=200).json()["counters"]


def test_totals_over_all_gateways_in_the_order_of_the_request(registry, replica):
    asked = [counter("z-" + uuid.uuid4().hex, 3), counter("ä" * 64, 2), counter(add=0), counter("\" \\\n'", 5, 3600)]
    for number, program in enumerate((registry, replica, registry), 1):
        assert sync(program, *asked) == [
            {"key": one["key"], "window": one["window"], "window_start": one["window_start"],
             "total": number * one["add"]} for one in asked]
    assert sync(registry) == []


def test_nothing_is_lost_when_many_gateways_count_the_same(registry, replica):
    keys = [uuid.uuid4().hex for _ in range(40)]
    start = counter()["window_start"]
    problems = []

    def count(program, seed):
        shuffled = random.Random(seed).sample(keys, len(keys))
        try:
            for _ in range(10):
                sync(program, *(counter(key, 2, start=start) for key in shuffled))
        except AssertionError as problem:
            problems.append(problem)

    threads = [threading.Thread(target=count, args=((registry, replica)[n % 2], n)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert {one["total"] for one in sync(registry, *(counter(key, 0, start=start) for key in keys))} == {160}


def test_a_full_batch(registry):
    asked = [counter("k" * 96 + uuid.uuid4().hex, number) for number in range(1000)]
    assert [one["total"] for one in sync(registry, *asked)] == list(range(1000))


def test_bad_batches(registry):
    client = gateway(registry)
    for body in ({}, {"counters": None}, {"counters": {}}, {"counters": [1]}, {"counters": [counter(add="x")]},
                 {"counters": [{"key": "k"}]}):
        check_error(client.post(PATH, body), 400, "INVALID_INPUT")
    now = int(time.time())
    for bad in ({"key": ""}, {"key": "k" * 129}, {"key": "ä" * 65}, {"window": 0}, {"window": 366 * 86400 + 1},
                {"window_start": -1}, {"window_start": now + 86400}, {"add": -1}, {"add": 1000000001}):
        body = check_error(client.post(PATH, {"counters": [counter(), {**counter(), **bad}]}), 422, "VALIDATION_ERROR")
        assert set(body["details"]["fields"]) == {f"counters[1].{next(iter(bad))}"}, bad
    body = check_error(client.post(PATH, {"counters": [counter()] * 1001}), 422, "VALIDATION_ERROR")
    assert set(body["details"]["fields"]) == {"counters"}
    check_error(client.post(PATH, {"counters": [{**counter(), "more": "x" * 1024 * 1024}]}), 413, "PAYLOAD_TOO_LARGE")


def test_a_bad_counter_counts_nothing(registry):
    good = counter()
    gateway(registry).post(PATH, {"counters": [good, counter(add=-1)]}, expect=422)
    assert sync(registry, {**good, "add": 0})[0]["total"] == 0


def test_only_programs_may_count(registry):
    body = {"counters": [counter()]}
    check_error(registry.http.post(PATH, body), 401, "UNAUTHENTICATED")
    for roles in (tokens.EMPLOYEE, tokens.COORDINATOR, tokens.REVIEWER, tokens.APPROVER, tokens.ADMIN):
        check_error(registry.http.as_user(1, roles).post(PATH, body), 403, "FORBIDDEN")


def test_without_a_database_gateways_keep_their_counts():
    with Service("registry-service", None, None, ready=False) as program:
        answer = gateway(program).post(PATH, {"counters": [counter()]})
        check_error(answer, 503, "SERVICE_UNAVAILABLE")
        assert int(answer.headers["Retry-After"]) > 0

"""registry-service: watchers are told of changes at once, on whichever replica they were made."""
import statistics
import threading
import time

import pytest

from lib.http import check_error
from lib.service import Service
from lib.wait import wait_for
from registry_support import Peer, Stream, names, register, status_of, unique

# Nothing but notifications can be quick here.
SLOW_POLL = {"SYNC_INTERVAL_MS": "60000"}


@pytest.fixture(scope="module")
def registry(start_service):
    return start_service("registry-service", SLOW_POLL)


@pytest.fixture(scope="module")
def replica(start_service):
    return start_service("registry-service", SLOW_POLL)


@pytest.fixture(scope="module")
def peers():
    """Two that are well, so that no health check changes the directory."""
    both = [Peer(), Peer()]
    yield both
    for one in both:
        one.close()


def watch(program, since=None, wait=None):
    query = "&".join(f"{key}={value}" for key, value in (("since", since), ("wait", wait)) if value is not None)
    answer = program.http.get(f"/registry/watch?{query}", expect=200, timeout=90)
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.json()


def revision_of(program):
    return program.http.get("/registry/status", expect=200).json()["revision"]


# ---- long polls -----------------------------------------------------------------------------------

def test_a_poll_without_a_revision_is_answered_at_once(registry, peers):
    name = unique()
    register(registry, name, peers[0].port)

    def settled():
        directory = watch(registry)
        return name in names(directory) and directory["revision"] == revision_of(registry) and directory

    directory = wait_for(settled)
    everything = registry.http.get("/services", expect=200).json()
    assert names(directory) == names(everything) and directory["count"] == everything["count"]
    assert set(directory["services"][0]) == set(everything["services"][0])
    assert watch(registry, directory["revision"] - 1, 60)["revision"] >= directory["revision"]


def test_a_poll_ends_with_the_same_revision_when_nothing_happens(registry):
    before = watch(registry)["revision"]
    started = time.monotonic()
    assert watch(registry, before, 1)["revision"] == before
    assert time.monotonic() - started > 0.9
    assert watch(registry, before, 0)["revision"] == before
    assert watch(registry, before + 1000, 0)["revision"] == before


@pytest.mark.parametrize("change", ["register", "deregister", "move"])
def test_a_poll_is_answered_when_another_replica_changes_something(registry, replica, peers, change):
    name = unique()
    if change != "register":
        register(replica, name, peers[0].port, instance="one")
        wait_for(lambda: status_of(registry, name))
    before = watch(registry)["revision"]
    answers = []
    thread = threading.Thread(target=lambda: answers.append(watch(registry, before, 50)))
    thread.start()
    wait_for(lambda: registry.http.get("/registry/status").json()["polls"] == 1)
    if change == "deregister":
        replica.http.delete(f"/deregister/{name}", expect=200)
    else:
        register(replica, name, peers[1].port, instance="one")
    thread.join()
    [directory] = answers
    assert directory["revision"] > before
    ports = [one["port"] for one in directory["services"] if one["name"] == name]
    assert ports == ([] if change == "deregister" else [peers[1].port])


def test_bad_polls(registry):
    for query in ("wait=61", "wait=-1", "since=-1"):
        body = check_error(registry.http.get(f"/registry/watch?{query}"), 422, "VALIDATION_ERROR")
        assert set(body["details"]["fields"]) == {query.split("=", maxsplit=1)[0]}
    for query in ("wait=soon", "since=1.5"):
        check_error(registry.http.get(f"/registry/watch?{query}"), 400, "INVALID_INPUT")


# ---- event streams --------------------------------------------------------------------------------

def test_a_stream_begins_with_the_directory_and_goes_on_with_changes(registry, replica, peers):
    first, second = unique(), unique()
    register(registry, first, peers[0].port)
    wait_for(lambda: names(watch(registry)) >= {first})
    with Stream(registry) as stream:
        assert stream.status == 200 and stream.headers["content-type"] == "text/event-stream"
        assert stream.headers["cache-control"] == "no-store" and stream.headers["x-request-id"]
        assert stream.lines() == ["retry: 1000"]
        number, directory = stream.event()
        assert number == directory["revision"] and first in names(directory)
        register(replica, second, peers[0].port)
        later, directory = stream.until(lambda d: second in names(d))
        assert later > number and directory["count"] == len(directory["services"])
    with Stream(registry, last_id=later) as stream:
        replica.http.delete(f"/deregister/{second}", expect=200)
        number, directory = stream.event()
        assert number > later and second not in names(directory)
    with Stream(registry, last_id=number - 1) as stream:
        assert stream.event()[0] >= number
    with Stream(registry, last_id="nonsense") as stream:
        assert stream.event()[0] >= number
    head = registry.http.request("HEAD", "/registry/events", expect=200)
    assert head.headers["Content-Type"] == "text/event-stream"


def test_a_change_at_one_replica_reaches_watchers_of_the_other_in_100_ms(registry, replica):
    """The median; a single one may meet a busy machine."""
    name, took = unique(), []
    with Stream(registry) as stream:
        for number in range(25):
            port = 4000 + number
            started = time.monotonic()
            register(replica, name, port, instance="one")
            stream.until(lambda d: [s["port"] for s in d["services"] if s["name"] == name] == [port])  # pylint: disable=cell-var-from-loop
            took.append(time.monotonic() - started)
    print(f"change to watcher: median {statistics.median(took) * 1000:.1f} ms, longest {max(took) * 1000:.1f} ms")
    assert statistics.median(took) < 0.1
    assert max(took) < 10


def test_a_quiet_stream_has_a_heartbeat_and_a_gone_watcher_is_forgotten(start_service):
    program = start_service("registry-service", {"WATCH_HEARTBEAT": "1s"})
    with Stream(program, last_id=revision_of(program)) as stream:
        assert stream.lines() == ["retry: 1000"]
        # the other programs on this database may still change something
        wait_for(lambda: stream.lines() == [":"])
        assert program.http.get("/registry/status").json()["streams"] == 1
    wait_for(lambda: program.http.get("/registry/status").json()["streams"] == 0)


def test_many_idle_streams_cost_little_and_there_is_a_limit(infra):
    database = infra.database("streams")
    try:
        with Service("registry-service", database, None, {"MAX_WATCHERS": "1001"}) as program:
            register(program, unique())
            before = resident_kib(program)
            streams = []
            try:
                for _ in range(1000):
                    streams.append(Stream(program))
                for stream in streams:
                    stream.event()
                grown = resident_kib(program) - before
                name = unique()
                register(program, name)
                for stream in streams:
                    stream.until(lambda d: name in names(d))
                streams.append(Stream(program))
                check_error(program.http.get("/registry/events"), 503, "SERVICE_UNAVAILABLE")
                answer = program.http.get("/registry/watch?since=1000000&wait=1")
                check_error(answer, 503, "SERVICE_UNAVAILABLE")
                assert answer.headers["Retry-After"]
                print(f"1,000 idle streams: {grown} KiB")
                if program.variant == "release":
                    assert grown < 8 * 1024
                # stopping ends them all
                program.terminate()
                assert all(wait_until_closed(stream) for stream in streams)
                program.process.wait(20)
            finally:
                for stream in streams:
                    stream.close()
    finally:
        database.drop()


def resident_kib(program):
    with open(f"/proc/{program.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def wait_until_closed(stream):
    while stream.lines() is not None:
        pass
    return True


def test_a_watcher_that_does_not_read_is_dropped(start_service):
    """With a directory larger than what the kernel buffers."""
    program = start_service("registry-service", {"WATCH_HEARTBEAT": "1s"})
    name = unique()
    for number in range(300):
        register(program, name, 3001, instance=f"{'x' * 180}-{number}", healthEndpoint="/" + "h" * 150)
    with Stream(program, receive_buffer=4096) as deaf, Stream(program) as reading:
        assert deaf.status == 200
        events = []
        reader = threading.Thread(target=lambda: events.extend(iter(reading.event, None)))
        reader.start()

        def only_the_reader_is_left():
            register(program, name, 3001 + len(events) % 2, instance="busy")
            return program.http.get("/registry/status").json()["streams"] == 1

        wait_for(only_the_reader_is_left)
        last = revision_of(program)
        wait_for(lambda: events[-1][0] >= last)
        assert wait_until_closed(deaf)
        program.terminate()
        reader.join()
        program.process.wait(20)
    numbers = [number for number, _ in events]
    assert numbers == sorted(set(numbers)) and len(numbers) > 1


def test_watchers_are_sent_elsewhere_when_the_program_stops(start_service):
    program = start_service("registry-service")
    since = revision_of(program) + 1000000
    answers = []
    thread = threading.Thread(target=lambda: answers.append(watch(program, since, 60)))
    thread.start()
    wait_for(lambda: program.http.get("/registry/status").json()["polls"] == 1)
    with Stream(program) as stream:
        assert stream.event()
        started = time.monotonic()
        program.terminate()
        assert wait_until_closed(stream)
        thread.join()
        assert answers[0]["revision"] < since
        program.process.wait(20)
        assert time.monotonic() - started < 15


def test_nobody_can_watch_what_has_never_been_read():
    with Service("registry-service", None, None, ready=False) as program:
        for path in ("/registry/watch", "/registry/events"):
            answer = program.http.get(path)
            check_error(answer, 503, "SERVICE_UNAVAILABLE")
            assert answer.headers["Retry-After"] == "1"
        body = program.http.get("/registry/status", expect=200).json()
        assert body["stale"] is True and body["revision"] == 0 and body["listening"] is False

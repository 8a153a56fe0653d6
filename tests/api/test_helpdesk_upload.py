"""Uploads in parts, and what is left when uploads fail: limits, crashes, a full or missing disk, collection."""
import base64
import hashlib
import os
import resource
import socket
import threading

import pytest

from helpdesk_support import PNG, create, own, people, post_file as post, start_helpdesk  # noqa: F401
from lib.http import check_error
from lib.paths import VARIANT
from lib.wait import wait_for

CHUNK = 64 * 1024
BIG = PNG + bytes(range(256)) * 700  # three parts, the last one shorter
ENV = {"UPLOAD_CHUNK_BYTES": "64k", "UPLOAD_MAX_BYTES": "64m", "UPLOAD_TICKET_MAX_BYTES": "64m"}


@pytest.fixture(scope="module")
def helpdesk(start_service, db):
    return start_helpdesk(start_service, db, env=ENV)


@pytest.fixture
def ticket(people, db):
    number = create(people.employee)["ticket_number"]
    own(db, number)
    return number


def begin(client, data=BIG, expect=201, **changes):
    body = {"file_name": "big.png", "mime_type": "image/png", "file_size": len(data), **changes}
    return client.post("/api/v1/media/uploads", body, expect=expect).json()


def chunk_path(upload, index):
    return f"/api/v1/media/uploads/{upload['upload_id']}/chunks/{index}"


def put(client, upload, index, data=BIG, headers=None, expect=200):
    piece = data[index * CHUNK:(index + 1) * CHUNK]
    return client.request("PUT", chunk_path(upload, index), data=piece, headers=headers, expect=expect)


def complete(client, upload, expect=None):
    return client.post(f"/api/v1/media/uploads/{upload['upload_id']}/complete", expect=expect)


def state(client, upload, expect=200):
    return client.get(f"/api/v1/media/uploads/{upload['upload_id']}", expect=expect).json()


def uploads(helpdesk):
    return helpdesk.work / "uploads"


def names_in(path):
    return sorted(one.name for one in path.iterdir())


def contents(helpdesk):
    """The names of all stored contents."""
    return sorted(one.name for one in uploads(helpdesk).glob("[0-9a-f][0-9a-f]/*"))


# ---- parts --------------------------------------------------------------------------------------

def test_parts_in_any_order(helpdesk, people, ticket):
    digest = hashlib.sha256(BIG).hexdigest()
    upload = begin(people.employee, entity_type="ticket", entity_id=ticket, alt_text="alt", sha256=digest.upper())
    assert upload["chunk_size"] == CHUNK and upload["total_chunks"] == 3
    assert state(people.employee, upload)["missing_chunks"] == [0, 1, 2]
    answer = put(people.employee, upload, 2).json()
    assert (answer["index"], answer["received_chunks"], answer["total_chunks"]) == (2, 1, 3)
    put(people.employee, upload, 0)
    check = state(people.employee, upload)
    assert check["missing_chunks"] == [1] and check["received_chunks"] == 2 and check["status"] == "uploading"
    refused = check_error(complete(people.employee, upload), 409, "CONFLICT")
    assert refused["details"]["missing_chunks"] == [1]
    assert put(people.employee, upload, 0).json()["received_chunks"] == 2
    good = base64.b64encode(hashlib.sha256(BIG[CHUNK:2 * CHUNK]).digest()).decode()
    put(people.employee, upload, 1, headers={"Content-Digest": f"sha-256=:{good}:"})
    body = complete(people.employee, upload, expect=200).json()
    assert body["file_name"] == "big.png" and body["sha256"] == digest and body["entity_id"] == ticket
    assert body["alt_text"] == "alt" and body["mime_type"] == "image/png"
    assert complete(people.employee, upload, expect=200).json() == body
    assert people.coordinator.get(body["file_url"], expect=200).content == BIG
    check = state(people.employee, upload)
    assert check["status"] == "completed" and check["media_id"] == body["id"] and check["missing_chunks"] == []
    check_error(people.employee.request("PUT", chunk_path(upload, 0), data=BIG[:CHUNK]), 409, "CONFLICT")
    assert people.employee.get(f"/api/v1/tickets/{ticket}/attachments").json()["count"] == 1
    assert not (uploads(helpdesk) / "parts" / upload["upload_id"]).exists()


def test_an_empty_and_a_short_file(people):
    for data in (b"", b"x"):
        upload = begin(people.employee, data, file_name="a.txt", mime_type="text/plain")
        assert upload["total_chunks"] == len(data)
        if data:
            put(people.employee, upload, 0, data)
        body = complete(people.employee, upload, expect=200).json()
        assert people.employee.get(body["file_url"], expect=200).content == data


def test_begin_refusals(people, ticket):
    for changes, status, code in (
            ({"file_size": -1}, 422, "VALIDATION_ERROR"), ({"file_size": None}, 400, "INVALID_INPUT"),
            ({"file_size": "x"}, 400, "INVALID_INPUT"), ({"file_size": 1 << 50}, 422, "VALIDATION_ERROR"),
            ({"file_size": (64 << 20) + 1}, 413, "PAYLOAD_TOO_LARGE"), ({"file_name": ""}, 400, "INVALID_INPUT"),
            ({"mime_type": "text/html"}, 415, "UNSUPPORTED_MEDIA_TYPE"), ({"sha256": "xyz"}, 422, "VALIDATION_ERROR"),
            ({"entity_type": "ticket", "entity_id": "TX20200101000001"}, 404, "TICKET_NOT_FOUND"),
            ({"entity_type": "page"}, 422, "VALIDATION_ERROR"),
            ({"entity_type": "ticket", "entity_id": ticket, "is_public": True}, 422, "VALIDATION_ERROR")):
        body = {"file_name": "big.png", "mime_type": "image/png", "file_size": 10, **changes}
        check_error(people.employee.post("/api/v1/media/uploads", body), status, code)
    body = {"file_name": "big.png", "file_size": 10, "entity_type": "ticket", "entity_id": ticket}
    check_error(people.other_employee.post("/api/v1/media/uploads", body), 403, "FORBIDDEN")
    check_error(people.nobody.post("/api/v1/media/uploads", body), 401, "UNAUTHENTICATED")
    check_error(people.service.post("/api/v1/media/uploads", body), 403, "FORBIDDEN")


def test_part_refusals(helpdesk, people):
    upload = begin(people.employee)
    for index in (3, -1, "x", 99999999999999999999):
        check_error(people.employee.request("PUT", chunk_path(upload, index), data=b"x"), 404, "NOT_FOUND")

    def pieces(size):
        # an empty piece would be written as the last chunk
        yield from (b"x" * min(1000, size - at) for at in range(0, size, 1000))

    for size in (0, 1, CHUNK - 1, CHUNK + 1):
        check_error(people.employee.request("PUT", chunk_path(upload, 0), data=b"x" * size), 422, "VALIDATION_ERROR")
        check_error(people.employee.request("PUT", chunk_path(upload, 0), data=pieces(size)), 422, "VALIDATION_ERROR")
    wrong = base64.b64encode(bytes(32)).decode()
    put(people.employee, upload, 0, headers={"Content-Digest": f"sha-256=:{wrong}:"}, expect=422)
    put(people.employee, upload, 0, headers={"Content-Digest": "sha-256=:x:"}, expect=400)
    assert state(people.employee, upload)["received_chunks"] == 0
    for identity in ("0" * 32, "x", "..%2f..", upload["upload_id"][:-1] + "%00"):
        other = {"upload_id": identity}
        assert state(people.employee, other, expect=None)["code"] in ("NOT_FOUND", "INVALID_INPUT")
        assert people.employee.request("PUT", chunk_path(other, 0), data=b"x").status_code in (400, 404)
    wait_for(lambda: names_in(uploads(helpdesk) / "tmp") == [], what="no temporary files")


def test_uploads_are_their_owners(people):
    upload = begin(people.employee)
    for client in (people.other_employee, people.admin):
        check_error(client.get(f"/api/v1/media/uploads/{upload['upload_id']}"), 404, "NOT_FOUND")
        put(client, upload, 0, expect=404)
        check_error(complete(client, upload), 404, "NOT_FOUND")
        check_error(client.delete(f"/api/v1/media/uploads/{upload['upload_id']}"), 404, "NOT_FOUND")
    for method, path in (("GET", ""), ("PUT", "/chunks/0"), ("POST", "/complete"), ("DELETE", "")):
        path = f"/api/v1/media/uploads/{upload['upload_id']}{path}"
        check_error(people.nobody.request(method, path), 401, "UNAUTHENTICATED")
        check_error(people.service.request(method, path), 403, "FORBIDDEN")


def test_abort(helpdesk, people):
    upload = begin(people.employee)
    put(people.employee, upload, 0)
    folder = uploads(helpdesk) / "parts" / upload["upload_id"]
    assert names_in(folder) == ["0"]
    people.employee.delete(f"/api/v1/media/uploads/{upload['upload_id']}", expect=200)
    assert not folder.exists()
    check_error(people.employee.delete(f"/api/v1/media/uploads/{upload['upload_id']}"), 404, "NOT_FOUND")
    put(people.employee, upload, 1, expect=404)
    check_error(complete(people.employee, upload), 404, "NOT_FOUND")


def test_content_that_is_not_what_was_said(people):
    upload = begin(people.employee, b"text", file_name="a.png")
    put(people.employee, upload, 0, b"text")
    check_error(complete(people.employee, upload), 415, "UNSUPPORTED_MEDIA_TYPE")
    upload = begin(people.employee, b"text", file_name="a.txt", mime_type=None, sha256="0" * 64)
    put(people.employee, upload, 0, b"text")
    check_error(complete(people.employee, upload), 422, "VALIDATION_ERROR")
    # The parts are still there to be replaced.
    upload = begin(people.employee, b"text", file_name="a.txt", mime_type=None,
                   sha256=hashlib.sha256(b"TEXT").hexdigest())
    put(people.employee, upload, 0, b"text")
    check_error(complete(people.employee, upload), 422, "VALIDATION_ERROR")
    put(people.employee, upload, 0, b"TEXT")
    assert complete(people.employee, upload, expect=200).json()["mime_type"] == "text/plain"


def test_too_many_unfinished_uploads(people):
    client = people.nobody.as_user(7101)
    made = [begin(client) for _ in range(20)]
    body = {"file_name": "big.png", "mime_type": "image/png", "file_size": 10}
    check_error(client.post("/api/v1/media/uploads", body), 409, "CONFLICT")
    client.delete(f"/api/v1/media/uploads/{made[0]['upload_id']}", expect=200)
    client.post("/api/v1/media/uploads", body, expect=201)


def test_a_ticket_without_room(people, ticket):
    data = PNG.ljust(33 << 20, b"x")
    post(people.employee, data=data, entity_type="ticket", entity_id=ticket, expect=201)
    check_error(post(people.employee, data=data, entity_type="ticket", entity_id=ticket), 413, "PAYLOAD_TOO_LARGE")


def test_completing_twice_at_the_same_time(people, ticket):
    upload = begin(people.employee, entity_type="ticket", entity_id=ticket)
    for index in range(3):
        put(people.employee, upload, index)
    clients = [people.nobody.with_token(people.employee.token) for _ in range(6)]
    answers = []
    threads = [threading.Thread(target=lambda c=client: answers.append(complete(c, upload))) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 6
    for answer in answers:
        if answer.status_code != 200:
            check_error(answer, 409, "upload_in_progress")
            assert answer.headers["Retry-After"]
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 200}) == 1
    assert people.employee.get(f"/api/v1/tickets/{ticket}/attachments").json()["count"] == 1


def test_an_idempotency_key(people):
    body = {"file_name": "big.png", "mime_type": "image/png", "file_size": 10}
    headers = {"Idempotency-Key": "parts-1"}
    made = [people.employee.post("/api/v1/media/uploads", body, headers=headers, expect=201) for _ in range(2)]
    assert made[0].json() == made[1].json() and made[1].headers["Idempotency-Replayed"] == "true"


def test_access_may_end_before_the_upload(people, db, ticket):
    upload = begin(people.coordinator, b"text", file_name="a.txt", mime_type=None, entity_type="ticket", entity_id=ticket)
    put(people.coordinator, upload, 0, b"text")
    db.query("UPDATE ticket SET owner_id = NULL WHERE number = %s", ticket, program="helpdesk-service")
    db.query("DELETE FROM ticket_participant WHERE user_id = 456 AND ticket_id = (SELECT id FROM ticket WHERE number = %s)",
             ticket, program="helpdesk-service")
    check_error(complete(people.coordinator, upload), 403, "FORBIDDEN")


# ---- restarts and replicas ----------------------------------------------------------------------

def test_an_upload_survives_kill_and_goes_on_elsewhere(start_service, db, people, helpdesk):
    replica = start_helpdesk(start_service, db, env={**ENV, "UPLOAD_DIR": str(uploads(helpdesk))})
    there = replica.http.with_token(people.employee.token)
    upload = begin(there)
    put(there, upload, 0)
    put(people.employee, upload, 1)
    replica.restart()
    assert state(there, upload)["missing_chunks"] == [2]
    put(there, upload, 2)
    body = complete(people.employee, upload, expect=200).json()
    assert complete(there, upload, expect=200).json() == body
    assert there.get(body["file_url"], expect=200).content == BIG


def test_kill_in_the_middle_leaves_nothing(start_service, db, people, helpdesk):
    replica = start_helpdesk(start_service, db, env={**ENV, "UPLOAD_DIR": str(uploads(helpdesk))})
    head = (f"POST /api/v1/media?file_name=a.png HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {people.employee.token}\r\n"
            "Content-Type: image/png\r\nContent-Length: 1000000\r\n\r\n").encode()
    temporary = uploads(helpdesk) / "tmp"
    with socket.create_connection(("127.0.0.1", replica.port)) as killed, \
            socket.create_connection(("127.0.0.1", helpdesk.port)) as alive:
        killed.sendall(head + PNG.ljust(500000, b"x"))
        wait_for(lambda: len(names_in(temporary)) == 1, what="a temporary file")
        alive.sendall(head + PNG.ljust(500000, b"y"))
        wait_for(lambda: len(names_in(temporary)) == 2, what="two temporary files")
        replica.restart()
        # What the killed process wrote is gone; what the living one writes is not.
        wait_for(lambda: len(names_in(temporary)) == 1, what="the leftover is collected")
        alive.sendall(b"y" * 500000)
        assert b" 201 " in alive.recv(100)
    wait_for(lambda: names_in(temporary) == [], what="no temporary files")


def test_collection(start_service, db):
    """Contents without a file, expired uploads and forgotten parts go; everything else stays."""
    helpdesk = start_helpdesk(start_service, db, env=ENV)
    client = helpdesk.http.as_user(7201)
    kept = post(client, data=PNG + b"kept", expect=201).json()
    twice = [post(client, data=PNG + b"twice", expect=201).json() for _ in range(2)]
    gone = post(client, data=PNG + b"gone", expect=201).json()
    fresh = post(client, data=PNG + b"fresh", expect=201).json()
    waiting, expired = begin(client), begin(client)
    put(client, waiting, 0)
    put(client, expired, 0)
    for one in (twice[0], gone, fresh):
        client.delete(one["file_url"], expect=200)
    assert {gone["sha256"], fresh["sha256"]} <= set(contents(helpdesk)), "nothing is removed at once"
    db.query("UPDATE media_blob SET unused_since = unused_since - interval '2 hours' WHERE sha256 = ANY (%s)",
             [one["sha256"] for one in (kept, twice[0], gone)], program="helpdesk-service")
    db.query("UPDATE media_upload SET expires_at = expires_at - interval '2 days' WHERE id = %s", expired["upload_id"],
             program="helpdesk-service")
    parts = uploads(helpdesk) / "parts"
    (parts / ("f" * 32)).mkdir()
    for one in parts.iterdir():
        os.utime(one, (1, 1))
    helpdesk.restart()
    wait_for(lambda: names_in(parts) == [waiting["upload_id"]], what="forgotten parts are collected")
    assert set(contents(helpdesk)) == {kept["sha256"], twice[0]["sha256"], fresh["sha256"]}
    for one in (kept, twice[1]):
        client.get(one["file_url"], expect=200)
    assert state(client, waiting)["received_chunks"] == 1
    check_error(client.get(f"/api/v1/media/uploads/{expired['upload_id']}"), 404, "NOT_FOUND")
    # Removed contents can come again.
    again = post(client, data=PNG + b"gone", expect=201).json()
    assert client.get(again["file_url"], expect=200).content == PNG + b"gone"


def test_a_content_that_is_removed_while_it_comes_again(helpdesk, people, db):
    """The collector holds the row of a content until its bytes are gone; an upload of the same waits."""
    data = PNG + b"removed and uploaded"
    first = post(people.employee, data=data, expect=201).json()
    digest = first["sha256"]
    people.employee.delete(first["file_url"], expect=200)
    answers = []
    uploader = threading.Thread(target=lambda: answers.append(post(people.other_employee, data=data)))
    with db.cursor("helpdesk-service") as cursor:
        cursor.execute("BEGIN")
        cursor.execute("DELETE FROM media_blob WHERE sha256 = %s", (digest,))
        uploader.start()
        wait_for(lambda: db.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                                  "AND query LIKE '%%media_blob%%'", program="helpdesk-service"), what="the upload waits")
        (uploads(helpdesk) / digest[:2] / digest).unlink()
        cursor.execute("COMMIT")
    uploader.join()
    assert answers[0].status_code == 201, answers[0].text
    assert people.other_employee.get(answers[0].json()["file_url"], expect=200).content == data


def test_equal_contents_coming_and_going_at_the_same_time(helpdesk, people):
    data = PNG + b"coming and going"
    problems = []

    def come_and_go(client):
        for _ in range(10):
            url = post(client, data=data, expect=201).json()["file_url"]
            got = client.get(url)
            if got.content != data:
                problems.append(got.text)
            client.delete(url, expect=200)

    threads = [threading.Thread(target=come_and_go, args=(people.nobody.as_user(7400 + i),)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert contents(helpdesk).count(hashlib.sha256(data).hexdigest()) == 1


# ---- trouble with the disk ----------------------------------------------------------------------

def test_no_room(start_service, db):
    helpdesk = start_helpdesk(start_service, db, env=ENV)
    client = helpdesk.http.as_user(7301)
    upload = begin(client)
    _, hard = resource.prlimit(helpdesk.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(helpdesk.process.pid, resource.RLIMIT_FSIZE, (CHUNK // 2, hard))
    assert helpdesk.log_path.stat().st_size < CHUNK // 2, "the log has room"
    check_error(post(client, data=PNG.ljust(500_000, b"x")), 507, "INSUFFICIENT_STORAGE")
    put(client, upload, 0, expect=507)
    resource.prlimit(helpdesk.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
    assert contents(helpdesk) == []
    wait_for(lambda: names_in(uploads(helpdesk) / "tmp") == [], what="no temporary files")
    assert names_in(uploads(helpdesk) / "parts" / upload["upload_id"]) == []
    post(client, data=PNG.ljust(500_000, b"x"), expect=201)


def test_a_folder_that_is_gone(start_service, db):
    helpdesk = start_helpdesk(start_service, db, env=ENV)
    client = helpdesk.http.as_user(7302)
    body = post(client, expect=201).json()
    (uploads(helpdesk) / "tmp").rename(uploads(helpdesk) / "away")
    check_error(post(client), 503, "SERVICE_UNAVAILABLE")
    ready = client.get("/ready")
    assert ready.status_code == 503 and "uploads" in ready.text
    assert client.get(body["file_url"], expect=200).content == PNG, "reading goes on"
    (uploads(helpdesk) / "away").rename(uploads(helpdesk) / "tmp")
    helpdesk.wait_ready()
    post(client, expect=201)


def test_clients_that_leave(helpdesk, people):
    upload = begin(people.employee)
    temporary = uploads(helpdesk) / "tmp"
    before = contents(helpdesk)
    for line, kind in ((f"PUT {chunk_path(upload, 0)}", "application/octet-stream"),
                       ("POST /api/v1/media?file_name=a.png", "image/png")):
        head = (f"{line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {people.employee.token}\r\n"
                f"Content-Type: {kind}\r\nContent-Length: {CHUNK}\r\n\r\n").encode()
        with socket.create_connection(("127.0.0.1", helpdesk.port)) as connection:
            connection.sendall(head + BIG[:CHUNK // 2])
            wait_for(lambda: names_in(temporary), what="a temporary file")
        wait_for(lambda: names_in(temporary) == [], what="no temporary files")
    assert state(people.employee, upload)["received_chunks"] == 0 and contents(helpdesk) == before


# ---- memory -------------------------------------------------------------------------------------

def resident_kib(helpdesk, field="VmRSS"):
    with open(f"/proc/{helpdesk.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field + ":"))


@pytest.mark.release_build
def test_large_files_take_no_memory(helpdesk, people):
    post(people.employee, expect=201)
    before = resident_kib(helpdesk, "VmHWM")
    block = os.urandom(1 << 20)

    def body():
        yield PNG
        for _ in range(32):
            yield block

    digest = hashlib.sha256(PNG + block * 32).hexdigest()
    answer = people.employee.request("POST", "/api/v1/media?file_name=large.png", data=body(),
                                     headers={"Content-Type": "image/png"}, expect=201).json()
    assert answer["sha256"] == digest
    got = people.employee.request("GET", answer["file_url"], stream=True, expect=200)
    seen = hashlib.sha256()
    for piece in got.iter_content(1 << 16):
        seen.update(piece)
    assert seen.hexdigest() == digest
    if VARIANT == "release":
        assert resident_kib(helpdesk, "VmHWM") - before < 8 * 1024


@pytest.mark.release_build
def test_a_slow_reader_does_not_fill_memory(helpdesk, people):
    url = post(people.employee, data=PNG + os.urandom(16 << 20), expect=201).json()["file_url"]
    before = resident_kib(helpdesk)
    readers = []
    for _ in range(8):
        reader = socket.create_connection(("127.0.0.1", helpdesk.port))
        reader.sendall(f"GET {url} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {people.employee.token}\r\n\r\n".encode())
        assert reader.recv(4096).startswith(b"HTTP/1.1 200")
        readers.append(reader)
    people.employee.get(url, expect=200)
    if VARIANT == "release":
        assert resident_kib(helpdesk) - before < 24 * 1024
    for reader in readers:
        reader.close()

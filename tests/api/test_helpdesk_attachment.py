"""Files of a ticket: upload, limits, names, access, download."""
import hashlib
import os
import socket
import urllib.parse

import pytest

from helpdesk_support import PNG, People, create, own, people, start_helpdesk  # noqa: F401
from lib.http import check_error
from lib.wait import wait_for

LIMIT = 256 * 1024


@pytest.fixture(scope="module")
def helpdesk(start_service, db):
    return start_helpdesk(start_service, db, env={"UPLOAD_MAX_BYTES": "256k", "UPLOAD_TICKET_MAX_BYTES": "600k"})


@pytest.fixture
def ticket(people, db):
    number = create(people.employee)["ticket_number"]
    own(db, number)
    return f"/api/v1/tickets/{number}"


def upload(client, ticket, name="screenshot.png", data=PNG + b"bytes", kind="image/png", **kwargs):
    return client.request("POST", ticket + "/attachments", files={"file": (name, data, kind)}, **kwargs)


def raw(client, ticket, body, kind="multipart/form-data; boundary=B", **headers):
    return client.request("POST", ticket + "/attachments", data=body, headers={"Content-Type": kind, **headers})


def temporary_files(helpdesk):
    return list((helpdesk.work / "uploads" / "tmp").iterdir())


def test_upload_and_download(helpdesk, people, ticket):
    data = PNG + os.urandom(100_000)
    answer = upload(people.employee, ticket, data=data, expect=201)
    body = answer.json()
    number = ticket.rsplit("/", 1)[1]
    assert body["filename"] == "screenshot.png" and body["size"] == len(data)
    assert body["url"] == f"/media/tickets/{number}/screenshot.png" == answer.headers["Location"]
    assert body["sha256"] == hashlib.sha256(data).hexdigest() and body["uploaded_by"] == 101
    shown = people.employee.get(f"/api/tickets/number/{number}/").json()["attachments"]
    assert shown == [{name: body[name] for name in ("id", "filename", "url", "uploaded_at")}]
    assert people.employee.get(ticket).json()["attachments"] == [body]
    assert people.employee.get(ticket + "/attachments").json()["results"] == [body]
    for path in (body["url"], "/api" + body["url"], f"{ticket}/attachments/{body['id']}"):
        for client in (people.employee, people.coordinator, people.admin):
            got = client.get(path, expect=200)
            assert got.content == data and got.headers["Content-Type"] == "image/png"
            assert got.headers["Content-Disposition"].startswith("attachment")
            assert got.headers["X-Content-Type-Options"] == "nosniff"
        again = people.employee.get(path, headers={"If-None-Match": got.headers["ETag"]}, expect=304)
        assert again.content == b""
        for stranger in (people.other_employee, people.other_coordinator, people.reviewer):
            check_error(stranger.get(path), 403, "FORBIDDEN")
        check_error(people.nobody.get(path), 401, "UNAUTHENTICATED")
    rows = people.employee.get(ticket + "/history").json()["results"]
    assert rows[0]["field_name"] == "attachment" and rows[0]["new_value"] == "screenshot.png"
    assert temporary_files(helpdesk) == []


def test_equal_contents_are_kept_once(helpdesk, people, ticket):
    data = PNG + b"the same bytes"
    for name in ("a.png", "b.png"):
        upload(people.employee, ticket, name, data, expect=201)
    digest = hashlib.sha256(data).hexdigest()
    assert [path.name for path in (helpdesk.work / "uploads").rglob(digest)] == [digest]
    for name in ("a.png", "b.png"):
        assert people.employee.get(f"/media/tickets/{ticket.rsplit('/', 1)[1]}/{name}").content == data


def test_an_empty_file(people, ticket):
    body = upload(people.employee, ticket, "empty.txt", b"", "text/plain", expect=201).json()
    assert body["size"] == 0
    assert people.employee.get(body["url"], expect=200).content == b""


@pytest.mark.parametrize("given,kept", [
    ("../../etc/passwd", "passwd"), ("..\\..\\boot.ini", "boot.ini"), ("/", "file"), ("..", "file"), (".", "file"),
    ("über \u4f60\u597d.png", "über \u4f60\u597d.png"), ("a b;c&d=%2e.png", "a b;c&d=%2e.png"),
    ("<script>'.png", "<script>'.png"), (" x.png ", "x.png"), ("y" * 300 + ".png", "y" * 200)])
def test_file_names(people, ticket, given, kept):
    name = given.encode("utf-8").replace(b"\\", b"\\\\")
    body = (b'--B\r\nContent-Disposition: form-data; name="file"; filename="' + name +
            b'"\r\nContent-Type: text/plain\r\n\r\nx\r\n--B--\r\n')
    answer = raw(people.employee, ticket, body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["filename"] == kept
    url = answer.json()["url"]
    assert url.isascii() and urllib.parse.unquote(url).endswith("/" + kept)
    assert people.employee.get(url, expect=200).content == b"x"


def test_extended_file_names(people, ticket):
    body = (b"--B\r\ncontent-disposition: form-data; name=file; filename=\"fallback.png\"; "
            b"filename*=UTF-8''%e2%82%ac.png\r\ncontent-type: text/plain\r\n\r\nx\r\n--B--")
    answer = raw(people.employee, ticket, body)
    assert answer.status_code == 201 and answer.json()["filename"] == "\u20ac.png"


def test_equal_names_are_told_apart(people, ticket):
    names = [upload(people.employee, ticket, "x.tar.png", PNG + bytes([i]), expect=201).json()["filename"] for i in range(3)]
    assert names == ["x.tar.png", "x.tar-2.png", "x.tar-3.png"]


def test_limits(helpdesk, people, ticket):
    upload(people.employee, ticket, "full.png", PNG.ljust(LIMIT, b"x"), expect=201)
    check_error(upload(people.employee, ticket, "over.png", PNG.ljust(LIMIT + 1, b"x")), 413, "PAYLOAD_TOO_LARGE")
    check_error(upload(people.employee, ticket, "over.png", PNG.ljust(20_000_000, b"x")), 413, "PAYLOAD_TOO_LARGE")
    upload(people.employee, ticket, "second.png", PNG.ljust(LIMIT, b"y"), expect=201)
    check_error(upload(people.employee, ticket, "third.png", PNG.ljust(LIMIT, b"z")), 413, "PAYLOAD_TOO_LARGE")
    assert people.employee.get(ticket + "/attachments").json()["count"] == 2
    assert temporary_files(helpdesk) == []


def test_a_chunked_upload_over_the_limit(helpdesk, people, ticket):
    def body():
        yield b'--B\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
        yield PNG
        for _ in range(40):
            yield b"x" * 16384
        yield b"\r\n--B--\r\n"

    check_error(raw(people.employee, ticket, body()), 413, "PAYLOAD_TOO_LARGE")
    assert temporary_files(helpdesk) == []


def test_types(people, ticket):
    for kind in ("text/html", "application/x-sh", "image/svg+xml", "nonsense"):
        check_error(upload(people.employee, ticket, "x.html", b"<b>", kind), 415, "UNSUPPORTED_MEDIA_TYPE")
    upload(people.employee, ticket, "x.txt", b"text", "Text/Plain; charset=utf-8", expect=201)


def part(body, name="file", filename='; filename="a.png"', kind="text/plain"):
    return (f'--B\r\nContent-Disposition: form-data; name="{name}"{filename}\r\nContent-Type: {kind}\r\n\r\n'
            .encode() + body + b"\r\n")


@pytest.mark.parametrize("body", [
    b"", b"nothing", b"--B--\r\n", b"--B\r\n", part(b"x"), part(b"x") + b"--B", part(b"x") + b"--C--\r\n",
    part(b"x", name="other") + b"--B--\r\n", part(b"x", filename="") + b"--B--\r\n",
    b"--B\r\n\r\nx\r\n--B--\r\n", b"--B\r\nno colon\r\n\r\nx\r\n--B--\r\n",
    b'--B\r\nContent-Disposition: form-data; name="file; filename="a.png\r\n\r\nx\r\n--B--\r\n',
    b"--B\r\nX: " + b"y" * 9000 + b"\r\n\r\nx\r\n--B--\r\n", b"--Bgarbage\r\n\r\nx\r\n--B--\r\n",
    part(b"x") + part(b"y") + b"--B--\r\n",
    part(b"x", filename='; filename="a\udcff.png"'.encode("utf-8", "surrogateescape").decode("latin-1")
         ).replace("ÿ".encode(), b"\xff") + b"--B--\r\n",
    b"".join(part(b"", name="n") for _ in range(40)) + part(b"x") + b"--B--\r\n",
    part(b"x", filename='; filename="a\0.png"') + b"--B--\r\n",
    part(b"eA==").replace(b"Content-Type", b"Content-Transfer-Encoding: base64\r\nContent-Type") + b"--B--\r\n",
], ids=range(19))
def test_broken_forms(helpdesk, people, ticket, body):
    check_error(raw(people.employee, ticket, body), 400, "INVALID_INPUT")
    assert people.employee.get(ticket + "/attachments").json()["count"] == 0
    wait_for(lambda: temporary_files(helpdesk) == [])


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data", "multipart/form-data; boundary=",
                                  "multipart/mixed; boundary=B", "multipart/form-data; boundary=" + "b" * 71])
def test_other_content_types(people, ticket, kind):
    check_error(raw(people.employee, ticket, part(b"x") + b"--B--\r\n", kind), 415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_form_with_other_fields_around_the_file(people, ticket):
    body = b"preamble\r\n" + part(b"12", "ticket_id", "", "text/plain") + part(b"\r\n--\r\n--b\r\n--") + \
        part(b"late", "comment", "", "text/plain") + b"--B--\r\nepilogue"
    answer = raw(people.employee, ticket, body)
    assert answer.status_code == 201
    assert people.employee.get(answer.json()["url"]).content == b"\r\n--\r\n--b\r\n--"


def test_an_interrupted_upload_leaves_nothing(helpdesk, people, ticket):
    head = (f"POST {ticket}/attachments HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {people.employee.token}\r\n"
            "Content-Type: multipart/form-data; boundary=B\r\nContent-Length: 100000\r\n\r\n").encode()
    with socket.create_connection(("127.0.0.1", helpdesk.port)) as connection:
        connection.sendall(head + part(b"z" * 90000))
        wait_for(lambda: temporary_files(helpdesk))
    wait_for(lambda: temporary_files(helpdesk) == [])
    assert people.employee.get(ticket + "/attachments").json()["count"] == 0


def test_who_may_attach(people, ticket):
    upload(people.coordinator, ticket, "c.png", expect=201)
    for stranger in (people.other_employee, people.other_coordinator, people.reviewer):
        check_error(upload(stranger, ticket), 403, "FORBIDDEN")
        check_error(stranger.get(ticket + "/attachments"), 403, "FORBIDDEN")
    check_error(upload(people.nobody, ticket), 401, "UNAUTHENTICATED")
    check_error(upload(people.employee, "/api/v1/tickets/TX20200101000001"), 404, "TICKET_NOT_FOUND")


def test_files_that_are_not_there(people, ticket):
    number = ticket.rsplit("/", 1)[1]
    for path in (f"{ticket}/attachments/999999", f"{ticket}/attachments/abc", f"{ticket}/attachments/-1",
                 f"/media/tickets/{number}/none.png", f"/media/tickets/{number}/%FF", f"/media/tickets/{number}/..%2f.."):
        check_error(people.employee.get(path), 404, "NOT_FOUND")
    check_error(people.employee.get("/media/tickets/TX20200101000001/x.png"), 404, "TICKET_NOT_FOUND")
    # An attachment of another ticket is not reached through this one.
    other = create(people.employee)["ticket_number"]
    body = upload(people.employee, f"/api/v1/tickets/{other}", expect=201).json()
    check_error(people.employee.get(f"{ticket}/attachments/{body['id']}"), 404, "NOT_FOUND")


def test_upload_with_an_idempotency_key(people, ticket):
    key = {"Idempotency-Key": "upload-1"}
    first = upload(people.employee, ticket, headers=key, expect=201)
    again = upload(people.employee, ticket, headers=key, expect=201)
    assert again.json() == first.json() and again.headers["Idempotency-Replayed"] == "true"
    check_error(upload(people.employee, ticket, data=PNG + b"other", headers=key), 422, "VALIDATION_ERROR")
    assert people.employee.get(ticket + "/attachments").json()["count"] == 1

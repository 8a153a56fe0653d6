"""Files on the simple and the platform surface: shapes, texts, access, ranges, types."""
import base64
import hashlib
import re
import zipfile
from io import BytesIO

import pytest

from helpdesk_support import (EMPLOYEE, OTHER_EMPLOYEE, PNG, create, history, own, people,  # noqa: F401
                              post_file as post, start_helpdesk)
from lib import tokens
from lib.http import check_error
from lib.wait import wait_for

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
TIME_MS = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
M_MEMBERS = ["id", "owner_id", "entity_type", "entity_id", "file_name", "original_name", "file_url", "mime_type",
             "file_size", "sha256", "sort_order", "is_public", "alt_text", "storage_path", "created_at", "updated_at"]


@pytest.fixture(scope="module")
def helpdesk(start_service, db):
    return start_helpdesk(start_service, db, env={"UPLOAD_MAX_BYTES": "11m", "UPLOAD_TICKET_MAX_BYTES": "12m"})


@pytest.fixture
def bug(people):
    return people.employee.post("/tickets", {"title": "t", "description": "d", "category": "bug"}, expect=201).json()["id"]


@pytest.fixture
def ticket(people, db):
    body = create(people.employee)
    own(db, body["ticket_number"])
    return body


def refused(answer, status, text):
    assert answer.status_code == status, answer.text
    assert answer.json()["error"] == text


# ---- simple surface -----------------------------------------------------------------------------

def simple_upload(client, ticket_id, name="screenshot.png", data=PNG, kind="image/png", **kwargs):
    return client.request("POST", "/media/upload", files={"file": (name, data, kind)},
                          data={"ticket_id": str(ticket_id)}, **kwargs)


def test_simple_upload_list_download_delete(people, bug):
    answer = simple_upload(people.employee, bug, expect=201)
    body = answer.json()
    assert list(body) == ["id", "ticket_id", "filename", "original_filename", "mime_type", "file_size", "uploaded_by",
                          "uploaded_at"]
    assert re.fullmatch(r"\d{13}-\d{1,9}-screenshot\.png", body["filename"])
    assert body["ticket_id"] == bug and body["original_filename"] == "screenshot.png"
    assert body["mime_type"] == "image/png" and body["file_size"] == len(PNG)
    assert body["uploaded_by"] == EMPLOYEE and TIME_MS.match(body["uploaded_at"])
    second = simple_upload(people.coordinator, bug, "log.txt", b"text", "text/plain", expect=201).json()
    listed = people.employee.get(f"/media/ticket/{bug}", expect=200).json()
    for one in (body, second):
        del one["filename"]
    assert listed == {"files": [second, body]}
    for client in (people.employee, people.coordinator, people.admin):
        got = client.get(f"/media/{body['id']}", expect=200)
        assert got.content == PNG and got.headers["Content-Type"] == "image/png"
        assert got.headers["Content-Disposition"] == 'attachment; filename="screenshot.png"'
        assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert people.employee.get(f"/media/{body['id']}abc", expect=200).content == PNG
    refused(people.employee.delete(f"/media/{second['id']}"), 403, "permission denied")
    assert people.employee.delete(f"/media/{body['id']}", expect=200).json() == {
        "message": "file deleted successfully"}
    refused(people.employee.delete(f"/media/{body['id']}"), 404, "file not found")
    refused(people.employee.get(f"/media/{body['id']}"), 404, "file not found")
    people.other_coordinator.delete(f"/media/{second['id']}", expect=200)
    assert people.employee.get(f"/media/ticket/{bug}").json() == {"files": []}


def test_simple_fields_in_any_order(people, bug):
    field = b'--B\r\nContent-Disposition: form-data; name="ticket_id"\r\n\r\n' + str(bug).encode() + b"xyz\r\n"
    file = (b'--B\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n'
            b"\r\n")
    for body in (field + file, file + field):
        answer = people.employee.request("POST", "/media/upload", data=body + b"--B--\r\n", expect=201,
                                         headers={"Content-Type": "multipart/form-data; boundary=B"})
        assert answer.json()["file_size"] == 0 and answer.json()["ticket_id"] == bug


def test_simple_refusals(people, bug):
    for body, kind in ((b"{}", "application/json"), (b"", None), (b"x", "text/plain"),
                       (b"--B--\r\n", "multipart/form-data; boundary=B")):
        answer = people.employee.request("POST", "/media/upload", data=body,
                                         headers={"Content-Type": kind} if kind else {})
        refused(answer, 400, "no file uploaded")
    answer = people.employee.request("POST", "/media/upload", files={"other": ("a.png", PNG, "image/png")},
                                     data={"ticket_id": str(bug)})
    refused(answer, 400, "no file uploaded")
    answer = people.employee.request("POST", "/media/upload", files={"file": ("a.png", PNG, "image/png")})
    refused(answer, 400, "ticket_id is required")
    refused(simple_upload(people.employee, ""), 400, "ticket_id is required")
    refused(simple_upload(people.employee, "abc"), 400, "invalid ticket_id")
    refused(simple_upload(people.employee, 999999999), 404, "ticket not found")
    refused(simple_upload(people.other_employee, bug), 404, "ticket not found")
    refused(simple_upload(people.employee, bug, "a.html", b"<html>", "text/html"), 415, "file type not allowed")
    refused(simple_upload(people.employee, bug, "a.png", b"<html>", "image/png"), 415, "file type not allowed")
    refused(people.employee.get("/media/ticket/abc"), 400, "invalid ticket id")
    for identity in ("abc", "-1", "%27", "%FF"):
        refused(people.employee.get("/media/" + identity), 400, "invalid file id")
        refused(people.employee.delete("/media/" + identity), 400, "invalid file id")
    refused(people.employee.get("/media/999999999"), 404, "file not found")
    refused(people.employee.get("/media/99999999999999999999"), 404, "file not found")
    assert people.employee.get(f"/media/ticket/{bug}").json() == {"files": []}


def test_simple_limit(people, bug):
    refused(simple_upload(people.employee, bug, data=PNG.ljust(10 * 1024 * 1024, b"x")), 413, "file too large")
    assert simple_upload(people.employee, bug, data=PNG.ljust(10 * 1024 * 1024 - 1, b"x"), expect=201)


def test_simple_foreign_files_do_not_exist(people, bug):
    identity = simple_upload(people.employee, bug, expect=201).json()["id"]
    refused(people.other_employee.get(f"/media/{identity}"), 404, "file not found")
    refused(people.other_employee.delete(f"/media/{identity}"), 404, "file not found")
    refused(people.reviewer.get(f"/media/{identity}"), 404, "file not found")
    assert people.other_employee.get(f"/media/ticket/{bug}", expect=200).json() == {"files": []}
    assert people.employee.get("/media/ticket/999999999", expect=200).json() == {"files": []}
    foreign = people.other_employee.request("POST", "/api/v1/media", files={"file": ("a.png", PNG, "image/png")},
                                            expect=201).json()["id"]
    refused(people.employee.get(f"/media/{foreign}"), 404, "file not found")
    assert people.other_employee.get(f"/media/{foreign}", expect=200).content == PNG
    people.other_employee.delete(f"/media/{foreign}", expect=200)


def test_simple_tokens(people):
    for method, path in (("POST", "/media/upload"), ("GET", "/media/ticket/1"), ("GET", "/media/1"),
                         ("DELETE", "/media/1")):
        refused(people.nobody.request(method, path), 401, "missing token")
        refused(people.nobody.with_token("a.b.c").request(method, path), 401, "invalid token")
        assert people.service.request(method, path).status_code == 403


def test_simple_files_missing_on_disk(helpdesk, people, bug):
    data = PNG + b"will vanish"
    identity = simple_upload(people.employee, bug, data=data, expect=201).json()["id"]
    digest = hashlib.sha256(data).hexdigest()
    (helpdesk.work / "uploads" / digest[:2] / digest).unlink()
    refused(people.employee.get(f"/media/{identity}"), 404, "file not found on disk")
    # The same content, uploaded again, repairs it.
    simple_upload(people.employee, bug, data=data, expect=201)
    assert people.employee.get(f"/media/{identity}", expect=200).content == data


def test_simple_files_are_attachments(people, db, ticket):
    body = simple_upload(people.employee, ticket["id"], "über.png", expect=201).json()
    assert body["original_filename"] == "über.png"
    path = f"/api/v1/tickets/{ticket['ticket_number']}/attachments"
    listed = people.employee.get(path).json()["results"]
    assert [one["id"] for one in listed] == [body["id"]] and listed[0]["filename"] == "über.png"
    people.employee.delete(f"/media/{body['id']}", expect=200)
    assert history(db, ticket["ticket_number"])[-2:] == [("attachment", None, "über.png"), ("attachment", "über.png", None)]


# ---- removing an attachment ---------------------------------------------------------------------

def test_remove_an_attachment(people, ticket):
    path = f"/api/v1/tickets/{ticket['ticket_number']}/attachments"
    ids = [people.employee.request("POST", path, files={"file": ("a.png", PNG, "image/png")}, expect=201).json()["id"]
           for _ in range(2)]
    for stranger in (people.other_employee, people.other_coordinator, people.reviewer):
        check_error(stranger.delete(f"{path}/{ids[0]}"), 403, "FORBIDDEN")
    check_error(people.tts_admin.delete(f"{path}/{ids[0]}"), 403, "FORBIDDEN")
    check_error(people.nobody.delete(f"{path}/{ids[0]}"), 401, "UNAUTHENTICATED")
    check_error(people.employee.delete(f"{path}/{ids[0]}", headers={"If-Match": '"1"'}), 412, "PRECONDITION_FAILED")
    people.employee.delete(f"{path}/{ids[0]}", expect=200)
    check_error(people.employee.delete(f"{path}/{ids[0]}"), 404, "NOT_FOUND")
    people.coordinator.delete(f"{path}/{ids[1]}", expect=200)
    assert people.employee.get(path).json()["count"] == 0
    check_error(people.employee.delete(f"{path}/abc"), 404, "NOT_FOUND")


# ---- platform surface ---------------------------------------------------------------------------

@pytest.mark.parametrize("path", ["/api/v1/media", "/api/v1/media/", "/api/v1/media/upload"])
def test_post_and_get(people, path):
    answer = post(people.employee, path=path, entity_type="property", entity_id="a-b", alt_text="Alt é",
                  is_public="false", expect=201)
    body = answer.json()
    assert list(body) == M_MEMBERS
    assert body["owner_id"] == EMPLOYEE and body["entity_type"] == "property" and body["entity_id"] == "a-b"
    assert body["alt_text"] == "Alt é" and body["is_public"] is False and body["mime_type"] == "image/png"
    assert body["file_url"] == f"/api/v1/media/{body['id']}" == answer.headers["Location"]
    assert body["sha256"] == hashlib.sha256(PNG).hexdigest()
    assert people.employee.get(body["file_url"], expect=200).content == PNG
    assert people.employee.get(body["file_url"] + "/info", expect=200).json() == body
    assert people.admin.get(body["file_url"], expect=200).content == PNG
    assert people.service.get(body["file_url"], expect=200).content == PNG
    for path in (body["file_url"], body["file_url"] + "/info"):
        check_error(people.other_employee.get(path), 403, "FORBIDDEN")
        check_error(people.coordinator.get(path), 403, "FORBIDDEN")
        check_error(people.nobody.get(path), 401, "UNAUTHENTICATED")
    check_error(people.other_employee.delete(body["file_url"]), 403, "FORBIDDEN")
    check_error(people.nobody.delete(body["file_url"]), 401, "UNAUTHENTICATED")
    assert people.employee.delete(body["file_url"], expect=200).json()["success"] is True
    check_error(people.employee.get(body["file_url"]), 404, "NOT_FOUND")
    check_error(people.employee.delete(body["file_url"]), 404, "NOT_FOUND")


def test_public_files(people):
    url = post(people.employee, entity_type="page", entity_id="1", is_public="true", expect=201).json()["file_url"]
    assert people.other_employee.get(url, expect=200).content == PNG
    check_error(people.nobody.get(url), 401, "UNAUTHENTICATED")
    check_error(people.other_employee.delete(url), 403, "FORBIDDEN")
    people.admin.delete(url, expect=200)


def test_a_file_for_a_ticket(people, ticket):
    for identity in (ticket["ticket_number"], str(ticket["id"])):
        body = post(people.employee, entity_type="ticket", entity_id=identity, expect=201).json()
        assert body["entity_type"] == "ticket" and body["entity_id"] == ticket["ticket_number"]
    assert people.coordinator.get(body["file_url"], expect=200).content == PNG
    check_error(people.other_employee.get(body["file_url"]), 403, "FORBIDDEN")
    check_error(people.other_employee.get(body["file_url"] + "/info"), 403, "FORBIDDEN")
    check_error(people.other_employee.delete(body["file_url"]), 403, "FORBIDDEN")
    path = f"/api/v1/tickets/{ticket['ticket_number']}/attachments"
    assert [one["filename"] for one in people.employee.get(path).json()["results"]] == ["a.png", "a-2.png"]
    query = f"/api/v1/media?entity_type=ticket&entity_id={ticket['ticket_number']}"
    listed = people.coordinator.get(query, expect=200).json()
    assert listed["count"] == 2 and listed["results"][1] == body
    paged = people.coordinator.get(query + "&page=2&page_size=1", expect=200).json()
    assert paged["results"] == [body] and paged["next"] is None and paged["previous"]
    check_error(people.other_employee.get(query), 403, "FORBIDDEN")
    check_error(post(people.other_employee, entity_type="ticket", entity_id=ticket["ticket_number"]), 403, "FORBIDDEN")
    for identity in ("TX20200101000001", "999999999", "nonsense"):
        check_error(post(people.employee, entity_type="ticket", entity_id=identity), 404, "TICKET_NOT_FOUND")
    refusal = post(people.employee, entity_type="ticket", entity_id=ticket["ticket_number"], is_public="true")
    assert list(check_error(refusal, 422, "VALIDATION_ERROR")["details"]["fields"]) == ["is_public"]
    people.coordinator.delete(body["file_url"], expect=200)
    check_error(people.coordinator.delete(body["file_url"]), 404, "NOT_FOUND")


@pytest.mark.parametrize("fields,field", [
    ({"entity_type": "page"}, "entity_id"), ({"entity_id": "1"}, "entity_type"),
    ({"entity_type": "x" * 65, "entity_id": "1"}, "entity_type"), ({"entity_type": "a b", "entity_id": "1"}, "entity_type"),
    ({"entity_type": "page", "entity_id": "x" * 129}, "entity_id"), ({"alt_text": "x" * 501}, "alt_text"),
    ({"alt_text": "x" * 5000}, "alt_text"), ({"is_public": "perhaps"}, "is_public"),
    ({"sha256": "00"}, "sha256"), ({"sha256": "0" * 64}, "sha256")])
def test_fields_that_are_not_valid(people, fields, field):
    body = check_error(post(people.employee, **fields), 422, "VALIDATION_ERROR")
    assert list(body["details"]["fields"]) == [field]


def test_fields_that_are_no_text(people):
    head = b'--B\r\nContent-Disposition: form-data; name="alt_text"\r\n\r\n'
    for value in (b"\xff", b"a\0b"):
        answer = people.employee.request("POST", "/api/v1/media", data=head + value + b"\r\n--B--\r\n",
                                         headers={"Content-Type": "multipart/form-data; boundary=B"})
        check_error(answer, 400, "INVALID_INPUT")


def test_texts_come_back_verbatim(people):
    text = "'; DROP TABLE media_file; -- <script>alert(1)</script> %s \\ \U0001f600"
    body = post(people.employee, name="<img src=x>.png", alt_text=text, expect=201).json()
    assert body["alt_text"] == text and body["file_name"] == "<img src=x>.png"


def test_raw_upload(people):
    data = PNG + b"raw"
    digest = hashlib.sha256(data).hexdigest()
    headers = {"Content-Type": "image/png"}
    body = people.employee.request("POST", f"/api/v1/media?file_name=%C3%BC.png&entity_type=page&entity_id=7&sha256={digest}",
                                   data=data, headers=headers, expect=201).json()
    assert body["file_name"] == "ü.png" and body["sha256"] == digest and body["entity_id"] == "7"
    check_error(people.employee.request("POST", "/api/v1/media", data=data, headers=headers), 400, "INVALID_INPUT")
    check_error(people.employee.request("POST", "/api/v1/media?file_name=%FF", data=data, headers=headers), 400,
                "INVALID_INPUT")
    check_error(people.employee.request("POST", "/api/v1/media?file_name=a&sha256=" + "0" * 64, data=data, headers=headers),
                422, "VALIDATION_ERROR")
    good = "sha-256=:" + base64.b64encode(hashlib.sha256(data).digest()).decode() + ":"
    people.employee.request("POST", "/api/v1/media?file_name=a.png", data=data, expect=201,
                            headers={**headers, "Content-Digest": "md5=:AA==:, " + good})
    bad = "sha-256=:" + base64.b64encode(bytes(32)).decode() + ":"
    for value, status in ((bad, 422), ("sha-256=:x:", 400), ("sha-256=:", 400)):
        answer = people.employee.request("POST", "/api/v1/media?file_name=a.png", data=data,
                                         headers={**headers, "Content-Digest": value})
        assert answer.status_code == status, answer.text
    for extra in ({"Content-Encoding": "gzip"}, {"Content-Type": "application/json"}, {"Content-Type": "multipart/mixed"}):
        check_error(people.employee.request("POST", "/api/v1/media?file_name=a.png", data=data,
                                            headers={**headers, **extra}), 415, "UNSUPPORTED_MEDIA_TYPE")
    untyped = people.employee.request("POST", "/api/v1/media?file_name=a", data=data, expect=201).json()
    assert untyped["mime_type"] == "image/png"


def archive(*names):
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name in names:
            packed.writestr(name, "<x/>")
    return out.getvalue()


@pytest.mark.parametrize("declared,data,kept", [
    ("image/png", PNG, "image/png"), ("IMAGE/PNG; x=y", PNG, "image/png"), ("image/jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0", "image/jpeg"),
    ("image/gif", b"GIF89a\1\0\1\0\0\0\0", "image/gif"), ("application/pdf", b"%PDF-1.4\n", "application/pdf"),
    ("text/plain", b"x", "text/plain"), ("text/plain", b"#!/bin/sh\n", "text/plain"), ("text/csv", b"a,b\n1,2\n", "text/csv"),
    ("text/plain", "\u20ac\n".encode(), "text/plain"), ("text/plain", b"", "text/plain"), ("image/png", b"", "image/png"),
    ("application/octet-stream", PNG, "image/png"), ("application/octet-stream", b"hello\n", "text/plain"),
    (DOCX, archive("[Content_Types].xml", "_rels/.rels", "word/document.xml"), DOCX), (DOCX, archive("a"), DOCX),
    ("application/x-zip-compressed", archive("a"), "application/zip"),
    ("application/msword", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "application/msword")])
def test_types_that_are_kept(people, declared, data, kept):
    body = post(people.employee, data=data, kind=declared, expect=201).json()
    assert body["mime_type"] == kept
    assert people.employee.get(body["file_url"], expect=200).headers["Content-Type"] == kept


@pytest.mark.parametrize("declared,data", [
    ("image/png", b"plain text"), ("image/png", b"<html><script>alert(1)</script>"), ("image/png", b"GIF89a\1\0\1\0\0\0\0"),
    ("image/jpeg", PNG), ("application/pdf", b"MZ" + bytes(100)), ("text/plain", b"MZ\x90\0" + bytes(100)),
    ("text/plain", b"a\0b"), ("text/plain", PNG), ("text/plain", b"<!doctype html><html>"),
    ("text/plain", b'<svg xmlns="http://www.w3.org/2000/svg"></svg>'), (DOCX, b"not a package"),
    ("application/octet-stream", b"<!doctype html><html>"), ("application/octet-stream", b"\x7fELF\2\1\1" + bytes(60)),
    ("application/octet-stream", bytes(100)), ("image/svg+xml", b"<svg/>"), ("text/html", b"<html>")])
def test_types_that_are_refused(people, declared, data):
    check_error(post(people.employee, data=data, kind=declared), 415, "UNSUPPORTED_MEDIA_TYPE")


def test_bulk_upload(people):
    files = [("files", ("a.png", PNG, "image/png")), ("files[]", ("b.txt", b"b", "text/plain")),
             ("file", ("c.png", PNG + b"c", "image/png"))]
    answer = people.employee.request("POST", "/api/v1/media/bulk-upload", files=files, expect=201,
                                     data={"entity_type": "album", "entity_id": "9"})
    body = answer.json()
    assert body["success"] is True and body["count"] == 3
    assert [one["file_name"] for one in body["data"]] == ["a.png", "b.txt", "c.png"]
    assert [one["sort_order"] for one in body["data"]] == [0, 1, 2]
    listed = people.employee.get("/api/v1/media?entity_type=album&entity_id=9", expect=200).json()
    assert listed["results"] == body["data"] and listed["count"] == 3
    assert people.other_employee.get("/api/v1/media?entity_type=album&entity_id=9").json()["count"] == 0
    assert people.admin.get("/api/v1/media?entity_type=album&entity_id=9").json()["count"] == 3
    # One bad file, and none is kept.
    bad = files + [("files", ("d.png", b"text", "image/png"))]
    check_error(people.employee.request("POST", "/api/v1/media/bulk-upload", files=bad,
                                        data={"entity_type": "album", "entity_id": "10"}), 415, "UNSUPPORTED_MEDIA_TYPE")
    assert people.employee.get("/api/v1/media?entity_type=album&entity_id=10").json()["count"] == 0
    many = [("files", (f"{i}.txt", b"x", "text/plain")) for i in range(21)]
    check_error(people.employee.request("POST", "/api/v1/media/bulk-upload", files=many), 400, "INVALID_INPUT")
    people.employee.request("POST", "/api/v1/media/bulk-upload", files=many[:20], expect=201)
    check_error(people.nobody.request("POST", "/api/v1/media/bulk-upload", files=files), 401, "UNAUTHENTICATED")
    large = [("files", (f"{i}.txt", b"x" * (5 << 20), "text/plain")) for i in range(3)]
    check_error(people.employee.request("POST", "/api/v1/media/bulk-upload", files=large), 413, "PAYLOAD_TOO_LARGE")


def test_mine(people):
    client = people.nobody.as_user(7001, name="Mine Only")
    assert client.get("/api/v1/media/mine", expect=200).json() == {"success": True, "total": 0, "data": []}
    made = [post(client, name=f"{i}.png", expect=201).json() for i in range(3)]
    assert client.get("/api/v1/media/mine", expect=200).json() == {"success": True, "total": 3, "data": made[::-1]}
    assert client.get("/api/v1/media/mine?limit=2").json()["data"] == made[:0:-1]
    assert client.get("/api/v1/media?page_size=1&page=3", expect=200).json()["results"] == made[:1]
    page, seen = client.get("/api/v1/media?page_size=2", expect=200).json(), []
    while True:
        seen += page["results"]
        if not page.get("next_cursor"):
            break
        page = client.get(f"/api/v1/media?page_size=2&cursor={page['next_cursor']}", expect=200).json()
    assert seen == made[::-1]
    check_error(client.get("/api/v1/media/mine?limit=0"), 422, "VALIDATION_ERROR")
    check_error(client.get("/api/v1/media?entity_type=x"), 422, "VALIDATION_ERROR")
    check_error(people.nobody.get("/api/v1/media/mine"), 401, "UNAUTHENTICATED")
    check_error(people.nobody.get("/api/v1/media"), 401, "UNAUTHENTICATED")


def test_reassign(people, db, ticket):
    for name in ("a.png", "b.png"):
        post(people.employee, name=name, entity_type="draft", entity_id="77", expect=201)
    foreign = post(people.other_employee, entity_type="draft", entity_id="77", expect=201).json()

    def move(client, **changes):
        body = {"from_entity_type": "draft", "from_entity_id": "77", "to_entity_type": "ticket",
                "to_entity_id": ticket["ticket_number"], **changes}
        return client.put("/api/v1/media/reassign", body)

    check_error(move(people.other_employee), 403, "FORBIDDEN")
    check_error(move(people.employee, to_entity_id="TX20200101000001"), 404, "TICKET_NOT_FOUND")
    check_error(move(people.employee, from_entity_type="ticket", from_entity_id=ticket["ticket_number"]), 422,
                "VALIDATION_ERROR")
    check_error(move(people.employee, to_entity_type="draft", to_entity_id="77"), 422, "VALIDATION_ERROR")
    check_error(move(people.employee, to_entity_type=None), 400, "INVALID_INPUT")
    check_error(move(people.nobody), 401, "UNAUTHENTICATED")
    assert move(people.employee, to_entity_type="draft", to_entity_id=78).json() == {"success": True, "count": 2}
    assert move(people.employee, from_entity_id="78").json() == {"success": True, "count": 2}
    assert move(people.employee, from_entity_id="78").json() == {"success": True, "count": 0}
    path = f"/api/v1/tickets/{ticket['ticket_number']}/attachments"
    listed = people.coordinator.get(path, expect=200).json()["results"]
    assert [one["filename"] for one in listed] == ["a.png", "b.png"]
    assert people.coordinator.get(listed[0]["url"], expect=200).content == PNG
    assert [row[2] for row in history(db, ticket["ticket_number"]) if row[0] == "attachment"] == ["a.png", "b.png"]
    assert people.other_employee.get(foreign["file_url"] + "/info").json()["entity_id"] == "77"


def test_an_idempotency_key(people):
    headers = {"Idempotency-Key": "media-1"}
    first = post(people.employee, headers=headers, expect=201)
    again = post(people.employee, headers=headers, expect=201)
    assert again.json() == first.json() and again.headers["Idempotency-Replayed"] == "true"
    check_error(post(people.employee, headers=headers, alt_text="other"), 422, "VALIDATION_ERROR")


# ---- links --------------------------------------------------------------------------------------

def access_url(client, file_id, **kwargs):
    return client.get(f"/api/v1/support/attachments/{file_id}/access-url", **kwargs)


def test_a_link_needs_no_token(people, ticket):
    file = post(people.employee, entity_type="ticket", entity_id=ticket["ticket_number"], expect=201).json()
    link = access_url(people.coordinator, file["id"], expect=200)
    assert list(link.json()) == ["access_url", "expires_at"] and link.headers["Cache-Control"] == "no-store"
    got = people.nobody.get(link.json()["access_url"], expect=200)
    assert got.content == PNG and got.headers["Content-Type"] == "image/png"
    assert got.headers["Referrer-Policy"] == "no-referrer"
    part = people.nobody.get(link.json()["access_url"], headers={"Range": "bytes=1-3"}, expect=206)
    assert part.content == PNG[1:4]
    check_error(people.nobody.get(link.json()["access_url"], headers={"Range": "bytes=99999-"}), 416,
                "RANGE_NOT_SATISFIABLE")
    people.employee.delete(f"/api/v1/media/{file['id']}", expect=200)
    check_error(people.nobody.get(link.json()["access_url"]), 404, "NOT_FOUND")


def test_links_are_for_those_who_may_see_the_file(people):
    file = post(people.employee, expect=201).json()
    check_error(access_url(people.other_employee, file["id"]), 403, "FORBIDDEN")
    check_error(access_url(people.nobody, file["id"]), 401, "UNAUTHENTICATED")
    for name in ("999999999", "x", "0"):
        check_error(access_url(people.employee, name), 404, "NOT_FOUND")


def test_a_link_cannot_be_made_up(people):
    file = post(people.employee, expect=201).json()
    head, token = access_url(people.employee, file["id"], expect=200).json()["access_url"].rsplit("/", 1)
    for bad in (token[:-2], token[::-1], token + "A", "x", "A" * 3000):
        check_error(people.nobody.get(f"{head}/{bad}"), 404, "NOT_FOUND")


def test_a_link_ends(start_service, db):
    client = start_helpdesk(start_service, db, env={"MEDIA_LINK_EXPIRY": "1s"}).http
    employee = client.as_user(EMPLOYEE, tokens.EMPLOYEE)
    link = access_url(employee, post(employee, expect=201).json()["id"], expect=200).json()["access_url"]
    wait_for(lambda: client.get(link).status_code == 404)


# ---- downloads ----------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def text(people):
    body = post(people.employee, name="digits.txt", data=b"0123456789", kind="text/plain", expect=201).json()
    return body["file_url"]


@pytest.mark.parametrize("wanted,content,answer", [
    ("bytes=0-3", "bytes 0-3/10", b"0123"), ("bytes=4-", "bytes 4-9/10", b"456789"), ("bytes=-2", "bytes 8-9/10", b"89"),
    ("bytes=8-100", "bytes 8-9/10", b"89"), ("bytes=-100", "bytes 0-9/10", b"0123456789")])
def test_ranges(people, text, wanted, content, answer):
    got = people.employee.get(text, headers={"Range": wanted}, expect=206)
    assert got.content == answer and got.headers["Content-Range"] == content
    assert got.headers["Content-Length"] == str(len(answer))


def test_ranges_that_do_not_count(people, text):
    for wanted in ("bytes=5-2", "bytes=0-1,4-5", "lines=1-2", "bytes=x"):
        got = people.employee.get(text, headers={"Range": wanted}, expect=200)
        assert got.content == b"0123456789" and got.headers["Accept-Ranges"] == "bytes"
    for wanted in ("bytes=10-", "bytes=-0"):
        got = people.employee.get(text, headers={"Range": wanted})
        check_error(got, 416, "RANGE_NOT_SATISFIABLE")
        assert got.headers["Content-Range"] == "bytes */10"
    etag = people.employee.get(text).headers["ETag"]
    assert people.employee.get(text, headers={"Range": "bytes=0-0", "If-Range": etag}, expect=206).content == b"0"
    for stale in ('"other"', "W/" + etag, "Wed, 21 Oct 2015 07:28:00 GMT"):
        people.employee.get(text, headers={"Range": "bytes=0-0", "If-Range": stale}, expect=200)


def test_conditions_and_head(people, text):
    etag = people.employee.get(text, expect=200).headers["ETag"]
    for value in (etag, "W/" + etag, '"x", ' + etag, "*"):
        assert people.employee.get(text, headers={"If-None-Match": value}, expect=304).content == b""
    people.employee.get(text, headers={"If-None-Match": '"x"'}, expect=200)
    head = people.employee.request("HEAD", text, headers={"Range": "bytes=0-1"}, expect=200)
    assert head.headers["Content-Length"] == "10" and head.headers["ETag"] == etag and head.content == b""
    people.employee.request("HEAD", text.rsplit("/", 1)[0] + "/999999", expect=404)


@pytest.mark.parametrize("name,disposition", [
    ("a.txt", 'attachment; filename="a.txt"'),
    ("\u00fcber \u4f60.txt", "attachment; filename=\"_ber _.txt\"; filename*=UTF-8''%C3%BCber%20%E4%BD%A0.txt"),
    ('a"b\\c;%41.txt', None)])
def test_names_on_download(people, name, disposition):
    answer = people.employee.request("POST", "/api/v1/media", params={"file_name": name}, data=b"x",
                                     headers={"Content-Type": "text/plain"}, expect=201)
    got = people.employee.get(answer.json()["file_url"], expect=200).headers["Content-Disposition"]
    if disposition is None:
        disposition = "attachment; filename=\"c;_41.txt\"; filename*=UTF-8''c%3B%2541.txt"
    assert got == disposition


def test_inline_only_what_cannot_run(people, text):
    got = people.employee.get(text + "?disposition=inline", expect=200)
    assert got.headers["Content-Disposition"] == 'inline; filename="digits.txt"'
    assert "sandbox" in got.headers["Content-Security-Policy"] and got.headers["X-Content-Type-Options"] == "nosniff"
    sheet = post(people.employee, name="a.csv", data=b"a,b\n", kind="text/csv", expect=201).json()["file_url"]
    assert people.employee.get(sheet + "?disposition=inline").headers["Content-Disposition"].startswith("attachment")


def test_active_content_is_never_inline(start_service, db, broker):
    helpdesk = start_helpdesk(start_service, db, env={"UPLOAD_TYPES": "image/svg+xml text/html"})
    client = helpdesk.http.as_user(OTHER_EMPLOYEE)
    for kind, data in (("image/svg+xml", b'<svg xmlns="http://www.w3.org/2000/svg"></svg>'), ("text/html", b"<html></html>")):
        url = post(client, data=data, kind=kind, expect=201).json()["file_url"]
        got = client.get(url + "?disposition=inline", expect=200)
        assert got.headers["Content-Disposition"].startswith("attachment") and got.headers["Content-Type"] == kind
        assert "sandbox" in got.headers["Content-Security-Policy"]
    check_error(post(client), 415, "UNSUPPORTED_MEDIA_TYPE")


def test_nothing_scans_the_table(people, db, ticket):
    """Neither with plans for the values nor, from the sixth time on, with plans for any values."""
    db.query("INSERT INTO media_blob (sha256, size) VALUES ('many', 1)", program="helpdesk-service")
    db.query("INSERT INTO media_file (filename, content_type, size, sha256, uploader_id, uploader_name, entity_type, "
             "entity_id, uploaded_at, updated_at) SELECT 'f', 'text/plain', 1, 'many', 5000000 + i / 10, 'x', 'many', i / 10, "
             "'2026-01-01', '2026-01-01' FROM generate_series(1, 30000) i", program="helpdesk-service")
    db.query("ANALYZE media_file, media_blob", program="helpdesk-service")
    client = people.nobody.as_user(5000100)

    def scans():
        return db.query("SELECT seq_scan, idx_scan FROM pg_stat_user_tables WHERE relname = 'media_file'",
                        program="helpdesk-service")[0]

    before = scans()
    for _ in range(7):
        made = post(people.employee, entity_type="ticket", entity_id=ticket["ticket_number"], expect=201).json()
        assert client.get("/api/v1/media/mine", expect=200).json()["total"] == 10
        page = client.get("/api/v1/media?page_size=5", expect=200).json()
        assert client.get(f"/api/v1/media?page_size=5&cursor={page['next_cursor']}", expect=200).json()["results"]
        assert client.get("/api/v1/media?entity_type=many&entity_id=100", expect=200).json()["count"] == 10
        assert people.employee.get(f"/api/v1/tickets/{ticket['ticket_number']}/attachments", expect=200).json()["count"] == 1
        people.employee.get(f"/media/ticket/{ticket['id']}", expect=200)
        people.employee.get(made["file_url"], expect=200)
        client.put("/api/v1/media/reassign", {"from_entity_type": "many", "from_entity_id": "100", "to_entity_type": "many",
                                              "to_entity_id": "many"}, expect=200)
        client.put("/api/v1/media/reassign", {"from_entity_type": "many", "from_entity_id": "many", "to_entity_type": "many",
                                              "to_entity_id": "100"}, expect=200)
        people.employee.delete(made["file_url"], expect=200)
    after = wait_for(lambda: (now := scans())[1] >= before[1] + 70 and now, what="the database has counted")
    assert after[0] == before[0], "the table was scanned"


def test_ids_of_nothing(people):
    for path in ("/api/v1/media/0", "/api/v1/media/abc", "/api/v1/media/-1", "/api/v1/media/99999999999999999999",
                 "/api/v1/media/abc/info"):
        check_error(people.employee.get(path), 404, "NOT_FOUND")

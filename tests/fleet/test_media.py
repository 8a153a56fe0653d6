"""Files through the gateway: on each surface, in parts, in ranges, larger than any buffer on the way."""
import hashlib
import os

from lib.http import check_error

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\0\0\0\0"


def test_a_file_on_every_surface(fleet):
    employee = fleet.login("employee@example.com")
    ticket = employee.post("/tickets", {"title": "t", "description": "d", "category": "bug"}, expect=201).json()["id"]
    simple = employee.request("POST", "/media/upload", files={"file": ("ä.png", PNG, "image/png")},
                              data={"ticket_id": str(ticket)}, expect=201).json()
    assert employee.get(f"/media/ticket/{ticket}", expect=200).json()["files"][0]["original_filename"] == "ä.png"
    for path in (f"/media/{simple['id']}", f"/api/v1/media/{simple['id']}"):
        assert employee.get(path, expect=200).content == PNG
        assert employee.get(path, headers={"Range": "bytes=1-3"}, expect=206).content == b"PNG"
        assert employee.request("HEAD", path, expect=200).headers["Content-Length"] == str(len(PNG))
    assert fleet.http.get(f"/media/{simple['id']}").json()["error"] == "missing token"
    assert fleet.http.get(f"/api/v1/media/{simple['id']}").status_code == 401
    assert employee.delete(f"/media/{simple['id']}", expect=200).json() == {"message": "file deleted successfully"}


def test_a_large_file_and_one_in_parts(fleet):
    employee = fleet.login("employee@example.com")
    data = PNG + os.urandom(20 << 20)
    digest = hashlib.sha256(data).hexdigest()
    whole = employee.request("POST", "/api/v1/media", files={"file": ("a.png", data, "image/png")}, expect=201).json()
    assert whole["sha256"] == digest
    upload = employee.post("/api/v1/media/uploads", {"file_name": "b.png", "mime_type": "image/png", "sha256": digest,
                                                     "file_size": len(data)}, expect=201).json()
    size, path = upload["chunk_size"], f"/api/v1/media/uploads/{upload['upload_id']}"
    for index in reversed(range(upload["total_chunks"])):
        employee.request("PUT", f"{path}/chunks/{index}", data=data[index * size:(index + 1) * size], expect=200)
    parts = employee.post(path + "/complete", expect=200).json()
    assert parts["sha256"] == digest and parts["id"] != whole["id"]
    assert hashlib.sha256(employee.get(parts["file_url"], expect=200).content).hexdigest() == digest
    check_error(employee.request("POST", "/api/v1/media", files={"file": ("a.png", b"text", "image/png")}), 415,
                "UNSUPPORTED_MEDIA_TYPE")

"""The image's part of libmagic's database says of any content what the whole one does."""
import ctypes
import struct
import subprocess

import pytest

from csource import ROOT

WHOLE = "/usr/share/misc/magic.mgc"
ENTRY, NAMED = 376, 45
# MIME types; not looking into archives and programs: as helpdesk-service/media/sniff.c asks.
FLAGS = 0x10 | 0x1000 | 0x2000 | 0x10000 | 0x100000
TAILS = [b"\0" * 200, b" 1.2 <html>\n" * 5]


class Magic:
    """libmagic with a database."""

    def __init__(self, path):
        self.library = ctypes.CDLL("libmagic.so.1")
        self.library.magic_open.restype = ctypes.c_void_p
        self.library.magic_load.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
        self.library.magic_buffer.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
        self.library.magic_buffer.restype = ctypes.c_char_p
        self.library.magic_close.argtypes = [ctypes.c_void_p]
        self.handle = self.library.magic_open(FLAGS)
        assert self.library.magic_load(self.handle, str(path).encode()) == 0

    def type_of(self, content):
        return self.library.magic_buffer(self.handle, content, len(content))

    def close(self):
        self.library.magic_close(self.handle)


def contents():
    """What each test of the database looks for, with different things after it."""
    with open(WHOLE, "rb") as file:
        data = file.read()
    for start in range(ENTRY, len(data), ENTRY):
        entry = data[start:start + ENTRY]
        (level, offset), kind = struct.unpack_from("<H10xI", entry), entry[6]
        if level == 0 and kind != NAMED and offset < 4096:
            wanted = entry[32:32 + (entry[5] or 8)]
            for number, tail in enumerate(TAILS):
                yield (b"a" if number else b"\0") * offset + wanted + tail


@pytest.fixture(name="databases")
def _databases(tmp_path):
    part = tmp_path / "magic.mgc"
    subprocess.run([ROOT / "deploy" / "image" / "trim-magic", WHOLE, part], check=True)
    assert part.stat().st_size < 3_500_000
    both = [Magic(WHOLE), Magic(part)]
    yield both
    for one in both:
        one.close()


def test_every_content_has_the_type_that_the_whole_database_gives(databases):
    whole, part = databases
    types, different = set(), []
    for content in contents():
        expected, found = whole.type_of(content), part.type_of(content)
        types.add(expected)
        if expected != found:
            different.append((content[:32], expected, found))
    assert len(types) > 250 and not different, different[:10]


def test_what_is_no_database_is_refused(tmp_path):
    (tmp_path / "other").write_bytes(b"\x1c\x04\x1e\xf1\x13\0\0\0" + bytes(ENTRY))
    done = subprocess.run([ROOT / "deploy" / "image" / "trim-magic", tmp_path / "other", tmp_path / "out"],
                          capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "another format" in done.stderr and not (tmp_path / "out").exists()

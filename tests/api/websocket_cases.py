"""What a client may send on a WebSocket, right and wrong, and what it gets for it: a table after the groups of the
Autobahn test suite. Texts are pings of the application, whose timestamp comes back."""
import json
import os
import zlib
from dataclasses import dataclass, field

from lib.rawws import (BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, RSV1, RSV2, RSV3, TEXT, deflated, fragments, frame)

MAX_MESSAGE = 65536


@dataclass
class Case:
    name: str
    sends: list
    expects: list = field(default_factory=list)


def ping(stamp):
    return json.dumps({"type": "ping", "timestamp": stamp}, ensure_ascii=False).encode()


def sized(size):
    """A text of exactly that many bytes, and the stamp in it."""
    stamp = "x" * (size - len(ping("")))
    return ping(stamp), stamp


def pieces(data, size):
    return [data[at:at + size] for at in range(0, len(data), size)]


def interleaved(frames, payloads):
    """Each frame followed by a ping, as long as there are payloads for those."""
    sends = []
    for n, one in enumerate(frames):
        sends += [one] + [frame(PING, payload) for payload in payloads[n:n + 1]]
    return sends


def pong(stamp):
    return "text", {"type": "pong", "timestamp": stamp}


def closing(code, reason=b""):
    return frame(CLOSE, code.to_bytes(2, "big") + reason)


def closed(code):
    return "close", code


def echoes(name, sends, *stamps):
    return Case(name, sends, [pong(stamp) for stamp in stamps])


def fails(name, code, *sends):
    return Case(name, list(sends), [closed(code)])


HELLO = frame(TEXT, ping("hello"))

FRAMING = [
    *(echoes(f"1.1 text of {size}", [frame(TEXT, sized(size)[0])], sized(size)[1])
      for size in (50, 125, 126, 127, 128, 65535, 65536)),
    echoes("1.1 text in pieces of 997 bytes", pieces(frame(TEXT, sized(65536)[0]), 997),
           sized(65536)[1]),
    Case("1.1 empty text", [frame(TEXT), HELLO],
         [("text", {"type": "error", "code": "INVALID_INPUT", "message": "A frame is a JSON object"}), pong("hello")]),
    *(fails(f"1.2 binary of {size}", 1003, frame(BINARY, bytes(size))) for size in (0, 125, 65536)),
    fails("1.3 unmasked text", 1002, frame(TEXT, ping(1), mask=b"")),
    fails("1.3 unmasked ping", 1002, frame(PING, b"", mask=b"")),
    fails("1.3 unmasked close", 1002, frame(CLOSE, b"", mask=b"")),
    echoes("1.3 mask of zeros", [frame(TEXT, ping(1), mask=bytes(4))], 1),
    fails("1.4 16 bits for 125", 1002, frame(TEXT, ping(1), length=(16, 29))),
    fails("1.4 64 bits for 65535", 1002, frame(TEXT, b"", length=(64, 65535))),
    fails("1.4 negative length", 1002, frame(TEXT, b"", length=(64, 1 << 63))),
]

PINGS = [
    Case("2.1 ping", [frame(PING)], [("pong", b"")]),
    Case("2.2 ping with text", [frame(PING, b"Hello, world!")], [("pong", b"Hello, world!")]),
    Case("2.3 ping with bytes", [frame(PING, b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff")], [("pong", b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff")]),
    Case("2.4 ping of 125", [frame(PING, b"\xfe" * 125)], [("pong", b"\xfe" * 125)]),
    fails("2.5 ping of 126", 1002, frame(PING, b"\xfe" * 126)),
    Case("2.6 ping byte by byte", pieces(frame(PING, b"\xfe" * 125), 1), [("pong", b"\xfe" * 125)]),
    Case("2.7 unsolicited pong", [frame(PONG), HELLO], [pong("hello")]),
    Case("2.8 unsolicited pong with payload", [frame(PONG, b"unsolicited"), HELLO], [pong("hello")]),
    Case("2.9 pong, then ping", [frame(PONG, b"unsolicited"), frame(PING, b"ping")], [("pong", b"ping")]),
    Case("2.10 ten pings", [frame(PING, b"%d" % n) for n in range(10)], [("pong", b"%d" % n) for n in range(10)]),
    Case("2.11 ten pings at once", [b"".join(frame(PING, b"%d" % n) for n in range(10))], [("pong", b"%d" % n) for n in range(10)]),
]

RESERVED = [
    *(fails(f"3.{bits} reserved bits on a {name}", 1002, frame(opcode, b"", FIN | bits << 4))
      for bits in range(1, 8) for name, opcode in (("text", TEXT), ("ping", PING), ("pong", PONG), ("close", CLOSE))),
    Case("3.8 after a good message", [HELLO, frame(TEXT, ping(1), FIN | RSV2), HELLO], [pong("hello"), closed(1002)]),
    fails("3.9 on a continuation", 1002, frame(TEXT, b"a", 0), frame(CONTINUATION, b"b", FIN | RSV1)),
]

OPCODES = [
    *(fails(f"4 opcode {opcode}{' with payload' if payload else ''}", 1002, frame(opcode, payload), frame(PING))
      for opcode in (*range(3, 8), *range(11, 16)) for payload in (b"", b"payload")),
    Case("4 after a good message", [HELLO, frame(5), frame(PING)], [pong("hello"), closed(1002)]),
]

FRAGMENTS = [
    fails("5.1 ping in two", 1002, frame(PING, b"a", 0), frame(CONTINUATION, b"b")),
    fails("5.2 pong in two", 1002, frame(PONG, b"a", 0), frame(CONTINUATION, b"b")),
    fails("5.2 close in two", 1002, frame(CLOSE, b"\x03", 0), frame(CONTINUATION, b"\xe8")),
    echoes("5.3 text in two", fragments(ping("twice"), 20), "twice"),
    echoes("5.4 text in two at once", [b"".join(fragments(ping("twice"), 20))], "twice"),
    echoes("5.5 text in two byte by byte", pieces(b"".join(fragments(ping("twice"), 20)), 1), "twice"),
    echoes("5.5 text in frames of one byte", fragments(ping("many"), 1), "many"),
    Case("5.6 ping between", interleaved(fragments(ping(6), 20), [b"between"]),
         [("pong", b"between"), pong(6)]),
    *(fails(f"5.9 continuation of nothing, {'final' if flags else 'not final'}", 1002, frame(CONTINUATION, b"x", flags),
            HELLO) for flags in (FIN, 0)),
    Case("5.12 continuation after a whole message", [HELLO, frame(CONTINUATION, b"x", 0), HELLO],
         [pong("hello"), closed(1002)]),
    Case("5.15 two messages, then a continuation", [*fragments(ping(15), 20), frame(CONTINUATION, b"x", 0), HELLO],
         [pong(15), closed(1002)]),
    fails("5.18 text inside a message", 1002, frame(TEXT, b"a", 0), frame(TEXT, b"b")),
    fails("5.18 binary inside a message", 1003, frame(TEXT, b"a", 0), frame(BINARY, b"b")),
    Case("5.19 five fragments, pings between",
         interleaved(fragments(ping("f" * 60), 18), [b"%d" % n for n in range(6)]),
         [*(("pong", b"%d" % n) for n in range(5)), pong("f" * 60), ("pong", b"5")]),
    echoes("5.20 empty fragments", [frame(TEXT, b"", 0), frame(CONTINUATION, ping(20), 0), frame(CONTINUATION)], 20),
    fails("5.21 binary in two", 1003, *fragments(b"bytes", 2, BINARY)),
]


def utf8_valid():
    yield "2 greek", "κόσμε"
    yield "5 first of each length", "\x80\u0800\U00010000"
    yield "7 last of each length", "\x7f\u07ff\uffff\U0010ffff"
    yield "11 around the surrogates", "\ud7ff\ue000\ufffd\U0010ffff"
    yield "22 noncharacters", "\ufffe\uffff\U0001fffe\U0001ffff\U000ffffe\U0010ffff"
    yield "23 replacement character", "\ufffd"
    yield "24 emoji", "👩‍👩‍👧‍👦 ä"


UTF8_INVALID = {
    "3 in the middle": b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
    "6 five bytes": b"\xf8\x88\x80\x80\x80",
    "6 six bytes": b"\xfc\x84\x80\x80\x80\x80",
    "8 beyond U+10FFFF": b"\xf4\x90\x80\x80",
    "10 U+1FFFFF": b"\xf7\xbf\xbf\xbf",
    "12 lone continuation": b"\x80",
    "12 lone last continuation": b"\xbf",
    "13 lead byte and blank": b"\xc0 \xc1 ",
    "13 three-byte lead and blank": b"\xe0 ",
    "13 four-byte lead and blank": b"\xf0 ",
    "14 cut off after one of two": b"\xc3",
    "14 cut off after two of three": b"\xe2\x82",
    "14 cut off after three of four": b"\xf0\x9f\x98",
    "16 FE": b"\xfe",
    "16 FF": b"\xff",
    "17 overlong slash of two": b"\xc0\xaf",
    "17 overlong slash of three": b"\xe0\x80\xaf",
    "17 overlong slash of four": b"\xf0\x80\x80\xaf",
    "18 overlong U+007F": b"\xc1\xbf",
    "18 overlong U+07FF": b"\xe0\x9f\xbf",
    "18 overlong U+FFFF": b"\xf0\x8f\xbf\xbf",
    "19 overlong zero": b"\xc0\x80",
    "20 first surrogate": b"\xed\xa0\x80",
    "20 last surrogate": b"\xed\xbf\xbf",
    "21 surrogate pair": b"\xed\xa0\x80\xed\xb0\x80",
}

UTF8 = [
    *(echoes(f"6.{name}", [frame(TEXT, ping(text))], text) for name, text in utf8_valid()),
    *(echoes(f"6.{name}, in frames of one byte", fragments(ping(text), 1), text) for name, text in utf8_valid()
      if len(ping(text)) < 80),
    *(fails(f"6.{name}", 1007, frame(TEXT, b'"' + raw)) for name, raw in UTF8_INVALID.items()),
    # Before the message, or even the frame, has ended.
    fails("6.4 at once, in a fragment", 1007, frame(TEXT, b"\xce\xba\xf4\x90", 0)),
    fails("6.4 at once, within a frame", 1007, frame(TEXT, b"\xce\xba\xf4\x90\x80\x80" + b"x" * 100)[:12]),
    echoes("6.5 a character over two frames", [frame(TEXT, ping("€")[:-4], 0), frame(CONTINUATION, ping("€")[-4:])], "€"),
]

CLOSING = [
    Case("7.1 after a message", [HELLO, closing(1000)], [pong("hello"), closed(1000)]),
    Case("7.1 twice", [closing(1000), closing(1000)], [closed(1000)]),
    Case("7.1 ping after it", [closing(1000), frame(PING)], [closed(1000)]),
    Case("7.1 text after it", [closing(1000), HELLO], [closed(1000)]),
    Case("7.1 within a message", [frame(TEXT, b"a", 0), closing(1000)], [closed(1000)]),
    Case("7.1 after a large message", [frame(TEXT, sized(MAX_MESSAGE)[0]), HELLO, closing(1000)],
         [pong(sized(MAX_MESSAGE)[1]), pong("hello"), closed(1000)]),
    Case("7.3 empty", [frame(CLOSE)], [closed(None)]),
    fails("7.3 one byte", 1002, frame(CLOSE, b"\x03")),
    Case("7.3 code and reason", [closing(1000, b"goodbye")], [closed(1000)]),
    Case("7.3 reason of 123", [closing(1000, b"*" * 123)], [closed(1000)]),
    fails("7.3 reason of 124", 1002, closing(1000, b"*" * 124)),
    fails("7.5 reason that is not UTF-8", 1007, closing(1000, b"\xce\xba\xed\xa0\x80")),
    *(Case(f"7.7 code {code}", [closing(code)], [closed(code)])
      for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)),
    *(fails(f"7.9 code {code}", 1002, closing(code))
      for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)),
]

LIMITS = [
    *(echoes(f"9.1 {MAX_MESSAGE} bytes in frames of {size}", fragments(sized(MAX_MESSAGE)[0], size), sized(MAX_MESSAGE)[1])
      for size in (64, 256, 1024, 4096, 16384)),
    *(echoes(f"9.5 {MAX_MESSAGE} bytes in writes of {size}",
             pieces(frame(TEXT, sized(MAX_MESSAGE)[0]), size), sized(MAX_MESSAGE)[1]) for size in (64, 512, 2048)),
    echoes("9.7 forty messages", [HELLO] * 40, *["hello"] * 40),
    fails("9.9 one byte too long", 1009, frame(TEXT, b"x" * (MAX_MESSAGE + 1))),
    fails("9.9 announced too long", 1009, frame(TEXT, b"", length=(64, 1 << 40))),
    fails("9.9 too long in fragments", 1009, frame(TEXT, b"x" * MAX_MESSAGE, 0), frame(CONTINUATION, b"x")),
]

MISCELLANEOUS = [
    echoes("10.1 fragments of 1300", fragments(sized(MAX_MESSAGE)[0], 1300), sized(MAX_MESSAGE)[1]),
    fails("10.2 HTTP instead of frames", 1002, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    fails("10.2 bytes without sense", 1002, bytes(range(240, 256)) * 100),
    Case("10.3 not JSON", [frame(TEXT, b"{"), HELLO],
         [("text", {"type": "error", "code": "INVALID_INPUT", "message": "A frame is a JSON object"}), pong("hello")]),
]

CASES = FRAMING + PINGS + RESERVED + OPCODES + FRAGMENTS + UTF8 + CLOSING + LIMITS + MISCELLANEOUS

# ---- with permessage-deflate --------------------------------------------------------------------


def packed(text, **how):
    return frame(TEXT, deflated(text, **how), FIN | RSV1)


def final_blocks(text):
    """Compressed as RFC 7692 §7.2.3.4 has it: the last block says so, and a byte follows."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(text) + packer.flush() + b"\x00"


def two_blocks(text):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = packer.compress(text[:20]) + packer.flush(zlib.Z_SYNC_FLUSH)
    return first + packer.compress(text[20:]) + packer.flush(zlib.Z_SYNC_FLUSH)[:-4]


NOISE = os.urandom(24000).hex()[:MAX_MESSAGE - len(ping(""))]

DEFLATE_CASES = [
    *(echoes(f"12.1 text of {size}", [packed(sized(size)[0])] * 3, *[sized(size)[1]] * 3)
      for size in (50, 64, 256, 511, 512, 513, 1024, 4096, 8192, 16384, 32768, 65536)),
    *(echoes(f"12.2 text of {size} in frames of {piece}", fragments(deflated(ping(NOISE[:size])), piece, TEXT, RSV1),
             NOISE[:size]) for size, piece in ((1000, 10), (10000, 256), (40000, 4096))),
    *(echoes(f"12.3 {name}", [packed(ping("ab" * 1000), **how)], "ab" * 1000) for name, how in (
        ("stored", {"level": 0}), ("fixed codes", {"strategy": zlib.Z_FIXED}), ("fast", {"level": 1}),
        ("Huffman only", {"strategy": zlib.Z_HUFFMAN_ONLY}), ("a window of 512", {"bits": 9}))),
    echoes("12.4 by turns compressed and not", [packed(ping(1)), frame(TEXT, ping(2)), packed(ping(3))], 1, 2, 3),
    echoes("12.4 two blocks", [frame(TEXT, two_blocks(ping("blocks")), FIN | RSV1)], "blocks"),
    echoes("12.4 a final block", [frame(TEXT, final_blocks(ping("final")), FIN | RSV1)], "final"),
    echoes("12.4 no character is at home in a frame", fragments(deflated(ping("ä€😀" * 9)), 1, TEXT, RSV1), "ä€😀" * 9),
    Case("12.5 a ping between", interleaved(fragments(deflated(ping(5)), 20, TEXT, RSV1), [b"between"]), [("pong", b"between"), pong(5)]),
    Case("12.5 an empty text", [frame(TEXT, b"\x00", FIN | RSV1), HELLO],
         [("text", {"type": "error", "code": "INVALID_INPUT", "message": "A frame is a JSON object"}), pong("hello")]),
    fails("12.6 a binary message", 1003, frame(BINARY, deflated(b"b"), FIN | RSV1)),
    fails("12.7 RSV1 on a continuation", 1002, frame(TEXT, deflated(ping(1))[:5], RSV1), frame(CONTINUATION, b"x", FIN | RSV1)),
    *(fails(f"12.7 RSV1 on a {name}", 1002, frame(opcode, b"", FIN | RSV1))
      for name, opcode in (("ping", PING), ("pong", PONG), ("close", CLOSE))),
    fails("12.7 RSV2", 1002, frame(TEXT, deflated(ping(1)), FIN | RSV1 | RSV2)),
    fails("12.7 RSV3", 1002, frame(TEXT, deflated(ping(1)), FIN | RSV1 | RSV3)),
    fails("12.8 not DEFLATE", 1007, frame(TEXT, b"\xff" * 20, FIN | RSV1)),
    fails("12.8 no payload", 1007, frame(TEXT, b"", FIN | RSV1)),
    fails("12.8 cut off", 1007, frame(TEXT, deflated(ping("x" * 100))[:-6], FIN | RSV1)),
    fails("12.8 refers to an earlier message", 1007, frame(TEXT, b"\x02\x13\x00\x00", FIN | RSV1)),
    fails("12.8 not UTF-8", 1007, packed(b'"\xed\xa0\x80')),
    fails("12.8 half a character", 1007, packed(b'"\xe2\x82')),
    fails("12.9 one byte too long", 1009, packed(b"x" * (MAX_MESSAGE + 1))),
    fails("12.9 a bomb", 1009, packed(bytes(40 << 20))),
    fails("12.9 a bomb in fragments", 1009, *fragments(deflated(bytes(20 << 20)), 1000, TEXT, RSV1)),
    fails("12.9 too long before it is inflated", 1009, frame(TEXT, b"", FIN | RSV1, length=(64, 1 << 20))),
    fails("12.9 thousands of final blocks", 1007, frame(TEXT, b"\x03\x00" * 5000 + b"\x00", FIN | RSV1)),
    echoes("13 noise of the greatest length", [frame(TEXT, deflated(ping(NOISE)), FIN | RSV1)], NOISE),
    echoes("13 stored at the greatest length", [packed(sized(MAX_MESSAGE)[0], level=0)], sized(MAX_MESSAGE)[1]),
]

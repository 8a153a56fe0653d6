"""A WebSocket client with blocking calls, over the asyncio one of Debian's python3-websockets."""
import asyncio
import json
import queue
import threading

import websockets

from .record import record
from .wait import DEADLINE

_CLOSED = object()


class WebSocket:
    """url may be http(s); frames are JSON objects. A context manager."""

    def __init__(self, url, token=None, headers=None, subprotocols=None, timeout=DEADLINE, program=None):
        self.url = url.replace("http", "ws", 1) if url.startswith("http") else url
        self.headers = dict(headers or {})
        if token:
            self.headers["Authorization"] = f"Bearer {token}"
        self.subprotocols = subprotocols
        self.timeout = timeout
        self.close_code = None
        self._frames = queue.Queue()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        try:
            self._socket = self._run(self._connect())
        except websockets.InvalidStatusCode as refusal:
            self._end_loop()
            raise Refused(refusal.status_code) from None
        except BaseException:
            self._end_loop()
            raise
        if program:
            path = "/" + self.url.split("/", 3)[3]
            record(program, "GET", path, 101)
        asyncio.run_coroutine_threadsafe(self._read(), self._loop)

    def _run(self, awaitable):
        async def bounded():
            return await asyncio.wait_for(awaitable, self.timeout)
        return asyncio.run_coroutine_threadsafe(bounded(), self._loop).result(self.timeout + 5)

    async def _connect(self):
        """Inside the loop: the connection belongs to the loop it is made in."""
        return await websockets.connect(
            self.url, extra_headers=self.headers, subprotocols=self.subprotocols, open_timeout=self.timeout,
            ping_interval=None, max_size=None)

    async def _read(self):
        try:
            async for frame in self._socket:
                self._frames.put(frame)
        except websockets.ConnectionClosed:
            pass
        self.close_code = self._socket.close_code
        self._frames.put(_CLOSED)

    @property
    def subprotocol(self):
        return self._socket.subprotocol

    def send(self, message):
        """A dict is sent as JSON, text and bytes as they are."""
        self._run(self._socket.send(json.dumps(message) if isinstance(message, dict) else message))

    def receive(self, timeout=None):
        """The next frame, decoded."""
        try:
            frame = self._frames.get(timeout=timeout or self.timeout)
        except queue.Empty:
            raise AssertionError(f"no frame within {timeout or self.timeout} s") from None
        if frame is _CLOSED:
            self._frames.put(_CLOSED)
            raise Closed(self.close_code)
        return json.loads(frame)

    def receive_type(self, kind, timeout=None, where=None):
        """The next frame of that type, for which where(frame) holds; others are skipped."""
        while True:
            frame = self.receive(timeout)
            if frame.get("type") == kind and (where is None or where(frame)):
                return frame

    def wait_closed(self, timeout=None):
        """The close code, once the other side has closed."""
        while True:
            try:
                self.receive(timeout)
            except Closed as closed:
                return closed.code

    def pause_reading(self):
        """Takes nothing more from the connection, as a peer that is too slow."""
        self._loop.call_soon_threadsafe(self._socket.transport.pause_reading)

    def resume_reading(self):
        self._loop.call_soon_threadsafe(self._socket.transport.resume_reading)

    def abort(self):
        """Ends the connection without a word."""
        self._loop.call_soon_threadsafe(self._socket.transport.abort)

    def close(self):
        if self._loop.is_closed():
            return
        try:
            self._run(self._socket.close())
        finally:
            self._end_loop()

    def _end_loop(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Refused(Exception):
    """The upgrade was answered with a status other than 101."""

    def __init__(self, status):
        super().__init__(f"refused with {status}")
        self.status = status


class Closed(Exception):
    """The other side closed the connection."""

    def __init__(self, code):
        super().__init__(f"closed with {code}")
        self.code = code

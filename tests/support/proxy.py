"""A way to a server that can be cut, silenced, slowed down, or turned to another server."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

HOST = "127.0.0.1"
CHUNK = 16_384
ABORT = struct.pack("ii", 1, 0)


@dataclass
class Proxy:
    """Listens on loopback and passes on, until it is told otherwise.

    Attributes:
        upstream: Port of the server on loopback; may be changed for connections to come.
        cut_after: Bytes of answers after which the next connection that passes more is reset.
        silent_after: Bytes of answers after which a connection says nothing more.
        bytes_per_second: How fast answers pass.
        deaf_to: Once a client has said this, the answer is lost, and the connection is reset; once.
        on_bytes: Called once, when a connection has passed so many bytes of answers.
    """

    upstream: int
    cut_after: int | None = None
    silent_after: int | None = None
    bytes_per_second: float | None = None
    deaf_to: bytes | None = None
    on_bytes: tuple[int, Callable[[], None]] | None = None
    port: int = 0

    async def serve(self, client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        with suppress(OSError):
            narrow = socket.socket()
            narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, CHUNK)  # so that a server cannot send ahead
            narrow.setblocking(False)
            await asyncio.get_running_loop().sock_connect(narrow, (HOST, self.upstream))
            server, asks = await asyncio.open_connection(sock=narrow, limit=CHUNK)
            said = asyncio.Event()
            asking = asyncio.create_task(self._ask(client, asks, said))
            try:
                await self._answer(server, answers, said)
            finally:
                asking.cancel()
                asks.transport.abort()
        answers.transport.abort()

    async def _ask(self, client: asyncio.StreamReader, server: asyncio.StreamWriter, said: asyncio.Event) -> None:
        with suppress(OSError):
            while data := await client.read(CHUNK):
                if self.deaf_to is not None and self.deaf_to in data:
                    self.deaf_to = None
                    said.set()
                server.write(data)
                await server.drain()

    async def _answer(self, server: asyncio.StreamReader, client: asyncio.StreamWriter, said: asyncio.Event) -> None:
        passed = 0
        while data := await server.read(CHUNK if self.bytes_per_second is None else 256):
            if said.is_set():
                return
            if self.silent_after is not None and passed + len(data) > self.silent_after:
                await asyncio.sleep(3600)
            if self.cut_after is not None and passed + len(data) > self.cut_after:
                cut, self.cut_after = self.cut_after - passed, None
                client.write(data[:cut])
                await client.drain()
                client.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
                return
            client.write(data)
            await client.drain()
            passed += len(data)
            if self.bytes_per_second is not None:
                await asyncio.sleep(len(data) / self.bytes_per_second)
            if self.on_bytes is not None and passed > self.on_bytes[0]:
                _, act = self.on_bytes
                self.on_bytes = None
                await asyncio.to_thread(act)


@contextmanager
def proxied(upstream: int) -> Iterator[Proxy]:
    """A proxy before a port of loopback, in a thread of its own."""
    proxy, loop, ready = Proxy(upstream), asyncio.new_event_loop(), threading.Event()

    async def listen() -> None:
        server = await asyncio.start_server(proxy.serve, HOST, 0, limit=CHUNK)
        proxy.port = server.sockets[0].getsockname()[1]
        ready.set()

    def work() -> None:
        loop.run_until_complete(listen())
        loop.run_forever()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.05))
        loop.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    ready.wait(10)
    yield proxy
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)

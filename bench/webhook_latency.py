"""How long it takes from an event to its webhook.

A rule raises an alert for every event; each event is posted at its own time,
whether the one before was answered or not, and the receiver notes when the
alert's webhook has come. The clock starts when the event should have been sent,
so that waiting in line counts.
"""

import asyncio
import json
import time

RULE = {
    "id": "bench-latency",
    "kind": "match",
    "when": "event.type == 'bench.latency'",
    "group_by": ["event.id"],
    "alert": {"summary": "bench"},
    "notify": ["bench-latency"],
}


async def _read_message(reader):
    """Head and body of one request or answer, or None at the end."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.CancelledError):
        return None
    length = 0
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            length = int(value)
    return head, await reader.readexactly(length)


class Receiver:
    def __init__(self):
        self.came = {}  # event id: when its webhook came

    async def start(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self.server.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}/hook"

    async def _serve(self, reader, writer):
        while message := await _read_message(reader):
            now = time.monotonic()
            alert = json.loads(message[1])["data"]
            for event in alert["events"]:
                self.came.setdefault(event["id"], now)
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            await writer.drain()
        writer.close()


async def _sender(host, port, key, queue):
    reader, writer = await asyncio.open_connection(host, port)
    while (event := await queue.get()) is not None:
        body = json.dumps(event).encode()
        writer.write(
            b"POST /v1/events HTTP/1.1\r\nHost: bench\r\n"
            b"Content-Type: application/json\r\n"
            + f"Authorization: Bearer {key}\r\n".encode()
            + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        answer = await _read_message(reader)
        if not answer or not answer[0].startswith(b"HTTP/1.1 202"):
            raise RuntimeError(f"not accepted: {answer}")
    writer.close()


async def measure(call, host, port, key, rate, seconds, connections=8):
    """Seconds of each event, sorted. `call(method, path, body)` asks the API."""
    receiver = Receiver()
    url = await receiver.start()
    call("PUT", "/v1/channels/bench-latency", {"kind": "webhook", "url": url})
    call("PUT", "/v1/rules/bench-latency", RULE)
    call("GET", "/v1/rules/bench-latency/status?wait=active", None)
    queue = asyncio.Queue()
    senders = [asyncio.create_task(_sender(host, port, key, queue))
               for _ in range(connections)]
    due = {}
    begin = time.monotonic() + 0.1
    for n in range(rate * seconds):
        at = begin + n / rate
        await asyncio.sleep(max(0.0, at - time.monotonic()))
        name = f"latency-{begin}-{n}"
        due[name] = at
        queue.put_nowait({"type": "bench.latency", "source": "urn:bench",
                          "id": name, "data": {"n": n}})
    for _ in senders:
        queue.put_nowait(None)
    await asyncio.gather(*senders)
    end = time.monotonic() + 60
    while len(receiver.came) < len(due) and time.monotonic() < end:
        await asyncio.sleep(0.02)
    missing = [name for name in due if name not in receiver.came]
    receiver.server.close()
    call("DELETE", "/v1/rules/bench-latency", None)
    if missing:
        raise RuntimeError(f"{len(missing)} webhooks of {len(due)} never came")
    return sorted(receiver.came[name] - at for name, at in due.items())

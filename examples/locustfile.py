"""Bussa under Locust: pairs of users who write to each other over the JSON protocol.

    bussa serve --admin-key KEY --send-rate 0
    BUSSA_ADMIN_KEY=KEY locust -f examples/locustfile.py --host http://127.0.0.1:8080 --headless -u 100 -r 50 -t 30s

Each Locust user is one user with one connection. Two consecutive ones are a pair: the first writes, the second listens.
Reported are ``connect`` (socket, hello, welcome), ``send`` (to its reply) and ``deliver`` (from the send to the peer's
device). Each listener also checks that its log has no gap.
"""

import itertools
import json
import os
import time
import uuid

import gevent
import requests
import websocket
from locust import User, constant_pacing, task
from locust.exception import StopUser

RUN = uuid.uuid4().hex[:8]
ADMIN = {"Authorization": f"Bearer {os.environ.get('BUSSA_ADMIN_KEY', '')}"}
TEXT = "x" * 120
_numbers = itertools.count()


class BussaUser(User):
    wait_time = constant_pacing(1)

    def on_start(self) -> None:
        number = next(_numbers)
        pair, self.writes = number // 2, number % 2 == 0
        self.name, self.peer = (f"{RUN}-{side}{pair}" for side in ("ab" if self.writes else "ba"))
        self.last_id, self.seq = 0, None
        token = self.create_users()
        self.measured("connect", time.perf_counter(), lambda: self.connect(token))
        if not self.writes:
            self.listener = gevent.spawn(self.listen)

    def on_stop(self) -> None:
        if getattr(self, "listener", None) is not None:
            self.listener.kill()
        if getattr(self, "socket", None) is not None:
            self.socket.close()

    def create_users(self) -> str:
        """Create both users of the pair, as the host application does: either one may start first."""
        with requests.Session() as http:
            http.headers.update(ADMIN)
            for name in (self.name, self.peer):
                response = http.put(f"{self.host}/v1/users/{name}", json={"dm_policy": "anyone"})
                if response.status_code not in (200, 201):
                    raise StopUser(f"set BUSSA_ADMIN_KEY to the server's admin key: HTTP {response.status_code}")
            return http.post(f"{self.host}/v1/users/{self.name}/tokens", json={}).json()["token"]

    def connect(self, token: str) -> None:
        url = self.host.replace("http", "ws", 1) + "/v1/socket"
        self.socket = websocket.create_connection(url, subprotocols=["bussa.v1.json"], timeout=30)
        self.socket.send(json.dumps({"type": "hello", "token": token}))
        welcome = json.loads(self.socket.recv())
        if welcome["type"] != "welcome":
            raise RuntimeError(str(welcome))
        self.seq = welcome["head"]

    @task
    def write(self) -> None:
        if self.writes:
            self.measured("send", time.perf_counter(), self.send)

    def send(self) -> None:
        self.last_id += 1
        id, text = self.last_id, f"{time.perf_counter()} {TEXT}"
        send = {"type": "send", "id": id, "to": self.peer, "text": text, "nonce": f"{self.name}-{id}"}
        self.socket.send(json.dumps(send))
        while (frame := json.loads(self.socket.recv())).get("id") != id:
            pass
        if frame["type"] == "error":
            raise RuntimeError(f"{frame['code']}: {frame['message']}")

    def listen(self) -> None:
        """Receive as the second of a pair, and check that each event's seq is one more than the one before."""
        self.socket.settimeout(None)
        while True:
            frame = json.loads(self.socket.recv())
            if "seq" not in frame:
                continue
            gap = None if frame["seq"] == self.seq + 1 else RuntimeError(f"seq {frame['seq']} after {self.seq}")
            self.seq = frame["seq"]
            sent = float(frame["text"].split(" ", 1)[0])
            self.report("deliver", (time.perf_counter() - sent) * 1000, len(frame["text"]), gap)

    def measured(self, name: str, started: float, work) -> None:
        failure = None
        try:
            work()
        except Exception as error:  # noqa: BLE001 - Locust reports any error
            failure = error
        self.report(name, (time.perf_counter() - started) * 1000, 0, failure)

    def report(self, name: str, milliseconds: float, size: int, failure: Exception | None) -> None:
        self.environment.events.request.fire(
            request_type="WS",
            name=name,
            response_time=milliseconds,
            response_length=size,
            exception=failure,
            context={},
        )

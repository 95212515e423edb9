"""A DNS server on the loopback, in place of Docker's, for the names of containers."""

import socket
import struct
import threading
from collections.abc import Mapping


class DnsServer:
    """Answers A queries (RFC 1035, section 4) until it is closed. ``addresses`` may change meanwhile."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self._addresses = addresses
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            question, who = self._socket.recvfrom(4096)
            if not question:
                return
            self._socket.sendto(self._answer(question), who)

    def _answer(self, question: bytes) -> bytes:
        labels: list[str] = []
        end = 12
        while question[end]:
            size = question[end]
            labels.append(question[end + 1 : end + 1 + size].decode())
            end += 1 + size
        kind = struct.unpack_from("!H", question, end + 1)[0]
        question_section = question[12 : end + 5]
        address = self._addresses.get(".".join(labels))
        code = 3 if address is None else 0  # NXDOMAIN: no such container
        found = address is not None and kind == 1  # A; there is no AAAA
        head = question[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, int(found), 0, 0)
        if not found:
            return head + question_section
        record = struct.pack("!HHHIH", 0xC00C, 1, 1, 0, 4) + socket.inet_aton(str(address))
        return head + question_section + record

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ending:
            ending.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()

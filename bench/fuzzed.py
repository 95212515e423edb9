"""An echo on our own transport, for Autobahn's fuzzing client: ``python -m bench.fuzzed PORT``.

The contract bounds a frame to 64 KiB and a message to 1,000 fragments, and has a close code of its own for a text
that is not UTF-8. Autobahn tests RFC 6455 without such limits; so here they are lifted, and nothing else is changed.
"""

import asyncio
import sys
from typing import Any

import uvicorn
import uvloop

from server.transport import EXTENSION, cutting, websocket
from server.transport.direct import DirectWebSocket, Frame
from server.transport.http import BoundedHttp

LARGEST = 32 * 1024 * 1024
FRAGMENTS = 1_000_000
NOT_UTF8 = 1007
"""RFC 6455, section 7.4.1."""


class Unlimited(DirectWebSocket):
    def refuse_text(self) -> None:
        self.close(NOT_UTF8, "")


async def echo(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    direct: DirectWebSocket = scope["extensions"][EXTENSION]
    ended = asyncio.get_running_loop().create_future()

    def on_frame(frame: Frame) -> None:
        if frame is None:
            if not ended.done():
                ended.set_result(None)
            return
        binary = isinstance(frame, bytes)
        direct.choose(binary=binary)
        direct.write([frame if binary else frame.encode()])

    direct.on_frame(on_frame)
    await ended


async def main(port: int) -> None:
    cutting.FRAME = LARGEST
    websocket.FRAGMENTS = FRAGMENTS
    config = uvicorn.Config(
        echo,
        port=port,
        http=BoundedHttp,
        ws=Unlimited,
        ws_max_size=LARGEST,
        ws_per_message_deflate=False,
        lifespan="off",
        log_level="warning",
    )
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))

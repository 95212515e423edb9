"""SIGTERM during attacks: the server exits with status 0."""

import asyncio
from pathlib import Path

from tests.abuse.victim import Victim
from tests.transport.peer import HANDSHAKE, Ended, Peer, json_frame, peer


async def test_hostile_peers_do_not_delay_shutdown(tmp_path: Path) -> None:
    """Peers that never read, never send `hello`, never finish their HTTP request, never stop sending."""
    victim = Victim(tmp_path / "data", "--send-rate", "0", "--frame-rate", "0", "--drain-seconds", "0.5")
    token, target = await asyncio.to_thread(victim.create_users, "mallory", "target")
    async with (
        peer(victim.port, buffer=4096) as deaf,
        peer(victim.port) as silent,
        peer(victim.port) as endless,
        peer(victim.port) as busy,
    ):
        await deaf.greet(target)
        await silent.upgrade()
        await endless.write(HANDSHAKE)
        await busy.greet(token)
        started = asyncio.Event()

        async def pump(device: Peer) -> None:
            number = 0
            while True:
                number += 1
                text = {"type": "send", "id": number, "to": "target", "text": "x" * 3000, "nonce": f"n-{number}"}
                try:
                    await device.write(json_frame(text))
                except Ended:
                    return
                if number == 200:
                    started.set()
                await asyncio.sleep(0)

        pumping, reading = asyncio.create_task(pump(busy)), asyncio.create_task(busy.close_code())
        await started.wait()
        status = await asyncio.to_thread(victim.stop)
        assert await silent.close_code() == 1012
        # None: the server's reset overtook its close frame. 4413: the flood was too much for it even before.
        assert await reading in (1012, None)
        assert await deaf.close_code() in (1012, 4413, None)
        assert await endless.rest() == b"", "an unfinished handshake is not answered"
        await pumping
    assert status == 0
    assert "Traceback" not in victim.log, victim.log

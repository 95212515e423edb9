"""An event loop whose clock is advanced by the test, so that timeouts pass at once."""

import asyncio


class ClockedLoop(asyncio.SelectorEventLoop):
    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


async def turns(count: int = 5) -> None:
    """Run the event loop for ``count`` turns."""
    for _ in range(count):
        await asyncio.sleep(0)


async def advance(seconds: float) -> None:
    """Advance the loop's clock and run the timers that became due."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, ClockedLoop)
    await turns()
    loop.ahead += seconds
    await turns()

"""A loop whose clock is put forward by hand: ten seconds of patience pass at once."""

import asyncio


class ClockedLoop(asyncio.SelectorEventLoop):
    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


async def turns(count: int = 5) -> None:
    """Let everything happen that is about to."""
    for _ in range(count):
        await asyncio.sleep(0)


async def advance(seconds: float) -> None:
    """Put the loop's clock forward; whatever became due has then happened."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, ClockedLoop)
    await turns()
    loop.ahead += seconds
    await turns()

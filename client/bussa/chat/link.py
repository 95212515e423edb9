"""The line of the desk to the server: opened, read anew where that is needed, and opened again."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from bussa.chat import words
from bussa.chat.book import Book, Shown
from bussa.chat.memory import Login
from bussa.chat.session import Server, Session
from bussa.errors import BussaError, RefusedError, TokenRefusedError
from bussa.feed import Reset
from bussa.life import Status
from bussa_protocol.frames import events, replies

AGAIN_SECONDS = 3.0
"""The SDK comes back by itself; this is the pause where it gave up."""
FOLDERS: tuple[Shown, ...] = ("inbox", "requests")


class Link:
    """Keeps a book up to date. ``changed`` is told of every event, and with None that everything was read anew."""

    def __init__(
        self,
        server: Server,
        login: Login,
        book: Book,
        *,
        changed: Callable[[events.Event | None], None],
        state: Callable[[Status, str], None],
        clock: Callable[[], float],
    ) -> None:
        self.session: Session | None = None
        self._server = server
        self._login = login
        self._book = book
        self._changed = changed
        self._state = state
        self._clock = clock

    async def run(self) -> None:
        """Until the login is refused.

        Raises:
            TokenRefusedError: one has to log in again.
        """
        while True:
            why = ""
            try:
                async with self._server.open(self._login, lambda status: self._state(status, "")) as session:
                    self.session = session
                    self._book.me = session.user
                    await self._follow(session)
            except TokenRefusedError:
                raise
            except BussaError as error:
                why = words.problem(error)
            finally:
                self.session = None
            self._state(Status.CONNECTING, why)
            await asyncio.sleep(AGAIN_SECONDS)

    async def page(self, folder: Shown) -> None:
        """The next page of a folder, if there is one."""
        before = self._book.next[folder]
        if before is not None and self.session is not None:
            self._book.page(folder, await self.session.conversations(folder, before=before))

    async def _follow(self, session: Session) -> None:
        await self._read_anew(session)
        async for notice in session.events():
            if isinstance(notice, Reset):
                await self._read_anew(session)
                continue
            new = isinstance(notice, events.Message) and notice.peer not in self._book.rows
            self._book.apply(notice, self._clock())
            if new and isinstance(notice, events.Message):
                await self._learn_name(session, notice.peer)
            self._changed(notice)

    async def _read_anew(self, session: Session) -> None:
        pages: list[tuple[Shown, replies.Conversations]] = [
            (folder, await session.conversations(folder)) for folder in FOLDERS
        ]
        settings = await session.settings()
        self._book.forget()
        self._book.settings = settings
        for folder, page in pages:
            self._book.page(folder, page)
        self._changed(None)

    async def _learn_name(self, session: Session, peer: str) -> None:
        # A name is a nicety: without one the person goes by their id.
        with suppress(RefusedError):
            self._book.row(peer).name = (await session.profile(peer)).name or peer

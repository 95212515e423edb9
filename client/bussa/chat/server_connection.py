"""The main screen's connection to the server: opened, reloaded after a reset, and reopened."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from bussa.chat import texts
from bussa.chat.conversation_store import ConversationStore, ListedFolder
from bussa.chat.login_store import Login
from bussa.chat.session import Server, Session
from bussa.errors import ApiError, BussaError, TokenRefusedError
from bussa.event_queue import Reset
from bussa.reconnect_loop import ConnectionStatus
from bussa_protocol.frames import events, replies

RETRY_SECONDS = 3.0
"""The SDK reconnects by itself; this is the delay after it gave up."""
FOLDERS: tuple[ListedFolder, ...] = ("inbox", "requests")


class ServerConnection:
    """Keeps a store up to date. ``on_change`` is called with every event, and with None after a reload."""

    def __init__(
        self,
        server: Server,
        login: Login,
        store: ConversationStore,
        *,
        on_change: Callable[[events.Event | None], None],
        on_status: Callable[[ConnectionStatus, str], None],
        clock: Callable[[], float],
    ) -> None:
        self.session: Session | None = None
        self._server = server
        self._login = login
        self._store = store
        self._on_change = on_change
        self._on_status = on_status
        self._clock = clock

    async def run(self) -> None:
        """Run until the token is refused.

        Raises:
            TokenRefusedError: the user has to log in again.
        """
        while True:
            reason = ""
            try:
                async with self._server.open(self._login, lambda status: self._on_status(status, "")) as session:
                    self.session = session
                    self._store.user = session.user
                    await self._consume_events(session)
            except TokenRefusedError:
                raise
            except BussaError as error:
                reason = texts.problem(error)
            finally:
                self.session = None
            self._on_status(ConnectionStatus.CONNECTING, reason)
            await asyncio.sleep(RETRY_SECONDS)

    async def load_more(self, folder: ListedFolder) -> None:
        """Fetch the next page of a folder, if there is one."""
        before = self._store.next_cursor[folder]
        if before is not None and self.session is not None:
            self._store.merge_page(folder, await self.session.conversations(folder, before=before))

    async def _consume_events(self, session: Session) -> None:
        await self._reload(session)
        async for event in session.events():
            if isinstance(event, Reset):
                await self._reload(session)
                continue
            new = isinstance(event, events.MessageEvent) and event.peer not in self._store.rows
            self._store.apply(event, self._clock())
            if new and isinstance(event, events.MessageEvent):
                await self._fetch_name(session, event.peer)
            self._on_change(event)

    async def _reload(self, session: Session) -> None:
        pages: list[tuple[ListedFolder, replies.ConversationsReply]] = [
            (folder, await session.conversations(folder)) for folder in FOLDERS
        ]
        settings = await session.settings()
        self._store.clear()
        self._store.settings = settings
        for folder, page in pages:
            self._store.merge_page(folder, page)
        self._on_change(None)

    async def _fetch_name(self, session: Session, peer: str) -> None:
        # The name is optional: without it the user id is shown.
        with suppress(ApiError):
            self._store.row(peer).name = (await session.profile(peer)).name or peer

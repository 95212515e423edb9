"""The store port: an event type that no store knows is hidden from whoever blocks its author."""

from operator import attrgetter
from typing import ClassVar, cast

import msgspec
import pytest

from bussa_protocol.frames import events
from bussa_protocol.frames.events import LogEvent, LogEventBase
from bussa_server.domain.commands import Command
from bussa_server.domain.handlers import HANDLERS, Handler
from bussa_server.domain.handlers.shared import append, next_seq
from bussa_server.domain.principal import Principal
from bussa_server.domain.unit_of_work import Done, Outcome, UnitOfWork
from bussa_server.ports.store import MAX_LOG_PAGE
from tests.commands import as_user
from tests.contracts.actions import StoreActions


class WaveEvent(LogEventBase, frozen=True, tag="wave"):
    author: ClassVar[str | None] = "waver"

    peer: str
    waver: str


class WaveRequest(msgspec.Struct, frozen=True):
    peer: str


def wave(seq: int, peer: str, waver: str) -> LogEvent:
    return cast(LogEvent, WaveEvent(seq=seq, peer=peer, waver=waver))


def wave_to_peer(uow: UnitOfWork, principal: Principal, request: WaveRequest, now: int) -> Outcome:
    """Append a wave to both logs."""
    user, peer = uow.users[principal.user], uow.users[request.peer]
    entries = [
        append(uow, owner, other.id, wave(next_seq(owner), other.id, user.id), now)
        for owner, other in ((user, peer), (peer, user))
    ]
    return Outcome(Done(entries[0].event.seq), tuple(entries))


@pytest.fixture(autouse=True)
def waves(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that appends the new event, and stores that decode it, as they do every `LogEvent`."""
    monkeypatch.setitem(HANDLERS, WaveRequest, Handler(wave_to_peer, attrgetter("peer"), None, "wave"))
    decode = msgspec.json.Decoder(LogEvent | WaveEvent).decode
    for store in ("sqlite", "postgres"):
        monkeypatch.setattr(f"bussa_server.adapters.{store}.reading._decode_event", decode)


def send_wave(user: str, peer: str) -> Command:
    return as_user(user, WaveRequest(peer))


async def test_new_event_type_is_hidden_from_whoever_blocks_its_author(actions: StoreActions) -> None:
    await actions.create_users("ann", "bob")
    await actions.do(send_wave("ann", "bob"), send_wave("bob", "ann"))
    shown = [wave(1, "ann", "ann"), wave(2, "ann", "bob")]
    assert await actions.log("bob") == shown

    await actions.block("bob", "ann")
    hidden = [events.HiddenEvent(seq=1), shown[1]]
    assert (await actions.log("bob"))[:2] == hidden
    resume_state = await actions.store.resume_state("bob", 0, MAX_LOG_PAGE)
    assert resume_state is not None
    assert list(resume_state.page.events[:2]) == hidden
    assert await actions.log("ann") == [wave(1, "bob", "ann"), wave(2, "bob", "bob")]

    await actions.block("bob", "ann", False)
    assert (await actions.log("bob"))[:2] == shown

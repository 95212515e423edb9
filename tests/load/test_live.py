"""Every plan against a real server: briefly, killed in between, and behind somebody who lies."""

import asyncio
import json
from pathlib import Path

import pytest

from bussa_load import command, report, runner
from bussa_load.command import LoadError, Options, carry_out
from bussa_load.device import LoadDevice
from bussa_load.plan import KINDS, Kind, Plan
from bussa_load.runner import Outcome, Run, Target
from bussa_load.town import TownError
from bussa_load.watch import Progress
from tests.load.between import Lie, be_honest, between, double, lose, swap
from tests.scenes.serving import ADMIN_KEY, SECRET, Server, bussa


def options(server: Server, **more: object) -> Options:
    return Options(**{"url": server.url, "admin_key": ADMIN_KEY, "quiet": True, **more})


@pytest.mark.parametrize("kind", KINDS)
def test_every_plan(loaded: Server, kind: Kind) -> None:
    found = carry_out(Plan(kind, 40, 2, outstanding=2), options(loaded))
    assert found.complaints == []
    assert found.connections == 40
    assert found.server_cpu_seconds is not None
    assert found.acknowledged == found.delivered
    if kind == "idle":
        assert found.delivered == 0
        return
    assert found.delivered > 40
    assert found.counts.acked.total() == found.counts.delivered.total() == found.delivered
    assert (found.refused > 0) == (kind == "mixed")
    assert len(found.comebacks) == (runner.STORMS if kind == "storm" else 0)
    assert not found.lost


def test_an_open_loop_by_several_processes(loaded: Server) -> None:
    found = carry_out(Plan("pairs", 21, 1, rate=100), options(loaded, processes=2, secret=SECRET))
    assert found.complaints == []
    assert (found.connections, found.delivered, found.counts.late.total()) == (21, 100, 100)


def test_a_rate_at_which_the_server_asks_to_wait(tmp_path: Path) -> None:
    """All the same everything that it took arrives, and what it did not take does not."""
    with Server(tmp_path / "data", "--send-rate", "50") as server:
        found = carry_out(Plan("pairs", 2, 1, rate=500), options(server))
    assert found.complaints == []
    assert found.postponed["rate_limited"] > 0
    assert found.given_up > 0
    assert found.delivered + found.given_up == 500
    assert any("--send-rate 0" in warning for warning in report.warnings(found))


async def begun(plan: Plan, server: Server) -> asyncio.Task[Outcome]:
    """Carry out ``plan``; returns when messages are seen to go."""
    writing = asyncio.Event()

    def hear(told: str | Progress) -> None:
        if isinstance(told, Progress) and told.per_second > 0:
            writing.set()

    running = asyncio.create_task(Run(plan, Target(server.url, ADMIN_KEY, "l-", SECRET), hear).run())
    await writing.wait()
    return running


@pytest.mark.parametrize("plan", [Plan("pairs", 40, 4, outstanding=4), Plan("mixed", 40, 4, rate=400)])
async def test_a_server_that_is_killed_and_started_in_the_middle(own: Server, plan: Plan) -> None:
    running = await begun(plan, own)
    await asyncio.to_thread(own.kill)
    await asyncio.to_thread(own.start)
    found = await running
    assert found.complaints == []
    assert found.lost == {1006: 40}
    assert found.delivered == found.acknowledged > 0


async def test_a_server_that_drains_and_is_started(own: Server) -> None:
    running = await begun(Plan("desk", 30, 4), own)
    await asyncio.to_thread(own.stop)
    await asyncio.to_thread(own.start)
    found = await running
    assert found.complaints == []
    assert found.lost[1012] > 0


@pytest.mark.parametrize(
    ("lie", "complaint"),
    [(lose, "seq "), (double, "came twice"), (swap, "came after")],
    ids=["loses", "doubles", "swaps"],
)
async def test_who_lies_is_found_out(
    loaded: Server, lie: Lie, complaint: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runner, "STILL_SECONDS", 0.3)
    async with between(loaded.port, lie) as url:
        plan = Plan("pairs", 6, 1)
        status = await asyncio.to_thread(command.run, plan, options(loaded, url=url))
    assert status == 1
    said = capsys.readouterr().out
    assert "WRONG" in said
    assert complaint in said


async def test_who_passes_all_on_is_not_blamed(loaded: Server) -> None:
    async with between(loaded.port, be_honest) as url:
        assert await asyncio.to_thread(command.run, Plan("pairs", 6, 1), options(loaded, url=url)) == 0


def test_the_command(loaded: Server, tmp_path: Path) -> None:
    table, page = tmp_path / "run.json", tmp_path / "run.html"
    done = bussa(
        *("load", "pairs", "--url", loaded.url, "--connections", "10", "--seconds", "1.2"),
        *("--json", str(table), "--html", str(page)),
        BUSSA_ADMIN_KEY=ADMIN_KEY,
        BUSSA_SECRET=SECRET,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith(report.FINE)
    assert "10 connected" in done.stderr
    assert json.loads(table.read_text())["wrong"] == 0
    assert "<svg" in page.read_text()


def test_not_everybody_asks_for_the_end_of_the_log_at_once(loaded: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = under_way = most = 0
    ping = LoadDevice.ping

    def counted(device: LoadDevice) -> asyncio.Future[None]:
        nonlocal asked, under_way, most
        asked, under_way = asked + 1, under_way + 1
        most = max(most, under_way)
        pong = ping(device)
        pong.add_done_callback(answered)
        return pong

    def answered(_: asyncio.Future[None]) -> None:
        nonlocal under_way
        under_way -= 1

    monkeypatch.setattr(LoadDevice, "ping", counted)
    monkeypatch.setattr(runner, "PROVING", 3)
    assert carry_out(Plan("idle", 8, 0.1), options(loaded)).complaints == []
    assert (asked, most) == (8, 3)


def test_what_can_not_be_carried_out_is_said(loaded: Server) -> None:
    plan = Plan("pairs", 4, 1)
    for processes in (1, 2):
        with pytest.raises(LoadError, match="refuses the admin key"):
            carry_out(plan, options(loaded, admin_key="wrong", processes=processes))
    with pytest.raises(LoadError, match="does not answer"):
        carry_out(plan, options(loaded, url="http://127.0.0.1:1"))
    with pytest.raises(LoadError, match="not welcomed: 4401"):
        carry_out(plan, options(loaded, secret="not the server's"))
    with pytest.raises(LoadError, match="speaks plain HTTP"):
        carry_out(Plan("pairs", 2, 1), options(loaded, url=loaded.url.replace("http:", "https:")))
    with pytest.raises(LoadError, match="more --processes"):
        command.allow_files(10**9)
    with pytest.raises(ValueError, match="at least one process"):
        carry_out(plan, options(loaded, processes=0))


def test_each_process_has_an_address() -> None:
    def of(**more: object) -> list[str | None]:
        given = Options(**{"url": "http://127.0.0.1:1", "admin_key": "", **more})
        return [command.source_of(number, given) for number in range(3)]

    assert of() == [None, None, None]
    assert of(processes=3) == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
    assert of(processes=3, url="http://example.org") == [None, None, None]
    assert of(processes=3, sources=("10.0.0.1", "10.0.0.2")) == ["10.0.0.1", "10.0.0.2", "10.0.0.1"]


def test_a_town_error_is_no_trace(loaded: Server) -> None:
    assert issubclass(TownError, Exception)
    done = bussa("load", "pairs", "--url", loaded.url, "--connections", "4", "--admin-key", "wrong")
    assert done.returncode == 2
    assert "refuses the admin key" in done.stderr
    assert "Traceback" not in done.stderr

"""Every plan against a real server: undisturbed, killed during the run, and behind a faulty proxy."""

import asyncio
import json
from pathlib import Path

import pytest

from bussa_load import command, report, runner
from bussa_load.command import LoadError, Options, execute
from bussa_load.device import LoadDevice
from bussa_load.monitor import Progress
from bussa_load.plan import KINDS, Kind, Plan
from bussa_load.provision import ProvisionError
from bussa_load.runner import Outcome, Run, Target
from tests.e2e.server_process import ADMIN_KEY, SECRET, Server, run_cli
from tests.load.faulty_proxy import Fault, drop, duplicate, faulty_proxy, pass_through, reorder


def options(server: Server, **more: object) -> Options:
    return Options(**{"url": server.url, "admin_key": ADMIN_KEY, "quiet": True, **more})


@pytest.mark.parametrize("kind", KINDS)
def test_every_plan_has_no_complaints(load_server: Server, kind: Kind) -> None:
    found = execute(Plan(kind, 40, 2, outstanding=2), options(load_server))
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
    assert len(found.comebacks) == (runner.STORM_COUNT if kind == "storm" else 0)
    assert not found.lost


def test_open_loop_runs_in_several_processes(load_server: Server) -> None:
    found = execute(Plan("pairs", 21, 1, rate=100), options(load_server, processes=2, secret=SECRET))
    assert found.complaints == []
    assert (found.connections, found.delivered, found.counts.late.total()) == (21, 100, 100)


def test_rate_above_send_limit_postpones_and_loses_nothing(tmp_path: Path) -> None:
    """What the server accepted is delivered, and what it never accepted is not."""
    with Server(tmp_path / "data", "--send-rate", "50") as server:
        found = execute(Plan("pairs", 2, 1, rate=500), options(server))
    assert found.complaints == []
    assert found.postponed["rate_limited"] > 0
    assert found.given_up > 0
    assert found.delivered + found.given_up == 500
    assert any("--send-rate 0" in warning for warning in report.warnings(found))


async def start_run(plan: Plan, server: Server) -> asyncio.Task[Outcome]:
    """Run ``plan`` in the background; returns once messages are delivered."""
    writing = asyncio.Event()

    def on_progress(progress: str | Progress) -> None:
        if isinstance(progress, Progress) and progress.per_second > 0:
            writing.set()

    running = asyncio.create_task(Run(plan, Target(server.url, ADMIN_KEY, "l-", SECRET), on_progress).run())
    await writing.wait()
    return running


@pytest.mark.parametrize("plan", [Plan("pairs", 40, 4, outstanding=4), Plan("mixed", 40, 4, rate=400)])
async def test_killed_server_loses_nothing(restartable_server: Server, plan: Plan) -> None:
    running = await start_run(plan, restartable_server)
    await asyncio.to_thread(restartable_server.kill)
    await asyncio.to_thread(restartable_server.start)
    found = await running
    assert found.complaints == []
    assert found.lost == {1006: 40}
    assert found.delivered == found.acknowledged > 0


async def test_drained_server_loses_nothing(restartable_server: Server) -> None:
    running = await start_run(Plan("desk", 30, 4), restartable_server)
    await asyncio.to_thread(restartable_server.stop)
    await asyncio.to_thread(restartable_server.start)
    found = await running
    assert found.complaints == []
    assert found.lost[1012] > 0


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [(drop, "seq "), (duplicate, "came twice"), (reorder, "came after")],
    ids=["drop", "duplicate", "reorder"],
)
async def test_faulty_proxy_is_detected(
    load_server: Server,
    fault: Fault,
    complaint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(runner, "STALL_SECONDS", 0.3)
    async with faulty_proxy(load_server.port, fault) as url:
        plan = Plan("pairs", 6, 1)
        status = await asyncio.to_thread(command.run, plan, options(load_server, url=url))
    assert status == 1
    output = capsys.readouterr().out
    assert "WRONG" in output
    assert complaint in output


async def test_transparent_proxy_has_no_complaints(load_server: Server) -> None:
    async with faulty_proxy(load_server.port, pass_through) as url:
        assert await asyncio.to_thread(command.run, Plan("pairs", 6, 1), options(load_server, url=url)) == 0


def test_load_command_writes_reports(load_server: Server, tmp_path: Path) -> None:
    table, page = tmp_path / "run.json", tmp_path / "run.html"
    done = run_cli(
        *("load", "pairs", "--url", load_server.url, "--connections", "10", "--seconds", "1.2"),
        *("--json", str(table), "--html", str(page)),
        BUSSA_ADMIN_KEY=ADMIN_KEY,
        BUSSA_SECRET=SECRET,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith(report.ALL_CORRECT)
    assert "10 connected" in done.stderr
    assert json.loads(table.read_text())["wrong"] == 0
    assert "<svg" in page.read_text()


def test_final_pings_are_bounded_in_number(load_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    total = in_flight = most = 0
    ping = LoadDevice.ping

    def counted(device: LoadDevice) -> asyncio.Future[None]:
        nonlocal total, in_flight, most
        total, in_flight = total + 1, in_flight + 1
        most = max(most, in_flight)
        pong = ping(device)
        pong.add_done_callback(answered)
        return pong

    def answered(_: asyncio.Future[None]) -> None:
        nonlocal in_flight
        in_flight -= 1

    monkeypatch.setattr(LoadDevice, "ping", counted)
    monkeypatch.setattr(runner, "PINGS_AT_ONCE", 3)
    assert execute(Plan("idle", 8, 0.1), options(load_server)).complaints == []
    assert (total, most) == (8, 3)


def test_impossible_run_raises_load_error(load_server: Server) -> None:
    plan = Plan("pairs", 4, 1)
    for processes in (1, 2):
        with pytest.raises(LoadError, match="admin key refused"):
            execute(plan, options(load_server, admin_key="wrong", processes=processes))
    with pytest.raises(LoadError, match="cannot reach the server"):
        execute(plan, options(load_server, url="http://127.0.0.1:1"))
    with pytest.raises(LoadError, match="not welcomed: 4401"):
        execute(plan, options(load_server, secret="not the server's"))
    with pytest.raises(LoadError, match="speaks plain HTTP"):
        execute(Plan("pairs", 2, 1), options(load_server, url=load_server.url.replace("http:", "https:")))
    with pytest.raises(LoadError, match="more --processes"):
        command.raise_file_limit(10**9)
    with pytest.raises(ValueError, match="at least one process"):
        execute(plan, options(load_server, processes=0))


def test_processes_take_source_addresses_in_turn() -> None:
    def of(**more: object) -> list[str | None]:
        given = Options(**{"url": "http://127.0.0.1:1", "admin_key": "", **more})
        return [command.source_address(number, given) for number in range(3)]

    assert of() == [None, None, None]
    assert of(processes=3) == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
    assert of(processes=3, url="http://example.org") == [None, None, None]
    assert of(processes=3, sources=("10.0.0.1", "10.0.0.2")) == ["10.0.0.1", "10.0.0.2", "10.0.0.1"]


def test_provision_error_prints_no_traceback(load_server: Server) -> None:
    assert issubclass(ProvisionError, Exception)
    done = run_cli("load", "pairs", "--url", load_server.url, "--connections", "4", "--admin-key", "wrong")
    assert done.returncode == 2
    assert "admin key refused" in done.stderr
    assert "Traceback" not in done.stderr

"""The npm package: its contents, its types, and an offline installation that talks to a real server."""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.web.tools import NODE, ROOT
from tests.web.ui_driver import Server

WEB = ROOT / "web"
TSC = ROOT / "node_modules" / "typescript" / "bin" / "tsc"
# Packages of the same names as our Python packages, in the project that installs ours.
NEIGHBOURS = ("server", "client", "protocol")
PASSWORD = "a password"

# Bob answers Alice, who is the example.
MAIN = """
import { Client, logIn } from "bussa";

for (const name of NEIGHBOURS) {
    const { owner } = await import(name);
    if (owner !== "the project") throw new Error(`${name} is not the project's`);
}
const { token } = await logIn(URL, "bob", PASSWORD);
const bob = await new Client(URL, token).open();
const answering = (async () => {
    for await (const event of bob.events()) if (event.type === "message") return bob.send(event.from, "eccomi");
})();
await import("./example.mjs");
await answering;
await bob.close();
"""

CONSUMER = """
import { Client, RequestTimeoutError, ApiError, logIn, newNonce, type Cursor, type Message, type Notice } from "bussa";

export async function main(url: string): Promise<Cursor | null> {
    const { token } = await logIn(url, "alice", "a password");
    const client: Client = await new Client(url, async () => token, { patience: 5, resume: null }).open();
    try {
        const sent = await client.send("bob", "ciao", { nonce: newNonce() });
        const n: number = sent.n;
        const messages: Message[] = (await client.history("bob", { before: n })).messages;
        if (messages.length > 0) await client.read("bob", n);
    } catch (error) {
        if (error instanceof RequestTimeoutError) return error.nonce === null ? null : client.cursor;
        if (error instanceof ApiError) throw new TypeError(error.code);
    }
    for await (const event of client.events()) {
        const notice: Notice = event;
        if (event.type === "message") return { epoch: event.text, seq: event.seq };
        if (notice.type === "reset") return notice.cursor;
    }
    // @ts-expect-error: a user id is a string
    await client.send(1, "ciao");
    // @ts-expect-error: there is no such reason
    await client.report("bob", "boring");
    // @ts-expect-error: a send has a nonce
    await client.request({ type: "send", to: "bob", text: "ciao" });
    const head: number = (await client.request({ type: "ping" })).head;
    await client.request({ type: "of a later version", head });
    return client.cursor;
}
"""


def npm(*arguments: str | Path, cwd: Path) -> str:
    """Run the npm of the virtual environment, without a network."""
    environment = {
        **os.environ,
        "VENV": sys.prefix,
        "npm_config_offline": "true",
        "npm_config_audit": "false",
        "npm_config_fund": "false",
        "npm_config_update_notifier": "false",
        "npm_config_cache": str(cwd / ".npm"),
    }
    command = [ROOT / ".ci" / "node", "npm", *arguments]
    ran = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def node(*arguments: str | Path, cwd: Path) -> str:
    ran = subprocess.run([NODE, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def contents(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tarball")
    npm("pack", WEB, "--silent", "--pack-destination", folder, cwd=folder)
    (packed,) = folder.glob("*.tgz")
    return packed


@pytest.fixture(scope="module")
def project(tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty project with packages of its own that are named like ours, and the tarball."""
    folder = tmp_path_factory.mktemp("project")
    for name in NEIGHBOURS:
        package = folder / "packages" / name
        package.mkdir(parents=True)
        (package / "package.json").write_text(json.dumps({"name": name, "version": "1.0.0", "main": "index.js"}))
        (package / "index.js").write_text('exports.owner = "the project";')
    dependencies = {name: f"file:packages/{name}" for name in NEIGHBOURS}
    (folder / "package.json").write_text(json.dumps({"private": True, "dependencies": dependencies}))
    npm("install", tarball, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def test_version_is_that_of_the_python_distribution() -> None:
    distribution = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    package = json.loads((WEB / "package.json").read_text())
    assert (package["name"], package["version"]) == (distribution["name"], distribution["version"])
    assert package["license"] == distribution["license"]


def test_checked_in_types_are_those_of_the_source(tmp_path: Path) -> None:
    node(TSC, "-p", WEB / "tsconfig.types.json", "--outDir", tmp_path, cwd=ROOT)
    assert contents(WEB / "types") == contents(tmp_path), "run: make sdk"


def test_package_has_the_sdk_and_nothing_of_the_page(project: Path) -> None:
    installed = project / "node_modules" / "bussa"
    expected = {"README.md", "bussa.js", "package.json"}
    expected |= {path.relative_to(WEB).as_posix() for path in (WEB / "sdk").glob("*.js")}
    expected |= {path.relative_to(WEB).as_posix() for path in (WEB / "types").rglob("*.d.ts")}
    assert set(contents(installed)) == expected


@pytest.mark.parametrize("document", ["web/README.md", "docs/javascript.md"])
def test_documented_example_sends_and_reads(project: Path, server: Server, document: str) -> None:
    for user in ("alice", "bob"):
        httpx.post(f"{server.url}/v1/accounts", json={"user": user, "password": PASSWORD})
    server.admin("PUT", "/v1/users/alice/following/bob")
    code = re.search(r"```js\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)
    assert code is not None
    example = code.group(1)
    assert 'from "bussa"' in example
    (project / "example.mjs").write_text(re.sub(r"https?://(127\.0\.0\.1:8080|dm\.example)(?=\")", server.url, example))
    values = {"URL": server.url, "PASSWORD": PASSWORD, "NEIGHBOURS": NEIGHBOURS}
    constants = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in values.items())
    (project / "main.mjs").write_text(constants + MAIN)
    assert node("main.mjs", cwd=project).splitlines() == ["ciao", "bob: eccomi"]


@pytest.mark.parametrize(("module", "resolution"), [("nodenext", "nodenext"), ("esnext", "bundler")])
def test_strict_consumer_type_checks_without_dom_types(project: Path, module: str, resolution: str) -> None:
    options = {
        "strict": True,
        "noEmit": True,
        "exactOptionalPropertyTypes": True,
        "skipLibCheck": False,
        "target": "es2022",
        "lib": ["es2022"],
        "types": [],
        "module": module,
        "moduleResolution": resolution,
    }
    (project / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "files": ["consumer.mts"]}))
    (project / "consumer.mts").write_text(CONSUMER)
    node(TSC, "-p", ".", cwd=project)


def test_internal_modules_cannot_be_imported(project: Path) -> None:
    (project / "deep.mjs").write_text('import "bussa/sdk/state.js";')
    ran = subprocess.run([NODE, "deep.mjs"], cwd=project, capture_output=True, text=True, timeout=60)
    assert ran.returncode != 0
    assert "ERR_PACKAGE_PATH_NOT_EXPORTED" in ran.stderr

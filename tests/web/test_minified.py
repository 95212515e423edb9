"""Minified scripts and styles are equivalent to their sources."""

import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from bussa_server.http import static
from tests.web.tools import NODE, ROOT

STYLES = sorted((static.WEB_FOLDER / "css").glob("*.css"))

# The rules as the browser has parsed them. In values with variables it keeps white space, so commas are normalized.
RULES = """async (source) => {
    const sheet = await new CSSStyleSheet().replace(source);
    return Array.from(sheet.cssRules, (rule) => rule.cssText.replaceAll(", ", ","));
}"""


def test_minified_scripts_have_the_same_syntax_tree(tmp_path: Path) -> None:
    for path in static.WEB_FOLDER.rglob("*.js"):
        minified = tmp_path / path.relative_to(static.WEB_FOLDER)
        minified.parent.mkdir(parents=True, exist_ok=True)
        minified.write_text(static.MINIFIERS[".js"](path.read_text()))
    compare = ROOT / "tests" / "web" / "node" / "compare_code.js"
    ran = subprocess.run([NODE, compare, static.WEB_FOLDER, tmp_path], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_minified_styles_have_the_same_rules(browser: Browser, path: Path) -> None:
    page = browser.new_page()
    source = path.read_text()
    rules = page.evaluate(RULES, source)
    assert len(rules) > 5
    assert page.evaluate(RULES, static.MINIFIERS[".css"](source)) == rules
    page.close()

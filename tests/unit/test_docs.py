"""Pages that are made from the code are what the code makes of them, and links lead somewhere."""

import importlib.util
import re
import runpy
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@cache
def contract_pages() -> Any:
    """scripts/contract_pages.py as a module."""
    spec = importlib.util.spec_from_file_location("contract_pages", ROOT / "scripts" / "contract_pages.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_configuration_page_is_what_the_settings_say() -> None:
    script = ROOT / "scripts" / "configuration_page.py"
    made = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True).stdout
    assert made == (ROOT / "docs" / "configuration.md").read_text()


def test_the_configuration_page_tells_every_key() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| .* \| (.*) \|$", (ROOT / "docs" / "configuration.md").read_text(), re.M
    )
    assert len(rows) > 50
    assert not [key for key, meaning in rows if not meaning.strip()]


def test_the_contract_pages_are_what_the_code_says() -> None:
    made = contract_pages().pages()
    folder = ROOT / "docs" / "contract"
    assert {path.name for path in folder.iterdir()} == {"README.md", *made}
    for name, text in made.items():
        assert (folder / name).read_text() == text, f"run scripts/contract_pages.py: {name} is not up to date"


def test_each_public_rule_has_its_reading_and_a_test() -> None:
    sections = contract_pages().rules_page().split("\n## ")[1:]
    assert [section.partition(".")[0] for section in sections] == [str(number) for number in range(1, 24)]
    for section in sections:
        assert "*The document*: " in section and "*Here* (`settled-" in section
        assert "](../../tests/" in section


def test_links_between_pages_lead_somewhere() -> None:
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")):
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if "://" not in link:
                assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_schema_of_flows_is_what_the_code_says() -> None:
    script = ROOT / "scripts" / "flow_schema.py"
    made = runpy.run_path(str(script))["page"]()
    assert (ROOT / "docs" / "flow.schema.json").read_text() == made, "run scripts/flow_schema.py"

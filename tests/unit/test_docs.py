"""Pages that are made from the code are what the code makes of them, and links lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


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


def test_links_between_pages_lead_somewhere() -> None:
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")):
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if "://" not in link:
                assert (page.parent / link).exists(), f"{page.name}: {link}"

"""Write the table of hostile archives in docs/reference/packages.md, by unpacking each.

Run it from the project's root. With `--check`, write nothing and fail where the page is stale.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from page import Page  # noqa: E402

from runtime_manager.errors import PackageError  # noqa: E402
from runtime_manager.packages.archive import unpack  # noqa: E402
from tests.component.packages.hostile import ALL, Hostile  # noqa: E402

PAGE = Page(
    Path(__file__).parents[1] / "reference" / "packages.md",
    "<!-- hostile: made by docs/tools/write_package_reference.py -->",
    "<!-- /hostile -->",
)


def table() -> str:
    """A row for each archive that the tests hold unpacking to."""
    rows = ["| archive | `kind` | what is said |", "|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        for number, hostile in enumerate(ALL):
            error = _refusal(hostile, Path(folder) / str(number))
            text = error.message.replace("|", "\\|").replace("\\", "\\\\")
            rows.append(f"| {hostile.what} | `{error.facts['kind']}` | {_short(text)} |")
    return "\n".join(rows)


def _refusal(hostile: Hostile, own: Path) -> PackageError:
    (own / "into").mkdir(parents=True)
    archive = own / "archive.tar.gz"
    hostile.write(archive)
    try:
        unpack(archive, own / "into", limits=hostile.limits)
    except PackageError as error:
        return error
    raise RuntimeError(f"{hostile.what} was unpacked")


def _short(text: str) -> str:
    words = (word if len(word) < 40 else f"{word[:12]}…" for word in text.split())
    return " ".join(words)


if __name__ == "__main__":
    sys.exit(PAGE.main(table()))

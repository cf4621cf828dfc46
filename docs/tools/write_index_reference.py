"""Write the table of hostile indexes in docs/reference/index.md, by installing from each.

Run it from the project's root. With `--check`, write nothing and fail where the page is stale.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from page import Page  # noqa: E402

from tests.component.packages.hostile_indexes import ALL, refusal  # noqa: E402
from tests.component.packages.servers import (  # noqa: E402
    PUBLIC,
    Server,
    make_certificate,
    tls_of,
    web_trusting,
)

PAGE = Page(
    Path(__file__).parents[1] / "reference" / "index.md",
    "<!-- hostile: made by docs/tools/write_index_reference.py -->",
    "<!-- /hostile -->",
)


def table() -> str:
    """A row for each index that the tests hold installing to."""
    rows = ["| index | `kind` | what is said |", "|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        certificate = make_certificate(Path(folder))
        web = web_trusting(certificate[0])
        for number, hostile in enumerate(ALL):
            with Server(PUBLIC, tls=tls_of(certificate)) as public:
                error = refusal(hostile, Path(folder) / str(number), public=public, web=web)
            text = re.sub(r"(public\.test|127\.0\.0\.1):\d+", r"\1", error.message)
            text = re.sub(r"\b[0-9a-f]{64}\b", "…", text)
            rows.append(f"| {hostile.what} | `{error.facts['kind']}` | {text} |")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(PAGE.main(table()))

"""Our ranges beside those of npm itself, whose words they are."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from runtime_manager.model.version import parse_version
from runtime_manager.model.version_range import parse_range

pytestmark = pytest.mark.node

ASK = """
const semver = require(process.argv[1]);
const rows = JSON.parse(require('fs').readFileSync(0));
console.log(JSON.stringify(rows.map(([v, r]) => semver.satisfies(v, r))));
"""


@pytest.fixture
def semver() -> Path:
    """npm's own library."""
    npm = shutil.which("npm")
    found = npm and Path(npm).resolve().parents[1] / "node_modules" / "semver"
    if not found or not found.is_dir():
        pytest.skip("npm has its semver elsewhere here")
    return found


def test_ranges_mean_what_npm_says(semver: Path) -> None:
    dice = random.Random(7)

    def numbers(count: int) -> str:
        return ".".join(str(dice.randint(0, 3)) for _ in range(count))

    def pre() -> str:
        return dice.choice(["", "", "-alpha", "-beta.2", "-1", "-rc.10"])

    def word() -> str:
        operator = dice.choice(["", "^", "~", ">=", "<=", ">", "<", "="])
        count = dice.randint(1, 3)
        text = numbers(count) + (pre() if count == 3 else dice.choice(["", ".x", ".*"]))
        return operator + text

    rows = [
        (numbers(3) + pre(), " ".join(word() for _ in range(dice.randint(1, 2))))
        for _ in range(6000)
    ]
    said = subprocess.run(
        ["node", "-e", ASK, str(semver)],
        input=json.dumps(rows),
        capture_output=True,
        text=True,
        check=True,
    )
    answers = json.loads(said.stdout)
    assert {True, False} == set(answers)
    differing = [
        (version, wanted, theirs)
        for (version, wanted), theirs in zip(rows, answers, strict=True)
        if parse_range(wanted).allows(parse_version(version)) is not theirs
    ]
    assert differing == []

"""Whatever the daemon lacks for a while is told, and costs those that are well nothing."""

from __future__ import annotations

import pytest

from tests.system.child import HomeFolder
from tests.system.degraded.run import brought_about, is_possible
from tests.system.degraded.shortage import Shortage
from tests.system.degraded.shortages import SHORTAGES

pytestmark = pytest.mark.timeout(120)


@pytest.mark.parametrize("shortage", SHORTAGES, ids=lambda one: one.title)
def test_it_is_told_and_costs_the_others_nothing_and_is_over_once_it_is_lifted(
    home: HomeFolder, shortage: Shortage
) -> None:
    if not is_possible(shortage):
        pytest.skip(f"needs {', '.join(shortage.needs)}")
    assert brought_about(shortage, home) == shortage.expected

"""Runs in the booted folder, as root: each check is a function, told by a line of RESULT."""

from __future__ import annotations

import sys
import traceback

from checks import CHECKS


def main() -> None:
    names = sys.argv[1:] or list(CHECKS)
    for name in names:
        try:
            said = CHECKS[name]()
        except Exception as exc:
            traceback.print_exc(file=sys.stdout)
            print(f"RESULT failed {name}: {exc!r}")
        else:
            print(f"RESULT ok {name}: {said}")
    print("RESULT ok the-end: all were tried")


main()

"""`python -m runtime_manager` is the command line."""

import sys

from runtime_manager.cli.main import main

if __name__ == "__main__":
    sys.exit(main())

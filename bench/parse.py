"""The yardstick: reads the file names on stdin, one a line, and does nothing but `ast.parse` each of them."""

from __future__ import annotations

import ast
import sys
import warnings
from pathlib import Path

if __name__ == "__main__":
    warnings.simplefilter("ignore")  # invalid escapes in someone else's code
    for name in sys.stdin.read().splitlines():
        try:
            ast.parse(Path(name).read_bytes())
        except (SyntaxError, ValueError):
            print(f"cannot be parsed: {name}")

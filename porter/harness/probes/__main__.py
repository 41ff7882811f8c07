"""`python -m porter_probes ORDER ANSWER`: does what the order says and writes what came of it, faults included."""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from .faults import NotRunnable, fault


def main() -> None:
    """Run one probe."""
    order = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    answer: dict[str, Any]
    try:
        for folder in reversed(order.get("path", [])):
            sys.path.insert(0, folder)
        root = ModuleType("porter_root")  # for files that import each other as parts of a package without being in one
        root.__path__ = [order["root"]]
        sys.modules[root.__name__] = root
        answer = importlib.import_module(f"{__package__}.{order['probe']}").probe(order)
    except NotRunnable as reason:
        answer = {"not_runnable": str(reason)}
    except BaseException as error:  # a repository may raise anything, SystemExit too
        answer = {"fault": fault(error, order["root"])}
    told = sys.argv[2] + (f".rank{os.environ['RANK']}" if "RANK" in os.environ else "")
    unfinished = Path(told + ".tmp")
    unfinished.write_text(json.dumps(answer), encoding="utf-8")
    unfinished.replace(told)


if __name__ == "__main__":
    main()

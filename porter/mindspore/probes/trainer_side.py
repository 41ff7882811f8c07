"""Runs where MindFormers is: the port's run/trainer.py, as a person starts it, but on a CPU.

A script: `python trainer_side.py TASK.json`. The task names the port and the options.
"""

import json
import runpy
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import on_cpu  # noqa: F401


def main():
    task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    script = Path(task["port"]) / "run" / "trainer.py"
    sys.path.insert(0, str(script.parent))
    sys.argv = [str(script), *task["options"]]
    runpy.run_path(str(script), run_name="__main__")


if __name__ == "__main__":
    main()

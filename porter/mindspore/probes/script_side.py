"""Runs where MindFormers is: a script of the port's run/, as a person starts it, but on a CPU.

A script: `python script_side.py TASK.json`. The task names the port, the script and its options. Where it names a
file `out`, what the script prints goes there, and `typed` is what a person types.
"""

import contextlib
import io
import json
import runpy
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import on_cpu


def main():
    task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    script = Path(task["port"]) / "run" / task["script"]
    sys.path.insert(0, str(script.parent))
    sys.argv = [str(script), *task["options"]]
    if "out" not in task:
        runpy.run_path(str(script), run_name="__main__")
        return
    on_cpu.answer_with_numpy()
    sys.stdin, said = io.StringIO(task["typed"]), io.StringIO()
    with contextlib.redirect_stdout(said):
        runpy.run_path(str(script), run_name="__main__")
    Path(task["out"]).write_text(said.getvalue(), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Runs any command under a simulated device: `python -m porter.sim.run --target npu train.py --epochs 1`.

The command runs unchanged in this very process: it only finds another environment, and so do all of its children.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from . import facts, shims
from .errors import SimulationError
from .options import DTYPE_RULES, THREAD_RULES, Options
from .trace import MAIN


def environment(spec: str, options: Options, autoload: bool = True, python: str = sys.executable) -> dict[str, str]:
    """The environment in which every Python simulates the target; `spec` may name a release (npu@2.6)."""
    env = dict(os.environ)
    path = [str(shims.write(spec, python)), *filter(None, [env.get("PYTHONPATH", "")])]
    env.update(options.environment())
    env["PYTHONPATH"] = os.pathsep.join(path)
    if facts.load(options.target).device != "cuda":
        env["CUDA_VISIBLE_DEVICES"] = ""  # on a CUDA build of torch, what is left of CUDA must fail, too
    if not autoload:
        env["TORCH_DEVICE_BACKEND_AUTOLOAD"] = "0"
    return env


def parser() -> argparse.ArgumentParser:
    """The options before the command."""
    made = argparse.ArgumentParser(prog="python -m porter.sim.run", description=(__doc__ or "").partition("\n")[0])
    made.add_argument("--target", required=True, help="npu, mlu, musa, cuda, rocm or dcu; npu@2.6 for a release")
    made.add_argument("--devices", type=int, default=1, help="how many devices there are (1)")
    made.add_argument("--memory", default="64G", help="the memory of each device (64G)")
    made.add_argument("--threads", default="", choices=("", *THREAD_RULES), help="a thread that never chose a device")
    made.add_argument("--dtypes", default="strict", choices=DTYPE_RULES, help="dtypes that the device lacks")
    made.add_argument("--lacks", default="", help="more dtypes that this chip lacks, with commas")
    made.add_argument("--root", default="", help="the repository, whose lines are named")
    made.add_argument("--trace", default="", help="the JSON file for what ran where")
    made.add_argument("--log", action="store_true", help="with --trace: the ordered list of operators, too")
    made.add_argument("--no-autoload", action="store_true", help="`import torch` does not load the vendor's module")
    made.add_argument("--without-compiler", action="store_true", help="the slower device that needs no C++ compiler")
    made.add_argument("--python", default=sys.executable, help="the interpreter for the command")
    made.epilog = "Then the command: script.py …, -m module … or any other."
    return made


def split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Our options, and the command: it begins at the first word that is no long option."""
    valued = {name for action in parser()._actions if action.nargs is None for name in action.option_strings}
    at = 0
    while at < len(arguments) and arguments[at].startswith("--") and arguments[at] != "--":
        at += 2 if arguments[at] in valued else 1
    command = arguments[at:]
    return arguments[:at], command[1:] if command[:1] == ["--"] else command


def main(arguments: list[str] | None = None) -> int:
    """Becomes the command; comes back only when that cannot be."""
    own, words = split(sys.argv[1:] if arguments is None else arguments)
    told = parser().parse_args(own)
    try:
        options = _options(told)
        command = _command(words, told.python)
        env = environment(told.target, options, autoload=not told.no_autoload, python=told.python)
        env[MAIN] = str(os.getpid())
        sys.stdout.flush()
        os.execvpe(command[0], command, env)
    except SimulationError as error:
        print(f"porter.sim: {error}", file=sys.stderr)
    except OSError as error:
        print(f"porter.sim: {words[0]} cannot be started: {error.strerror}.", file=sys.stderr)
    return 2


def _options(told: argparse.Namespace) -> Options:
    return Options(
        target=told.target.partition("@")[0],
        devices=told.devices,
        memory=told.memory,
        threads=told.threads,
        dtypes=told.dtypes,
        lacks=told.lacks,
        root=str(Path(told.root).resolve()) if told.root else "",
        trace=str(Path(told.trace).resolve()) if told.trace else "",
        log=told.log,
        compiler=not told.without_compiler,
    )


def _command(words: list[str], python: str) -> list[str]:
    if not words:
        raise SimulationError("there is no command to run: name a script, or -m and a module.")
    runs_in_python = words[0].endswith(".py") or words[0].startswith("-")
    return [python, *words] if runs_in_python else words


if __name__ == "__main__":
    raise SystemExit(main())

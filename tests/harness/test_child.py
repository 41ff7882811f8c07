"""Child processes: ended at the deadline with all that they started, kept within memory, cut off, told nothing."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from porter.harness.child import Ended, Limits, run


def python(tmp_path: Path, code: str, seconds: int = 20, memory: int = 2**31) -> Ended:
    return run([sys.executable, "-c", code], tmp_path, {}, tmp_path, Limits(seconds, memory))


def test_output_and_code_come_back(tmp_path: Path) -> None:
    ended = python(tmp_path, "import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)")
    assert (ended.code, ended.out, ended.err, ended.hung) == (7, "out\n", "err\n", False)


def test_only_the_end_of_endless_output_is_kept(tmp_path: Path) -> None:
    ended = python(tmp_path, "print('x' * 10**6); print('last')")
    assert len(ended.out) <= 20_000
    assert ended.out.endswith("last\n")


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are looked for in /proc")
@pytest.mark.parametrize("hangs", [True, False])
def test_nothing_is_left_running(tmp_path: Path, hangs: bool) -> None:
    """Not even a process that went into a session of its own."""
    code = (
        "import subprocess, sys, time\n"
        "left = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True)\n"
        f"open('pid', 'w').write(str(left.pid)); time.sleep({600 if hangs else 0})"
    )
    ended = python(tmp_path, code, seconds=3)
    assert ended.hung == hangs
    pid = int((tmp_path / "pid").read_text())
    for _ in range(100):
        if not _alive(pid):
            return
        time.sleep(0.02)
    pytest.fail(f"{pid} is still running")


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_memory_is_limited(tmp_path: Path) -> None:
    ended = python(tmp_path, "x = bytearray(4 * 2**30)")
    assert ended.out_of_memory
    assert not python(tmp_path, "x = bytearray(2**20)").out_of_memory


def test_no_network_but_the_loopback(tmp_path: Path) -> None:
    code = (
        "import socket\n"
        "here = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(here.getsockname(), 5); print('loopback')\n"
        "try: socket.create_connection(('192.0.2.1', 80), 2)\n"
        "except OSError as error: print(type(error).__name__, error.errno)\n"
    )
    ended = python(tmp_path, code)
    assert "loopback" in ended.out, ended.err
    if ended.network == "open":
        pytest.skip("this system lets no process give up its network, and the harness says so")
    assert "OSError 101" in ended.out  # network is unreachable


def test_the_environment_of_the_person_stays_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "hush")
    ended = python(tmp_path, "import os; print('SECRET_TOKEN' in os.environ, os.environ['HOME'])")
    told, home = ended.out.split()
    assert told == "False"
    assert home.startswith(str(tmp_path))
    assert home != os.environ.get("HOME")


def test_a_command_that_is_not_there(tmp_path: Path) -> None:
    ended = run(["no-such-command"], tmp_path, {}, tmp_path, Limits(5))
    assert ended.code == 127
    assert "no-such-command cannot be started" in ended.err

"""Where the addresses of the cards come from: a person, hccn.conf, saved output of hccn_tool, or the tool itself."""

from __future__ import annotations

import ipaddress
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from porter.errors import UsageError

CONF = Path("/etc/hccn.conf")
MODELARTS = Path("/user/config/jobstart_hccl.json")


def told(text: str, devices: Sequence[int]) -> dict[int, str]:
    """Addresses that a person wrote, in the order of the devices."""
    found = [part.strip() for part in text.split(",")]
    if len(found) != len(devices):
        raise UsageError(f"--device-ips has {len(found)} addresses for {len(devices)} devices; name one for each.")
    return _checked(dict(zip(devices, found, strict=True)), "--device-ips")


def from_conf(path: Path) -> dict[int, str]:
    """The lines `address_0=10.0.0.1` of hccn.conf."""
    found = re.findall(r"^\s*address_(\d+)\s*=\s*(\S+)", _read(path), re.M)
    return _checked({int(device): address for device, address in found}, str(path))


def from_output(path: Path) -> dict[int, str]:
    """Saved output of `hccn_tool -i N -ip -g`, with a line for the device before each where one was printed."""
    return _checked(_parsed(_read(path)), str(path))


def live(devices: Sequence[int]) -> dict[int, str]:
    """Asks hccn_tool, and hccn.conf where there is no such tool."""
    if shutil.which("hccn_tool") is None:
        if CONF.is_file():
            return from_conf(CONF)
        more = f" This is a ModelArts notebook: use {MODELARTS} as it is." if MODELARTS.is_file() else ""
        raise UsageError(
            f"There is neither hccn_tool nor {CONF} here: name the addresses with --device-ips, --hccn-conf or "
            f"--hccn-tool-output.{more}"
        )
    found: dict[int, str] = {}
    for device in devices:
        command = ["hccn_tool", "-i", str(device), "-ip", "-g"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        found |= dict.fromkeys([device], next(iter(_parsed(done.stdout).values()), ""))
    return _checked(found, "hccn_tool")


def _parsed(text: str) -> dict[int, str]:
    found: dict[int, str] = {}
    device = None
    for line in text.splitlines():
        if number := re.fullmatch(r"\s*(?:=*\s*)?\[?(?:device\s*|npu\s*)?(\d+)\]?\s*:?\s*", line, re.I):
            device = int(number[1])
        elif address := re.match(r"\s*ipaddr\s*:\s*(\S+)", line, re.I):
            found[len(found) if device is None else device] = address[1]
            device = None
    return found


def _checked(found: dict[int, str], where: str) -> dict[int, str]:
    if not found:
        raise UsageError(f"{where} names no addresses; look whether it is the right file.")
    for device, address in found.items():
        try:
            ipaddress.ip_address(address)
        except ValueError:
            raise UsageError(f"{where}: device {device} has {address!r}, which is no address.") from None
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}; name another file.") from error

"""Makes, joins and reads rank tables, byte for byte as hccl_tools.py and merge_hccl.py of MindFormers write them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from porter.errors import UsageError

Table = dict[str, Any]


def generated(server: str, addresses: Mapping[int, str], devices: Sequence[int]) -> Table:
    """The table of one server: ranks from 0 in the order of the devices."""
    missing = [device for device in devices if device not in addresses]
    if missing:
        raise UsageError(
            f"There is no address for device {missing[0]}; name all of them, or leave it out of --devices."
        )
    rows = [
        {"device_id": str(device), "device_ip": addresses[device], "rank_id": str(rank)}
        for rank, device in enumerate(devices)
    ]
    return _table([{"server_id": server, "device": rows, "host_nic_ip": "reserve"}])


def merged(tables: Sequence[Table]) -> Table:
    """One table of several, in the order in which they are given, which is the order of the ranks."""
    servers: list[dict[str, Any]] = []
    rank = 0
    for table in tables:
        for server in table["server_list"]:
            rows = []
            for device in server["device"]:
                rows.append({**device, "rank_id": str(rank)})
                rank += 1
            servers.append({**server, "device": rows})
    return _table(servers)


def text(table: Table) -> str:
    """A table as it lies in a file."""
    return json.dumps(table, indent=4)


def read(path: Path) -> Table:
    """The table in a file; what has not the form of one is refused."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}; name a rank table.") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no JSON ({error}); generate it anew.") from error
    servers = table.get("server_list") if isinstance(table, dict) else None
    whole = isinstance(servers, list) and all(
        isinstance(server, dict)
        and isinstance(server.get("device"), list)
        and all(isinstance(device, dict) for device in server["device"])
        for server in servers
    )
    if not whole:
        hint = " (that of ModelArts has groups, and MindSpore reads it as it is)" if "group_list" in str(table) else ""
        raise UsageError(f"{path} is no rank table{hint}; it has no server_list with devices.")
    found: Table = table
    return found


def devices(interval: str, visible: str = "") -> tuple[list[int], str]:
    """The devices of `[0,8)`, and what to say about it: a closing bracket means the same, as in MindFormers' guides."""
    found = re.fullmatch(r"\[(\d+),(\d+)([\])])", interval.replace(" ", ""))
    if not found:
        raise UsageError(f"--devices {interval!r} is no interval; write it as [0,8) for the devices 0 to 7.")
    first, last = int(found[1]), int(found[2])
    if first >= last or last > 16:
        raise UsageError(
            f"--devices {interval} names no devices; the first must be below the last, which is at most 16."
        )
    if first < 4 < last and (first, last) not in ((0, 8), (0, 16)):
        raise UsageError(f"--devices {interval} mixes the groups 0-3 and 4-7; take one group, or all devices.")
    note = f"{interval} is read as [{first},{last}): {last - first} devices." if found[3] == "]" else ""
    logical = list(range(first, last))
    if not visible:
        return logical, note
    if not re.fullmatch(r"\d+(,\d+)*", visible):
        raise UsageError(f"--visible-devices {visible!r} is no list; write it as 4,5,6,7.")
    physical = [int(each) for each in visible.split(",")]
    if last > len(physical):
        raise UsageError(f"--devices {interval} goes beyond the {len(physical)} visible devices.")
    return [physical[at] for at in logical], note


def _table(servers: list[dict[str, Any]]) -> Table:
    return {"version": "1.0", "server_count": str(len(servers)), "server_list": servers, "status": "completed"}

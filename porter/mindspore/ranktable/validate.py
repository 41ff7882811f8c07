"""Says what is wrong with a rank table: a cluster that starts with such a one hangs, and does not say why."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterator
from typing import Any

from porter.mindspore.checks import Complaint
from porter.mindspore.ranktable.table import Table

_COUNTS = (1, 2, 4, 8, 16)
_SUPER_POD = "1.2"  # has more keys than these, for the A3


def validate(table: Table, ranks: int | None = None, hardware: str = "") -> list[Complaint]:
    """All that is wrong. `ranks` is how many the strategy needs, `hardware` what the segments are checked for."""
    found = [Complaint(True, text) for text in (*_head(table), *_servers(table), *_ranks(table, ranks))]
    for server in table["server_list"]:
        found += [Complaint(False, text) for text in (*_groups(server), *_segments(server, hardware))]
    return found


def _head(table: Table) -> Iterator[str]:
    if table.get("version") not in ("1.0", _SUPER_POD):
        yield f"version is {table.get('version')!r}, not '1.0'."
    if table.get("status") != "completed":
        yield f"status is {table.get('status')!r}, not 'completed'."
    count = len(table["server_list"])
    if table.get("server_count") != str(count):
        yield f"server_count is {table.get('server_count')!r}, and there are {count} servers (it is text: '{count}')."


def _servers(table: Table) -> Iterator[str]:
    names = Counter(str(server.get("server_id")) for server in table["server_list"])
    for name, times in names.items():
        if times > 1:
            yield f"server_id {name} is that of {times} servers; each needs its own (--server-ip)."
        if not _is_address(name):
            yield f"server_id {name} is no address."
    for server in table["server_list"]:
        cards = Counter(str(device.get("device_id")) for device in server["device"])
        for card, times in cards.items():
            if times > 1:
                yield f"server {server.get('server_id')} has device_id {card} {times} times."
            if not card.isdigit():
                yield f"server {server.get('server_id')} has the device_id {card}, which is no number."
    yield from _devices([device for server in table["server_list"] for device in server["device"]])


def _devices(devices: list[dict[str, Any]]) -> Iterator[str]:
    users: dict[str, list[str]] = {}
    for device in devices:
        rank, address = str(device.get("rank_id")), str(device.get("device_ip"))
        for key in ("device_id", "device_ip", "rank_id"):
            if not isinstance(device.get(key), str):
                yield f"{key} of rank {rank} is {device.get(key)!r}; it must be text."
        if not _is_address(address):
            yield f"device_ip {address} of rank {rank} is no address."
        users.setdefault(address, []).append(rank)
    for address, those in users.items():
        if len(those) > 1:
            yield f"device_ip {address} is that of the ranks {' and '.join(those)}."


def _ranks(table: Table, wanted: int | None) -> Iterator[str]:
    there = [str(device.get("rank_id")) for server in table["server_list"] for device in server["device"]]
    if there != [str(rank) for rank in range(len(there))]:
        yield f"rank_id does not count from 0 to {len(there) - 1} in order; merge the tables anew."
    if wanted is not None and len(there) != wanted:
        yield f"the table has {len(there)} ranks, and the strategy needs {wanted} (data x model x pipeline)."


def _groups(server: dict[str, Any]) -> Iterator[str]:
    name, cards = server.get("server_id"), _cards(server)
    if len(cards) not in _COUNTS:
        yield f"server {name} has {len(cards)} devices; {', '.join(map(str, _COUNTS))} are usual."
    if cards and min(cards) < 4 <= max(cards) and len(cards) not in (8, 16):
        yield f"server {name} mixes devices of the groups 0-3 and 4-7."


def _segments(server: dict[str, Any], hardware: str) -> Iterator[str]:
    """On an Atlas 800 the cards i and i + 4 share one of four segments; on an A2 all share one."""
    name, cards = server.get("server_id"), _cards(server)
    segments = len(set(cards.values()))
    if hardware == "a2" and segments > 1:
        yield f"server {name}: the cards of an Atlas 800T A2 share one segment, here there are {segments}."
    if hardware != "atlas800":
        return
    for card in range(4):
        if card in cards and card + 4 in cards and cards[card] != cards[card + 4]:
            yield f"server {name}: devices {card} and {card + 4} of an Atlas 800 belong into one segment."
    first = [cards[card] for card in range(4) if card in cards]
    if len(set(first)) != len(first):
        yield f"server {name}: devices 0 to 3 of an Atlas 800 belong into four segments."


def _cards(server: dict[str, Any]) -> dict[int, str]:
    """The segment (a /24) of each device."""
    rows = [(str(device.get("device_id")), str(device.get("device_ip"))) for device in server["device"]]
    return {int(card): address.rpartition(".")[0] for card, address in rows if card.isdigit()}


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True

"""Rank tables are written as MindFormers' own tools write them, and a wrong one is refused with its reasons."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from porter.cli import porter
from porter.errors import UsageError
from porter.mindspore.ranktable.table import generated, merged
from porter.mindspore.ranktable.validate import validate

# What hccl_tools.py of MindFormers 1.3.2 wrote for two cards, with an hccn_tool that answered so.
THEIRS = """{
    "version": "1.0",
    "server_count": "1",
    "server_list": [
        {
            "server_id": "10.0.0.1",
            "device": [
                {
                    "device_id": "0",
                    "device_ip": "192.168.0.1",
                    "rank_id": "0"
                },
                {
                    "device_id": "1",
                    "device_ip": "192.168.1.1",
                    "rank_id": "1"
                }
            ],
            "host_nic_ip": "reserve"
        }
    ],
    "status": "completed"
}"""


def run(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(porter, ["ranktable", *map(str, words)], standalone_mode=False)
    if done.exception:
        raise done.exception
    return done.return_value, done.output


def server(number: int, cards: int = 8) -> dict[str, Any]:
    addresses = {card: f"192.168.{card % 4}.{10 * number + card // 4}" for card in range(cards)}
    return generated(f"10.0.0.{number + 1}", addresses, range(cards))


def sample() -> dict[str, Any]:
    """The table of 16 cards in MindFormers' guide for Baichuan2: four addresses are there twice."""
    servers = []
    for at in range(2):
        rows = [
            {"device_id": str(card), "device_ip": f"192.168.{card % 4}.{at + card // 4}", "rank_id": str(8 * at + card)}
            for card in range(8)
        ]
        servers.append({"server_id": "xx.xx.xx.xx", "device": rows, "host_nic_ip": "reserve"})
    return {"version": "1.0", "server_count": "2", "server_list": servers, "status": "completed"}


def test_from_every_source_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conf, output = tmp_path / "hccn.conf", tmp_path / "saved"
    conf.write_text("address_0=192.168.0.1\nnetmask_0=255.255.255.0\naddress_1=192.168.1.1\n")
    output.write_text("[0]\nipaddr:192.168.0.1\nnetmask:255.255.255.0\n[1]\nipaddr:192.168.1.1\n")
    tool = tmp_path / "bin" / "hccn_tool"
    tool.parent.mkdir()
    tool.write_text('#!/bin/sh\necho "ipaddr:192.168.$2.1"\necho "netmask:255.255.255.0"\n')
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tool.parent}:/bin:/usr/bin")
    ways: list[list[object]] = [
        ["--device-ips", "192.168.0.1,192.168.1.1"],
        ["--hccn-conf", conf],
        ["--hccn-tool-output", output],
        [],
    ]
    for at, way in enumerate(ways):
        out = tmp_path / f"{at}.json"
        run("generate", "--server-ip", "10.0.0.1", "--devices", "[0,2)", *way, "--out", out)
        assert out.read_text() == THEIRS
    with pytest.raises(UsageError, match="exists"):
        run("generate", "--server-ip", "10.0.0.1", "--devices", "[0,2)", "--out", tmp_path / "0.json")


def test_a_closing_bracket_means_the_same_and_is_said() -> None:
    way = ["generate", "--server-ip", "10.0.0.1", "--device-ips", "192.168.0.1,192.168.1.1", "--out", "-"]
    _, said = run(*way, "--devices", "[0,2]")
    assert THEIRS in said and "read as [0,2): 2 devices" in said


def test_visible_devices_are_physical() -> None:
    _, said = run(
        "generate",
        "--server-ip",
        "10.0.0.1",
        "--devices",
        "[0,2)",
        "--visible-devices",
        "6,7",
        "--device-ips",
        "1.1.1.1,2.2.2.2",
        "--out",
        "-",
    )
    assert '"device_id": "6"' in said and '"device_ip": "1.1.1.1"' in said


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (["--devices", "0-8"], "no interval"),
        (["--devices", "[3,6)"], "mixes the groups"),
        (["--devices", "[2,2)"], "names no devices"),
        (["--devices", "[0,2)", "--device-ips", "1.1.1.1"], "1 addresses for 2 devices"),
        (["--devices", "[0,2)", "--device-ips", "1.1.1.1,x"], "'x', which is no address"),
        (["--devices", "[0,2)", "--hccn-conf", "/nowhere"], "cannot be read"),
        (["--devices", "[0,2)", "--visible-devices", "4"], "goes beyond the 1 visible"),
        (["--server-ip", "me"], "no address"),
        (["--devices", "[0,1)", "--device-ips", "1.1.1.1", "--hccn-conf", "x"], "exclude each other"),
    ],
)
def test_bad_usage(words: list[str], match: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    first = [] if "--server-ip" in words else ["--server-ip", "10.0.0.1"]
    with pytest.raises(UsageError, match=re.escape(match) if "'" not in match else match):
        run("generate", *first, *words, "--out", "-")


def test_merging_counts_on_in_the_given_order(tmp_path: Path) -> None:
    for number in range(2):
        (tmp_path / f"{number}.json").write_text(json.dumps(server(number)))
    _, said = run("merge", tmp_path / "1.json", tmp_path / "0.json", "--out", tmp_path / "all.json")
    table = json.loads((tmp_path / "all.json").read_text())
    assert table["server_count"] == "2" and "10.0.0.2, 10.0.0.1" in said and "sha256" in said
    assert [device["rank_id"] for each in table["server_list"] for device in each["device"]] == [
        str(r) for r in range(16)
    ]
    code, said = run("validate", tmp_path / "all.json", "--ranks", 16, "--hardware", "atlas800")
    assert code == 0 and "2 servers, 16 ranks: 0 errors, 0 warnings" in said
    assert run("validate", tmp_path / "all.json", "--ranks", 8)[0] == 1


def test_the_sample_of_the_guide_fails_with_its_reasons(tmp_path: Path) -> None:
    (tmp_path / "sample.json").write_text(json.dumps(sample()))
    code, said = run("validate", tmp_path / "sample.json")
    assert code == 1
    for segment, ranks in enumerate(("4 and 8", "5 and 9", "6 and 10", "7 and 11")):
        assert f"device_ip 192.168.{segment}.1 is that of the ranks {ranks}." in said
    assert "server_id xx.xx.xx.xx is that of 2 servers" in said


@given(st.integers(1, 5), st.sampled_from([1, 2, 4, 8]))
def test_what_is_generated_and_merged_is_valid(servers: int, cards: int) -> None:
    assert not validate(merged([server(at, cards) for at in range(servers)]), servers * cards, "atlas800")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda table: table.update(server_count=2), "it is text: '2'"),
        (lambda table: table.update(version="9"), "version"),
        (lambda table: table.update(status="initializing"), "status"),
        (lambda table: table["server_list"].reverse(), "in order"),
        (lambda table: table["server_list"][0]["device"][0].update(rank_id=0), "must be text"),
        (lambda table: table["server_list"][0]["device"][0].update(device_id="1"), "device_id 1 2 times"),
        (lambda table: table["server_list"][1]["device"][0].update(device_ip="nowhere"), "no address"),
    ],
)
def test_every_mistake_is_seen(change: Any, match: str) -> None:
    table = json.loads(json.dumps(merged([server(0), server(1)])))
    change(table)
    assert any(complaint.error and match in complaint.text for complaint in validate(table))


def test_segments() -> None:
    table = json.loads(json.dumps(server(0)))
    assert [c for c in validate(table, hardware="a2") if "share one segment" in c.text]
    table["server_list"][0]["device"][4]["device_ip"] = "192.168.9.9"
    assert [c for c in validate(table, hardware="atlas800") if "devices 0 and 4" in c.text]


@pytest.mark.parametrize("text", ["{", "[]", '{"server_list": 3}', '{"group_list": []}'])
def test_what_is_no_table(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.json").write_text(text)
    with pytest.raises(UsageError, match=r"no JSON|no rank table"):
        run("validate", tmp_path / "t.json")

"""`porter ranktable`: make, join and check the rank tables that MindSpore starts a cluster with."""

from __future__ import annotations

from pathlib import Path

import click

SECTION = "mindspore"

_OUT = click.option(
    "--out", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE", help="Where it goes (-: stdout)."
)
_VERBOSE = click.option("--verbose", "-v", is_flag=True, help="Show the traceback of a fault in porter itself.")


@click.group(short_help="Make, merge and validate rank tables for MindSpore.")
def command() -> None:
    """Rank tables. MindSpore 2.3 and later also start without one, by `msrun`."""


@command.command(short_help="The table of one server.")
@click.option(
    "--server-ip", required=True, metavar="IP", help="The address of this server, by which the others know it."
)
@click.option(
    "--devices", default="[0,8)", show_default=True, metavar="[A,B)", help="Which devices, by their logical numbers."
)
@click.option("--visible-devices", default="", metavar="LIST", help="Their physical numbers, in a container: 4,5,6,7.")
@click.option("--device-ips", default="", metavar="LIST", help="The addresses of the devices, in their order.")
@click.option("--hccn-conf", type=click.Path(path_type=Path), metavar="FILE", help="A hccn.conf with the addresses.")
@click.option(
    "--hccn-tool-output", type=click.Path(path_type=Path), metavar="FILE", help="Saved output of hccn_tool -i N -ip -g."
)
@_OUT
@_VERBOSE
def generate(
    server_ip: str,
    devices: str,
    visible_devices: str,
    device_ips: str,
    hccn_conf: Path | None,
    hccn_tool_output: Path | None,
    out: Path | None,
    verbose: bool,
) -> int:
    """Write the rank table of one server; without addresses hccn_tool is asked, or /etc/hccn.conf."""
    import ipaddress

    from porter.errors import UsageError
    from porter.mindspore.ranktable import addresses
    from porter.mindspore.ranktable import table as tables

    del verbose
    try:
        ipaddress.ip_address(server_ip)
    except ValueError:
        raise UsageError(f"--server-ip {server_ip!r} is no address.") from None
    ways = {"--device-ips": device_ips, "--hccn-conf": hccn_conf, "--hccn-tool-output": hccn_tool_output}
    given = [name for name, value in ways.items() if value]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} exclude each other; choose one.")
    chosen, note = tables.devices(devices, visible_devices)
    if note:
        click.echo(note, err=True)
    if device_ips:
        known = addresses.told(device_ips, chosen)
    elif hccn_conf:
        known = addresses.from_conf(hccn_conf)
    elif hccn_tool_output:
        known = addresses.from_output(hccn_tool_output)
    else:
        known = addresses.live(chosen)
    name = f"hccl_{len(chosen)}p_{''.join(map(str, tables.devices(devices)[0]))}_{server_ip}.json"
    _write(tables.text(tables.generated(server_ip, known, chosen)), out or Path(name))
    return 0


@command.command(short_help="One table of several servers'.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@_OUT
@_VERBOSE
def merge(files: tuple[Path, ...], out: Path | None, verbose: bool) -> int:
    """Join the tables of several servers; ranks count on in the order of the FILES.

    Copy the result to every server: all must have the same bytes.
    """
    import hashlib

    from porter.mindspore.ranktable import table as tables

    del verbose
    whole = tables.merged([tables.read(file) for file in files])
    servers = whole["server_list"]
    count = sum(len(server["device"]) for server in servers)
    written = tables.text(whole)
    _write(written, out or Path(f"hccl_{len(servers)}s_{count}p.json"))
    click.echo(f"Order of the servers: {', '.join(str(server['server_id']) for server in servers)}", err=True)
    click.echo(f"sha256 on every server: {hashlib.sha256(written.encode()).hexdigest()}", err=True)
    return 0


@command.command(short_help="What is wrong with a table.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--ranks", type=click.IntRange(1), help="How many ranks the strategy needs.")
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="A configuration, for its strategy.")
@click.option("--hardware", type=click.Choice(["atlas800", "a2"]), help="Check the segments of the addresses, too.")
@_VERBOSE
def validate(file: Path, ranks: int | None, config: Path | None, hardware: str | None, verbose: bool) -> int:
    """Check FILE: unique addresses, ranks in order, as many as are needed. The exit code is 1 where it is wrong."""
    from porter.cli import NEEDS_A_PERSON
    from porter.errors import UsageError
    from porter.mindspore.checks import ranks_of
    from porter.mindspore.ranktable.table import read
    from porter.mindspore.ranktable.validate import validate as check

    del verbose
    if ranks is not None and config is not None:
        raise UsageError("--ranks and --config exclude each other; choose one.")
    table = read(file)
    found = check(table, ranks_of(config) if config else ranks, hardware or "")
    for complaint in found:
        click.echo(f"{'error' if complaint.error else 'warning'}: {complaint.text}")
    errors = sum(complaint.error for complaint in found)
    count = sum(len(server["device"]) for server in table["server_list"])
    click.echo(f"{len(table['server_list'])} servers, {count} ranks: {errors} errors, {len(found) - errors} warnings.")
    return NEEDS_A_PERSON if errors else 0


def _write(text: str, out: Path) -> None:
    from porter.errors import UsageError

    if str(out) == "-":
        click.echo(text)
        return
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise UsageError(f"{out} exists, and porter does not replace it; name another with --out.") from error
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}; name another with --out.") from error
    click.echo(f"Rank table: {out}", err=True)

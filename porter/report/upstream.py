"""Where a place of the original can be looked at on the web, if anywhere."""

from __future__ import annotations

from urllib.parse import quote, urlsplit, urlunsplit

from porter.model import Origin
from porter.report.safe import plain

# Hosts whose address of a line is REPO/blob/COMMIT/FILE#Lnn.
_HOSTS = ("github.com", "gitlab.com", "gitee.com", "huggingface.co")


def public_url(origin: Origin) -> str:
    """The address of the checkout without user, password and query; nothing for a path of somebody's machine."""
    try:
        parts = urlsplit(plain(origin.url))
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    if parts.scheme in ("http", "https", "ssh", "git") and parts.hostname:
        return urlunsplit((parts.scheme, parts.hostname + port, parts.path, "", ""))
    user, colon, path = origin.url.partition(":")
    if not parts.scheme and colon and "@" in user and "/" not in user:
        return plain(f"{user.rpartition('@')[2]}:{path}")  # host:path, as git clones over ssh
    return ""


def place_url(origin: Origin, file: str, line: int) -> str:
    """The address of a line at the commit that was ported; none for a file that differed from the commit."""
    parts = urlsplit(public_url(origin))
    if parts.scheme not in ("http", "https") or parts.hostname not in _HOSTS or not origin.commit:
        return ""
    if file in origin.dirty:
        return ""
    repo = urlunsplit(parts).rstrip("/").removesuffix(".git")
    return f"{repo}/blob/{quote(plain(origin.commit))}/{uri(file)}#L{line}"


def uri(file: str) -> str:
    """A relative path as an address: each byte of its name that is not plain is percent-encoded."""
    try:
        return quote(file.encode("utf-8", "surrogateescape"), safe="/")
    except UnicodeEncodeError:  # a name of Windows that is no Unicode
        return quote(plain(file), safe="/")

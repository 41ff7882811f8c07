"""What a simple porting script does: copy the tree, then five regular expressions over every line of Python."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

RULES = (
    (re.compile(r"\btorch\.cuda\b"), "torch.mlu"),
    (re.compile(r"\.cuda\("), ".mlu("),
    (re.compile(r"(['\"])cuda(:\d+)?\1"), r"\1mlu\2\1"),
    (re.compile(r"(['\"])nccl\1"), r"\1cncl\1"),
    (re.compile(r"\bCUDA_VISIBLE_DEVICES\b"), "MLU_VISIBLE_DEVICES"),
)


def port(source: Path, destination: Path) -> int:
    """Copy `source` and rewrite its Python files; the number of lines that changed."""
    shutil.copytree(source, destination, symlinks=True)
    return sum(rewrite(file) for file in sorted(destination.rglob("*.py")) if file.is_file())


def rewrite(file: Path) -> int:
    lines = file.read_text(encoding="utf-8", errors="surrogateescape").splitlines(keepends=True)
    changed = 0
    for number, line in enumerate(lines):
        new = line
        for pattern, replacement in RULES:
            new = pattern.sub(replacement, new)
        changed += new != line
        lines[number] = new
    file.write_text("".join(lines), encoding="utf-8", errors="surrogateescape")
    return changed


if __name__ == "__main__":
    print(port(Path(sys.argv[1]), Path(sys.argv[2])), "lines changed")

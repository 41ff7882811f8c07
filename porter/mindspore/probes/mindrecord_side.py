"""Runs where MindSpore is: writes rows as a MindRecord. A script: `python mindrecord_side.py TASK.json`."""

import json
import sys
from pathlib import Path

import numpy as np


def main():
    task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    from mindspore.mindrecord import FileWriter

    writer = FileWriter(task["out"], shard_num=1, overwrite=False)
    whole = {"type": "int32", "shape": [-1]}
    writer.add_schema({"input_ids": whole, "labels": whole}, "conversations")
    with np.load(task["arrays"]) as arrays:
        ids, labels = arrays["input_ids"], arrays["labels"]
    for at in range(0, len(ids), 1000):
        part = zip(ids[at : at + 1000], labels[at : at + 1000], strict=True)
        writer.write_raw_data([{"input_ids": a, "labels": b} for a, b in part])
    writer.commit()


if __name__ == "__main__":
    main()

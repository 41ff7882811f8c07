"""What exists on a target: its versions and its names, as data in rules/targets and a small reader."""

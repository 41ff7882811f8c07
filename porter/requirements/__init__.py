"""Requirements: what a repository asks to be installed, read in one way wherever it is written.

`lists` reads what pip reads, `tables` TOML, INI and YAML, `calls` setup.py; `files` goes through a root. Who changes a
requirement and who only wants to know of it read the same.
"""

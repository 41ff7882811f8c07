"""Requirements in setup.py: the strings of install_requires and its like. No kind of rule: several kinds ask."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from porter.python.dotted import last_name
from porter.python.scene import Scene

# Keywords of setup() under which requirements stand.
_PYTHON = "python_requires"
_DECLARES = ("install_requires", "extras_require", "setup_requires", "tests_require", _PYTHON)


def declared(scene: Scene) -> Iterator[ast.Constant]:
    """The strings of a file that are requirements."""
    for node in scene.module.strings:
        if isinstance(node, ast.Constant) and any(_declares(a) for a in scene.module.ancestors(node)):
            parent = scene.module.parents.get(node)
            if not (isinstance(parent, ast.Dict) and node in parent.keys):
                yield node


def _declares(node: ast.AST) -> bool:
    if isinstance(node, ast.keyword):
        return node.arg in _DECLARES
    targets = node.targets if isinstance(node, ast.Assign) else []
    return any(last_name(target) in _DECLARES for target in targets)


def demands_python(scene: Scene, node: ast.AST) -> bool:
    """Whether a string is a specifier alone, which the Python that runs must meet."""
    above = scene.module.parents.get(node)
    return isinstance(above, ast.keyword) and above.arg == _PYTHON

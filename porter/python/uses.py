"""A whole tree with the parents of all nodes and the uses of each name: what a pruned walk leaves out."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator


class Uses:
    """One walk over everything; made only where a file has a question that reaches beyond its touched statements."""

    def __init__(self, tree: ast.Module) -> None:
        self.parents: dict[ast.AST, ast.AST] = {}
        self._names: dict[str, list[ast.Name]] = defaultdict(list)
        self._attributes: dict[str, list[ast.Attribute]] = defaultdict(list)
        waiting: list[ast.AST] = [tree]
        for node in waiting:
            if isinstance(node, ast.Name):
                self._names[node.id].append(node)
                continue
            if isinstance(node, ast.Attribute):
                self._attributes[node.attr].append(node)
            for name in node._fields:  # as ast.iter_child_nodes, at a third of its cost
                value = getattr(node, name, None)
                for child in value if isinstance(value, list) else (value,):
                    if isinstance(child, ast.AST):
                        self.parents[child] = node
                        waiting.append(child)

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        while node in self.parents:
            node = self.parents[node]
            yield node

    def of(self, names: set[str]) -> list[ast.Name]:
        """The places where names stand, read or set, in the order of the walk."""
        return [node for name in sorted(names) for node in self._names.get(name, ())]

    def attributes(self, name: str) -> list[ast.Attribute]:
        return list(self._attributes.get(name, ()))

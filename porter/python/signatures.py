"""The parameters of the repo's own functions: what a positional argument is called on the other side of a call."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from porter.python.module import Module
    from porter.python.names import Names

_DEPTH = 3  # `from package import f` where package/__init__.py takes f from elsewhere, and so on


class Library(Protocol):
    """The other Python files of the checkout, parsed when asked for."""

    def find(self, dotted: str, level: int, importer: str) -> str | None: ...

    def tree(self, path: str) -> ast.Module | None: ...

    def has_package(self, name: str, importer: str) -> bool: ...


class Signatures:
    """Finds the parameter that an argument lands in, when the callee is a function of the checkout."""

    def __init__(self, module: Module, library: Library) -> None:
        self._module = module
        self._library = library

    def parameter(self, call: ast.Call, index: int, names: Names) -> str | None:
        if any(isinstance(a, ast.Starred) for a in call.args[: index + 1]):
            return None
        function, bound = self._function(call.func, names)
        if function is None:
            return None
        arguments = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
        at = index + (1 if bound and arguments[:1] in (["self"], ["cls"]) else 0)
        return arguments[at] if at < len(arguments) else None

    def _function(self, callee: ast.expr, names: Names) -> tuple[ast.FunctionDef | ast.AsyncFunctionDef | None, bool]:
        """The definition behind a callee, and whether its first parameter is already bound."""
        if (
            isinstance(callee, ast.Attribute)
            and isinstance(callee.value, ast.Name)
            and callee.value.id in {"self", "cls"}
        ):
            return _definition(self._module.tree, callee.attr, methods=True), True
        if isinstance(callee, ast.Name):
            own = _definition(self._module.tree, callee.id, methods=False)
            if own is not None:
                return own, isinstance(self._module.tree, ast.Module) and own.name == "__init__"
        if isinstance(callee, (ast.Name, ast.Attribute)):
            meaning = names.expression(callee)
            if meaning is not None:
                found = self._elsewhere(meaning.qualified, self._module.path, 0)
                return found, found is not None and found.name == "__init__"
        return None, False

    def _elsewhere(self, qualified: str, importer: str, depth: int) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        level = len(qualified) - len(qualified.lstrip("."))
        dotted, _, name = qualified.lstrip(".").rpartition(".")
        path = self._library.find(dotted, level, importer)
        tree = self._library.tree(path) if path else None
        if path is None or tree is None:
            return None
        found = _definition(tree, name, methods=False)
        if found is not None or depth >= _DEPTH:
            return found
        for statement in tree.body:
            if isinstance(statement, ast.ImportFrom):
                for alias in statement.names:
                    if (alias.asname or alias.name) == name:
                        onward = "." * statement.level + ".".join(filter(None, [statement.module, alias.name]))
                        return self._elsewhere(onward, path, depth + 1)
        return None


def _definition(tree: ast.Module, name: str, *, methods: bool) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """A top-level function, the `__init__` of a top-level class, or (with `methods`) a method of any class."""
    for statement in tree.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)) and statement.name == name:
            return statement
        if isinstance(statement, ast.ClassDef):
            for inner in statement.body:
                if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef)) and (
                    (methods and inner.name == name)
                    or (not methods and statement.name == name and inner.name == "__init__")
                ):
                    return inner
    return None


class Files:
    """The Python files of a checkout by dotted name. `read` gives a file's UTF-8 text, or None."""

    def __init__(self, paths: list[str], read: Callable[[str], bytes | None]) -> None:
        self._paths = frozenset(paths)
        self._tops = frozenset(_top(path) for path in paths)
        self._by_stem: dict[str, list[str]] = {}
        for path in paths:
            pure = PurePosixPath(path)
            stem = pure.parent.name if pure.name == "__init__.py" else pure.stem
            self._by_stem.setdefault(stem, []).append(path)
        self._read = read
        self._trees: dict[str, ast.Module | None] = {}
        self._sources: list[tuple[str, bytes]] | None = None

    def sources(self) -> list[tuple[str, bytes]]:
        """The text of every Python file, read when first asked for."""
        if self._sources is None:
            read = ((path, self._read(path)) for path in sorted(self._paths))
            self._sources = [(path, text) for path, text in read if text is not None]
        return self._sources

    def find(self, dotted: str, level: int, importer: str) -> str | None:
        parts = dotted.split(".") if dotted else []
        if level:
            home = PurePosixPath(importer).parents
            base = home[level - 1] if level <= len(home) else PurePosixPath()
            wanted = [*(p for p in base.parts if p != "."), *parts]
            return self._match(wanted, exact=True)
        return self._match(parts, exact=False) if parts else None

    def has_package(self, name: str, importer: str) -> bool:
        """Whether `import name` finds a package or module of the checkout: at its root, or beside a plain script."""
        folder = PurePosixPath(importer).parent
        beside = (folder / f"{name}.py").as_posix()
        is_script = (folder / "__init__.py").as_posix() not in self._paths
        return name in self._tops or (is_script and beside in self._paths)

    def _match(self, parts: list[str], *, exact: bool) -> str | None:
        if not parts:
            return None
        tails = ("/".join(parts) + ".py", "/".join([*parts, "__init__.py"]))
        for path in self._by_stem.get(parts[-1], ()):
            if path in tails or (not exact and path.endswith(tuple("/" + tail for tail in tails))):
                return path
        return None

    def tree(self, path: str) -> ast.Module | None:
        if path not in self._trees:
            data = self._read(path)
            try:
                self._trees[path] = ast.parse(data) if data is not None else None
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                self._trees[path] = None
        return self._trees[path]


def _top(path: str) -> str:
    """The top-level name under which a file of the checkout is imported: its first folder, that of src/ left out."""
    parts = PurePosixPath(path).with_suffix("").parts
    return parts[1] if parts[0] in {"src", "lib"} and len(parts) > 1 else parts[0]

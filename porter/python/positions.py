"""Where a literal stands: whether a string or number is a device, a backend, or something else."""

from __future__ import annotations

import ast
import re

from porter.packs.positions import Position
from porter.python.carriers import Carriers, matches
from porter.python.dotted import last_name
from porter.python.module import Module
from porter.python.named import named_otherwise
from porter.python.names import Names
from porter.python.place import OPTION_CALLS, Certainty, Place, option_before, parameter_of_default
from porter.python.prose import READERS
from porter.python.signatures import Signatures
from porter.vocabulary import vocabulary

# Calls that only keep what they are given: no device is reached when they run.
_SETTINGS = re.compile(r"(?i)\w*dict|\w*namespace|\w*hparams|hyperparameters|\w*config|\w*cfg|\w*settings|\w*options")
_FIELD_CALLS = frozenset({"field", "Field", "Option", "Argument", "Parameter", "str", "Value"})


class Positions:
    """Answers for the literals of one module."""

    def __init__(self, module: Module, names: Names, signatures: Signatures) -> None:
        self._module = module
        self._names = names
        self._signatures = signatures
        self._carriers = Carriers(module, names)

    def place(self, node: ast.expr, position: Position, *, telling: bool) -> Place:
        """Where `node` stands with respect to `position`. `telling`: its form alone says what it is."""
        answer = self._climb(node, position, set())
        other = named_otherwise(self._module, node, position.others) if position.others else ""
        if other and answer.certainty is not Certainty.NOT:
            return Place(
                Certainty.FOREIGN, f"it goes by the name {other}, whose values Lightning and its like read themselves"
            )
        package = self._foreign(node, position) if answer.certainty is not Certainty.NOT else ""
        if package:
            return Place(Certainty.FOREIGN, f"it goes to the package {package}, which reads it itself")
        if answer.certainty is Certainty.UNKNOWN and telling:
            return Place(Certainty.LIKELY, answer.reason, answer.runs)
        return answer

    def takes(self, call: ast.Call, position: Position) -> bool:
        """Whether the pack lists the callee as one that takes a value of the position."""
        return bool(self._carriers.listed(call, position))

    def _foreign(self, node: ast.expr, position: Position) -> str:
        """The package outside of PyTorch that the value is handed to, if it is."""
        for ancestor in self._module.ancestors(node):
            if isinstance(ancestor, ast.stmt):
                break
            if isinstance(ancestor, ast.Call) and isinstance(ancestor.func, (ast.Name, ast.Attribute)):
                for meaning in self._names.expressions(ancestor.func):
                    if meaning.segments[0] in position.foreign:
                        return meaning.segments[0]
        return ""

    # -- climbing through expressions that hand their value on --------------------------------------------------------

    def _climb(self, node: ast.AST, position: Position, seen: set[ast.AST]) -> Place:
        parent = self._module.parents.get(node)
        if parent is None or parent in seen:
            return Place(Certainty.UNKNOWN, "it stands alone")
        seen.add(parent)
        if isinstance(parent, (ast.IfExp, ast.BoolOp)):
            if isinstance(parent, ast.IfExp) and parent.test is node:
                return Place(Certainty.UNKNOWN, "it is a condition")
            others = (parent.body, parent.orelse) if isinstance(parent, ast.IfExp) else parent.values
            if self._carriers.beside(node, others, position):
                return Place(Certainty.SURE, "the other branch is a value of the same sort", runs=True)
            return self._climb(parent, position, seen)
        if isinstance(parent, (ast.Tuple, ast.List, ast.Set)):
            if self._carriers.beside(node, parent.elts, position):
                return Place(Certainty.SURE, "it stands in a list of values of the same sort")
            option = option_before(node, parent.elts)
            if matches(position.names, option):
                return Place(Certainty.SURE, f"it is the value of the option {option} before it")
            return self._climb(parent, position, seen)
        if isinstance(parent, ast.BinOp):
            return self._climb(parent, position, seen)
        if isinstance(parent, (ast.JoinedStr, ast.FormattedValue, ast.NamedExpr, ast.Starred, ast.Await, ast.Lambda)):
            if isinstance(parent, ast.NamedExpr) and self._carriers.carries(parent.target, position):
                return Place(Certainty.SURE, f"it is assigned to {ast.unparse(parent.target)}")
            return self._climb(parent, position, seen)
        if isinstance(parent, ast.Attribute):
            return self._attribute(parent, position, seen)
        return self._land(node, parent, position, seen)

    def _attribute(self, parent: ast.Attribute, position: Position, seen: set[ast.AST]) -> Place:
        """`"cuda:{}".format(i)` hands a value on; any other method of a string uses it as text."""
        call = self._module.parents.get(parent)
        if parent.attr in {"format", "lower", "upper", "strip"} and isinstance(call, ast.Call):
            return self._climb(call, position, seen)
        return Place(Certainty.NOT, "it is worked on as text")

    # -- landing in something that says what the value is -------------------------------------------------------------

    def _land(self, node: ast.AST, parent: ast.AST, position: Position, seen: set[ast.AST]) -> Place:
        if isinstance(parent, ast.keyword):
            return self._keyword(parent, position, seen)
        if isinstance(parent, ast.Call):
            return self._argument(node, parent, position, seen)
        if isinstance(parent, ast.Compare):
            return self._compared(node, parent, position)
        if isinstance(parent, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            return self._assigned(parent, position)
        if isinstance(parent, ast.arguments):
            return self._default(node, parent, position)
        if isinstance(parent, ast.Dict):
            return self._in_dict(node, parent, position, seen)
        if isinstance(parent, ast.Subscript):
            return Place(Certainty.NOT, "it is a key")
        if isinstance(parent, (ast.Return, ast.Yield)):
            return self._returned(parent, position)
        if isinstance(parent, (ast.For, ast.AsyncFor, ast.comprehension)) and self._carriers.carries(
            parent.target, position
        ):
            return Place(Certainty.SURE, f"{ast.unparse(parent.target)} takes this value in the loop")
        if isinstance(parent, ast.MatchValue):
            return self._matched(parent, position)
        if isinstance(parent, (ast.Expr, ast.Raise, ast.Assert)):
            return Place(Certainty.NOT, "it is text for a reader")
        return Place(Certainty.UNKNOWN, "nothing around it says what it is")

    def _keyword(self, keyword: ast.keyword, position: Position, seen: set[ast.AST]) -> Place:
        call = self._module.parents.get(keyword)
        if not isinstance(call, ast.Call) or keyword.arg is None:
            return Place(Certainty.UNKNOWN, "it is a keyword of a class or an unpacked one")
        if matches(position.names, keyword.arg):
            runs = _SETTINGS.fullmatch(last_name(call.func)) is None
            return Place(Certainty.SURE, f"it is the argument {keyword.arg}=", runs=runs)
        if keyword.arg in self._carriers.listed(call, position):
            return Place(Certainty.SURE, f"it is the argument {keyword.arg}=", runs=True)
        callee = last_name(call.func)
        if keyword.arg in {"default", "choices", "const", "type"} and callee in OPTION_CALLS:
            return self._option(call, position, seen)
        if keyword.arg in {"default", "default_factory"} and callee in _FIELD_CALLS:
            return self._climb(call, position, seen)
        return Place(Certainty.UNKNOWN, f"it is the argument {keyword.arg}= of {callee or 'a call'}")

    def _option(self, call: ast.Call, position: Position, seen: set[ast.AST]) -> Place:
        """A command-line option: its name, its dest or its choices say what its values are."""
        named = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        for keyword in call.keywords:
            if keyword.arg == "dest" and isinstance(keyword.value, ast.Constant):
                named.append(str(keyword.value.value))
            if keyword.arg in {"choices", "type"} and self._carriers.lists(keyword.value, position):
                return Place(Certainty.SURE, "the choices of this option are values of the same sort")
        if any(matches(position.names, name.replace("-", "_").strip("_")) for name in named):
            return Place(Certainty.SURE, f"it is a value of the option {named[0]}")
        if last_name(call.func) in _FIELD_CALLS:
            return self._climb(call, position, seen)
        return Place(Certainty.UNKNOWN, f"it is a value of the option {named[0] if named else '?'}")

    def _argument(self, node: ast.AST, call: ast.Call, position: Position, seen: set[ast.AST]) -> Place:
        index = next((i for i, argument in enumerate(call.args) if argument is node), None)
        if index is None:
            return Place(Certainty.UNKNOWN, "it is what is called")
        callee = last_name(call.func)
        if index in self._carriers.listed(call, position):
            return Place(Certainty.SURE, f"it is an argument of {callee}", runs=True)
        if callee == "param" or (callee in _FIELD_CALLS and index == 0):  # pytest.param("cuda", ...), Field("cuda")
            return self._climb(call, position, seen)
        if callee in OPTION_CALLS and index:
            return self._option(call, position, seen)
        if callee in READERS or callee.endswith(("Error", "Exception", "Warning")):
            return Place(Certainty.NOT, "it is text for a reader")
        return self._beside_argument(node, index, call, position) or self._parameter(index, call, position)

    def _beside_argument(self, node: ast.AST, index: int, call: ast.Call, position: Position) -> Place | None:
        """What the other arguments or the receiver of a call say about one argument."""
        callee = last_name(call.func)
        key = call.args[index - 1] if index and callee in position.lookups else None
        if key is not None and self._carriers.is_key(key, position):
            return Place(Certainty.SURE, f"it is the value for {ast.unparse(key)}")
        compared: list[ast.expr] = []
        if callee in position.tests and isinstance(call.func, ast.Attribute):
            compared = [call.func.value]
        elif callee.startswith("assert"):
            compared = [argument for argument in call.args if argument is not node]
        carrier = next((c for c in compared if self._carriers.carries(c, position, compared=True)), None)
        if carrier is not None:
            return Place(Certainty.SURE, f"it is compared with {ast.unparse(carrier)}")
        return Place(Certainty.UNKNOWN, f"it is compared with {ast.unparse(compared[0])}") if compared else None

    def _parameter(self, index: int, call: ast.Call, position: Position) -> Place:
        """What the parameter is called that takes the argument, where the callee is one of the repo's own."""
        callee = last_name(call.func)
        parameter = self._signatures.parameter(call, index, self._names)
        if parameter is None:
            return Place(Certainty.UNKNOWN, f"it is an argument of {callee or 'a call'}, which porter cannot see into")
        if matches(position.names, parameter):
            return Place(Certainty.SURE, f"it is the argument {parameter} of {callee}", runs=True)
        return Place(Certainty.UNKNOWN, f"it is the argument {parameter} of {callee}")

    def _compared(self, node: ast.AST, compare: ast.Compare, position: Position) -> Place:
        others = [side for side in (compare.left, *compare.comparators) if side is not node]
        for other in others:
            if self._carriers.carries(other, position, compared=True):
                return Place(Certainty.SURE, f"it is compared with {ast.unparse(other)}")
        return Place(Certainty.UNKNOWN, f"it is compared with {', '.join(map(ast.unparse, others))}")

    def _assigned(self, statement: ast.Assign | ast.AnnAssign | ast.AugAssign, position: Position) -> Place:
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for target in targets:
            if self._carriers.carries(target, position):
                return Place(Certainty.SURE, f"it is assigned to {ast.unparse(target)}")
        if isinstance(statement, ast.AnnAssign) and self._like(statement.annotation, position):
            return Place(Certainty.SURE, "its annotation lists values of the same sort")
        for name in (target.id for target in targets if isinstance(target, ast.Name)):
            values = [b.value for b in self._module.scope(statement).lookup(name) or () if b.value is not None]
            if any(self._carriers.is_beside(value, position) for value in values):
                return Place(Certainty.SURE, f"other values of {name} are of the same sort")
        return Place(Certainty.UNKNOWN, f"it is assigned to {ast.unparse(targets[0])}")

    def _like(self, annotation: ast.expr | None, position: Position) -> bool:
        """`Literal["cuda", "cpu"]`: an annotation that names values of the same sort."""
        return annotation is not None and any(self._carriers.is_beside(n, position) for n in ast.walk(annotation))

    def _default(self, node: ast.AST, arguments: ast.arguments, position: Position) -> Place:
        parameter = parameter_of_default(arguments, node)
        if parameter is not None and (matches(position.names, parameter) or parameter in self._carriers.flow(position)):
            return Place(Certainty.SURE, f"it is the default of the parameter {parameter}")
        annotations = [a.annotation for a in (*arguments.args, *arguments.kwonlyargs) if a.arg == parameter]
        if any(self._like(annotation, position) for annotation in annotations):
            return Place(Certainty.SURE, f"the annotation of {parameter} lists values of the same sort")
        return Place(Certainty.UNKNOWN, f"it is the default of the parameter {parameter}")

    def _in_dict(self, node: ast.AST, container: ast.Dict, position: Position, seen: set[ast.AST]) -> Place:
        around = self._climb(container, position, seen)
        if around.certainty is Certainty.SURE:
            return around
        for key, value in zip(container.keys, container.values, strict=True):
            if value is node and key is not None and self._carriers.is_key(key, position):
                return Place(Certainty.SURE, f"it is the value of the key {ast.unparse(key)}")
            if key is node:
                return self._key(node, container, position)
        return Place(Certainty.UNKNOWN, "it is a value in a dictionary")

    def _key(self, node: ast.AST, container: ast.Dict, position: Position) -> Place:
        """A key moves with a value that names an accelerator too, in a table from devices to something."""
        keys = [key.value for key in container.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
        others = [key for key in keys if key in position.beside]
        if len(keys) < len(container.keys) or not others or len(others) < len(keys) - 1:
            return Place(Certainty.NOT, "it is a key of a dictionary")
        value = next(v for k, v in zip(container.keys, container.values, strict=True) if k is node)
        if isinstance(value, (ast.Constant, ast.Attribute)) and vocabulary().names_one(ast.unparse(value).encode()):
            return Place(Certainty.LIKELY, "it is the key of a table from devices to something")
        return Place(Certainty.UNKNOWN, "it is the key of what may be a table from devices to something")

    def _returned(self, statement: ast.Return | ast.Yield, position: Position) -> Place:
        function = next(
            (a for a in self._module.ancestors(statement) if isinstance(a, (ast.FunctionDef, ast.AsyncFunctionDef))),
            None,
        )
        if function is None:
            return Place(Certainty.UNKNOWN, "it is a result")
        if matches(position.names, function.name):
            return Place(Certainty.SURE, f"it is the result of {function.name}()")
        returned = (n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value is not None)
        if any(
            self._carriers.is_beside(part, position)
            for value in returned
            for part in (value, *ast.iter_child_nodes(value))
        ):
            return Place(Certainty.SURE, f"other results of {function.name}() are of the same sort")
        return Place(Certainty.UNKNOWN, f"it is the result of {function.name}()")

    def _matched(self, pattern: ast.MatchValue, position: Position) -> Place:
        match = next((a for a in self._module.ancestors(pattern) if isinstance(a, ast.Match)), None)
        if match is not None and self._carriers.carries(match.subject, position, compared=True):
            return Place(Certainty.SURE, f"it is compared with {ast.unparse(match.subject)}")
        return Place(Certainty.UNKNOWN, "it is a case of a match")

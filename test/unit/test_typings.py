"""The stubs in typings/ declare only what the installed packages have.

A stub that invents a method lets pyright bless code that fails when it runs; and after a version
bump this test names what the new wheel dropped.
"""

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

TYPINGS = Path(__file__).parents[2] / "typings"
# Stub files that hold a part of `ir` only, to keep each to a readable size.
IR_PARTS = "iree.compiler._ir_"
MISSING = object()


def module_of(stub: Path) -> str:
    """Return the name of the installed module that a stub describes."""
    parts = stub.relative_to(TYPINGS).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return "iree.compiler.ir" if name.startswith(IR_PARTS) else name


def declared_names(node: ast.stmt) -> list[str]:
    """Return the public names that one statement of a stub declares."""
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            names = [name]
        case ast.AnnAssign(target=ast.Name(id=name)):
            names = [name]
        case ast.Assign(targets=[ast.Name(id=name)]):
            names = [name]
        case _:
            names = []
    return [name for name in names if name == "_OperationBase" or not re.match("_[^_]", name)]


def lookup(owner: Any, name: str) -> Any:
    """Return an attribute without running descriptors; None where a property raises unbound."""
    try:
        return getattr(owner, name, MISSING)
    except ValueError:  # `Context.current` and the like, where nothing is entered
        return None


def parameter_problems(function: ast.FunctionDef, actual: Any, where: str) -> Iterator[str]:
    """Yield the named parameters of a stub's function that the real one does not have."""
    if hasattr(actual, "__nb_signature__"):
        signatures = " ".join(overload[0] for overload in actual.__nb_signature__)
    elif inspect.isfunction(actual) or inspect.ismethod(actual):
        signatures = str(inspect.signature(actual))
    else:
        return
    arguments = function.args.args + function.args.kwonlyargs
    for name in (argument.arg for argument in arguments):
        if name not in ("self", "cls") and not re.search(rf"\b{name}\b", signatures):
            yield f"{where} has no parameter {name}: {signatures}"


def problems(body: list[ast.stmt], owner: Any, path: str) -> Iterator[str]:
    """Yield what the statements of a stub declare that `owner` lacks."""
    for node in body:
        for name in declared_names(node):
            actual = lookup(owner, name)
            where = f"{path}.{name}"
            if actual is MISSING:
                # The buffer protocol has no attribute before Python 3.12.
                if name != "__buffer__":
                    yield f"{where} does not exist"
            elif isinstance(node, ast.ClassDef):
                yield from problems(node.body, actual, where)
            elif isinstance(node, ast.FunctionDef):
                yield from parameter_problems(node, actual, where)


@pytest.mark.parametrize(
    "stub", sorted(TYPINGS.rglob("*.pyi")), ids=lambda stub: str(stub.relative_to(TYPINGS))
)
def test_stub_declares_only_what_exists(stub: Path) -> None:
    module = importlib.import_module(module_of(stub))
    tree = ast.parse(stub.read_text())
    assert list(problems(tree.body, module, module.__name__)) == []


def test_an_invented_method_is_found() -> None:
    stub = ast.parse("class Context:\n    def invented(self): ...\nclass Invented: ...")
    module = importlib.import_module("iree.compiler.ir")
    found = list(problems(stub.body, module, "ir"))
    assert found == ["ir.Context.invented does not exist", "ir.Invented does not exist"]


def test_an_invented_parameter_is_found() -> None:
    stub = ast.parse("class Block:\n    def add_argument(self, type, place): ...")
    module = importlib.import_module("iree.compiler.ir")
    found = list(problems(stub.body, module, "ir"))
    assert len(found) == 1
    assert found[0].startswith("ir.Block.add_argument has no parameter place")

"""Finds every table and mart by looking into two packages, so that adding one edits no list."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from lakehouse.checks import References
from lakehouse.contracts import QUALITY, Catalog, Curation, Mart, Recipe, Table, Terminal

REACH = "touched_by_"
Declaration = TypeVar("Declaration", Table, Mart)


def catalog() -> Catalog:
    """All tables and marts of the marketplace."""
    return discover("transforms.silver", "transforms.gold")


def discover(silver_package: str, gold_package: str) -> Catalog:
    """The tables and marts that the modules of two packages declare; marts in an order to build them.

    Raises:
        Terminal: A module without its declaration, a name declared twice, an unknown input or a circle;
            names the file and the name.
    """
    taken: dict[str, Path] = {}
    tables: dict[str, Curation] = {}
    for module, code in _modules(silver_package):
        table, curate = _declared(module, "TABLE", Table), _function(module, "curate")
        for name in _names(table):
            _take(name, taken, module)
        tables[table.name] = Curation(table, curate, code)
    _refuse_unknown_parents(tables, taken)
    recipes: dict[str, Recipe] = {}
    for module, code in _modules(gold_package):
        mart, build = _declared(module, "MART", Mart), _function(module, "build")
        _take(mart.name, taken, module)
        inputs = _inputs(build)
        recipes[mart.name] = Recipe(mart, build, inputs, code, _reaches(module, inputs))
    _refuse_unknown_inputs(recipes, taken)
    return Catalog(tables, _in_order(recipes, taken))


def _modules(package: str) -> Iterator[tuple[ModuleType, str]]:
    """Each module of a package with its fingerprint: of its source, and of what it may share."""
    folder = importlib.import_module(package)
    shared = b"".join(path.read_bytes() for path in sorted(Path(folder.__path__[0]).parent.glob("*.py")))
    for name in sorted(info.name for info in pkgutil.iter_modules(folder.__path__)):
        module = _imported(f"{package}.{name}")
        yield module, hashlib.sha256(_file(module).read_bytes() + shared).hexdigest()[:16]


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Terminal as error:
        spec = importlib.util.find_spec(name)
        raise Terminal(f"{spec.origin if spec else name}: {error}") from None


def _file(module: ModuleType) -> Path:
    return Path(str(module.__file__))


def _declared(module: ModuleType, name: str, kind: type[Declaration]) -> Declaration:
    found = getattr(module, name, None)
    if not isinstance(found, kind):
        raise Terminal(f"{_file(module)}: declare {name} = {kind.__name__}(...)")
    return found


def _function(module: ModuleType, name: str) -> Callable[..., Any]:
    found = getattr(module, name, None)
    if not inspect.isfunction(found):
        raise Terminal(f"{_file(module)}: define {name}(...)")
    return found


def _names(table: Table) -> tuple[str, ...]:
    return (table.name, f"{table.name}_history") if table.history else (table.name,)


def _take(name: str, taken: dict[str, Path], module: ModuleType) -> None:
    if name in taken:
        raise Terminal(f"{_file(module)}: {name} is already declared in {taken[name]}")
    taken[name] = _file(module)


def _inputs(build: Callable[..., Any]) -> tuple[str, ...]:
    """The parameters that are tables or marts: all but `as_of` and those with a default."""
    parameters = inspect.signature(build).parameters.values()
    return tuple(p.name for p in parameters if p.name != "as_of" and p.default is inspect.Parameter.empty)


def _reaches(module: ModuleType, inputs: tuple[str, ...]) -> dict[str, Callable[..., Any]]:
    """The functions `touched_by_<input>` of a mart, by input; the as-of day is one."""
    functions = inspect.getmembers(module, inspect.isfunction)
    found: dict[str, Callable[..., Any]] = {n.removeprefix(REACH): f for n, f in functions if n.startswith(REACH)}
    for name, function in found.items():
        given = set(inspect.signature(function).parameters) - {"changed", "was", "as_of"}
        for unknown in ({name} | given) - {*inputs, "as_of"}:
            raise Terminal(f"{_file(module)}: {REACH}{name} speaks of {unknown}, which build() does not read")
    return found


def _refuse_unknown_inputs(recipes: dict[str, Recipe], taken: dict[str, Path]) -> None:
    for name, recipe in recipes.items():
        for needed in recipe.inputs:
            if needed not in taken and needed != QUALITY:
                raise Terminal(f"{taken[name]}: input {needed} of {name} is neither a table nor a mart")


def _refuse_unknown_parents(tables: dict[str, Curation], taken: dict[str, Path]) -> None:
    for name, spec in tables.items():
        for check in spec.table.whole_checks:
            if not isinstance(check, References):
                continue
            if check.table not in tables:
                raise Terminal(f"{taken[name]}: check {check.name} of {name}: there is no table {check.table}")
            key = tables[check.table].table.key
            if key != check.key or len(key) != len(check.columns):
                raise Terminal(f"{taken[name]}: check {check.name} of {name}: {check.table} has the key {key}")


def _in_order(recipes: dict[str, Recipe], taken: dict[str, Path]) -> dict[str, Recipe]:
    graph = {name: [i for i in recipe.inputs if i in recipes] for name, recipe in recipes.items()}
    try:
        return {name: recipes[name] for name in TopologicalSorter(graph).static_order()}
    except CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        raise Terminal(f"{taken[error.args[1][0]]}: these marts need each other: {circle}") from error

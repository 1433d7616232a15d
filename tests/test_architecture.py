"""The house itself: which room may look into which, and what may stand in it."""

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import nurture
from nurture import jobs

ROOT = Path(nurture.__file__).parent.parent
ENTRY_POINTS = ("nurture.cli", "nurture.demo", "nurture.web.main", "workers")

# Each room may import itself and these. The longest matching name decides.
MAY_IMPORT: dict[str, set[str]] = {
    "nurture.core": set(),
    "nurture.journal": set(),
    "nurture.places": set(),
    "nurture.jobs": set(),
    "nurture.telling": set(),
    "nurture.settings": set(),
    "nurture.ports": {"nurture.core", "nurture.settings"},
    "nurture.calendars": {"nurture.core"},
    "nurture.wakeups": {"nurture.jobs"},
    "nurture.store": {"nurture.core"},
    "nurture.services": {
        "nurture.core",
        "nurture.store",
        "nurture.ports",
        "nurture.journal",
        "nurture.jobs",
        "nurture.calendars",
    },
    "nurture.mail": {"nurture.core"},
    "nurture.sales": {"nurture.core"},
    "nurture.workspace": {"nurture.core"},
    "nurture.embedded": set(),
    "nurture.web": {
        "nurture.core",
        "nurture.services",
        "nurture.ports",
        "nurture.jobs",
        "nurture.journal",
        "nurture.settings",
        "nurture.places",
        "nurture.telling",
    },
}
CORE_MAY_USE = {"jinja2"}


def test_rooms_only_look_where_they_may() -> None:
    forbidden = [
        f"{module} imports {wanted}"
        for module, path in modules().items()
        if not is_entry(module) and not module.startswith("nurture.bootstrap")
        for wanted in imports(path)
        if wanted.startswith(("nurture", "workers")) and not allowed(module, wanted)
    ]
    assert forbidden == []


def test_core_is_pure() -> None:
    foreign = [
        f"{module} imports {wanted}"
        for module, path in modules().items()
        if module.startswith("nurture.core")
        for wanted in imports(path)
        if (top := wanted.partition(".")[0]) not in sys.stdlib_module_names
        and top not in CORE_MAY_USE | {"nurture"}
    ]
    assert foreign == []


def test_the_rooms_of_core_do_not_look_at_one_another() -> None:
    """Each decides alone; what two of them share lies in the hall, beside them."""
    rooms = {path.parent.name for path in (ROOT / "nurture" / "core").glob("*/__init__.py")}
    crossing = [
        f"{module} imports {wanted}"
        for module, path in modules().items()
        if module.startswith("nurture.core.")
        for wanted in imports(path)
        if (room := wanted.removeprefix("nurture.core.").partition(".")[0]) in rooms
        and room != module.split(".")[2]
    ]
    assert rooms >= {"inbound", "letter", "people", "traffic"}
    assert crossing == []


def test_core_has_no_clock_and_no_socket() -> None:
    found = [
        f"{path.name}:{node.lineno}"
        for module, path in modules().items()
        if module.startswith("nurture.core")
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.Attribute) and node.attr in ("now", "utcnow", "today"))
        or (isinstance(node, ast.Import) and {alias.name for alias in node.names} & {"socket", "time", "os"})
    ]
    assert found == []


def test_only_the_store_and_bootstrap_know_sqlalchemy() -> None:
    knowing = {
        module
        for module, path in modules().items()
        if any(wanted.partition(".")[0] in ("sqlalchemy", "psycopg") for wanted in imports(path))
        and not module.startswith(("nurture.store", "nurture.embedded.postgres"))
    }
    # They name the type or the error of a database that is away, no table and no query.
    assert knowing <= {
        "nurture.ports",
        "nurture.cli.refusing",
        "nurture.services.metering",
        "workers.clock",
        "workers.shipper",
        "nurture.web.health",
    }


def test_the_store_never_commits() -> None:
    commits = [
        f"{module}:{node.lineno}"
        for module, path in modules().items()
        if module.startswith("nurture.store")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr == "commit"
    ]
    assert commits == []


def test_there_is_no_import_cycle() -> None:
    graph = {
        module: {nearest(wanted) for wanted in imports(path, lazy=False)} - {module, None}
        for module, path in modules().items()
    }
    assert list(cycles(graph)) == []


def test_services_do_not_import_one_another() -> None:
    crossing = [
        f"{module} imports {wanted}"
        for module, path in modules().items()
        if module.startswith("nurture.services.")
        for wanted in imports(path)
        if wanted.startswith("nurture.services.") and wanted.split(".")[2] != module.split(".")[2]
    ]
    assert crossing == []


def test_every_job_has_a_function_and_a_queue() -> None:
    from workers import jobs as functions

    defined = {
        name
        for name, function in inspect.getmembers(functions, inspect.isfunction)
        if function.__module__ == "workers.jobs"
    }
    assert defined == set(jobs.QUEUE_OF)
    assert set(jobs.QUEUE_OF.values()) == set(jobs.QUEUES)


def test_the_root_of_the_package_imports_nothing() -> None:
    assert list(imports(ROOT / "nurture" / "__init__.py")) == []


@pytest.mark.parametrize("word", ["utils", "helpers", "common", "manager", "misc", "base"])
def test_rooms_have_true_names(word: str) -> None:
    assert [module for module in modules() if word in module.split(".")] == []


@cache
def modules() -> dict[str, Path]:
    """Every module of the product by name, migrations aside."""
    found = {}
    for top in ("nurture", "workers"):
        for path in sorted((ROOT / top).rglob("*.py")):
            if "migrations" not in path.parts:
                name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                found[name.removesuffix(".__init__")] = path
    return found


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def imports(path: Path, *, lazy: bool = True) -> Iterator[str]:
    """What a module imports; for types alone is no import. `lazy`: also inside functions."""
    skipped = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            skipped |= set(ast.walk(node))
        if isinstance(node, ast.FunctionDef) and not lazy:
            skipped |= set(ast.walk(node))
    for node in ast.walk(tree(path)):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def nearest(wanted: str) -> str | None:
    """The module a dotted name means: itself, or the one it is defined in."""
    while wanted and wanted not in modules():
        wanted = wanted.rpartition(".")[0]
    return wanted or None


def is_entry(module: str) -> bool:
    return any(module == entry or module.startswith(f"{entry}.") for entry in ENTRY_POINTS)


def allowed(module: str, wanted: str) -> bool:
    room = max((r for r in MAY_IMPORT if module == r or module.startswith(f"{r}.")), key=len, default=None)
    if room is None:
        return module == "nurture.bootstrap"
    target = nearest(wanted) or wanted
    return any(target == r or target.startswith(f"{r}.") for r in MAY_IMPORT[room] | {room})


def cycles(graph: dict[str, set[str | None]]) -> Iterator[list[str]]:
    """Every module that reaches itself, by the way it does."""
    for start in graph:
        way, seen = [(start, [start])], set()
        while way:
            here, path = way.pop()
            for following in graph.get(here, ()):
                if following == start:
                    yield [*path, start]
                    return
                if following and following not in seen:
                    seen.add(following)
                    way.append((following, [*path, following]))

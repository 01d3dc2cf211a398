"""Reading params.yaml: one section, checked against a dataclass that states its keys and ranges.

    @dataclass(frozen=True)
    class Sweep:
        k_min: Annotated[int, Range(2, 1000)]
        by: Literal["bic", "aic"]
        label: str | None

    sweep = read_params("k_sweep", Sweep)

The keys must match exactly, but for fields that have a default; where the type is a dict they are
the user's own, text or numbers. A bool is no number, and the file is read by the rules of YAML 1.2:
`dvc exp run -S mixture.reg_covar=0.000001` writes `1e-06`, which PyYAML's own rules (YAML 1.1)
take for a string, and a genre column named `yes` for a bool.
"""

import dataclasses
import math
import re
import reprlib
from functools import lru_cache
from pathlib import Path
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

import yaml

from song_mixtures.pipeline.stage import StageError

PARAMS = Path("params.yaml")
# Where a key of an earlier version has gone.
RENAMED = {
    "charts.max_songs": "figures.max_page_songs",
    "compare_kmeans.silhouette_sample": "kmeans.silhouette_sample",
    "compare_kmeans.seed": "kmeans.seed",
    "uncertainty.torn_margin": "uncertainty.ambiguous_margin",
}
Schema = TypeVar("Schema")

# For whole numbers without a bound of their own: what a C int holds, which libraries count with.
LARGEST_INT = 2**31 - 1
# A value as an error shows it: nobody reads more of it.
_shown = reprlib.Repr()
_shown.maxlevel, _shown.maxstring, _shown.maxother = 2, 200, 200


@dataclasses.dataclass(frozen=True)
class Range:
    """Numbers allowed for a parameter: low <= value <= high, and value > above."""

    low: float = -math.inf
    high: float = math.inf
    above: float = -math.inf

    def holds(self, value: float) -> bool:
        """Tell whether `value` is allowed; NaN and infinities never are."""
        return self.low <= value <= self.high and value > self.above and math.isfinite(value)

    def __str__(self) -> str:
        lower = f"above {self.above:.10g}" if math.isfinite(self.above) else ""
        lower = f"at least {self.low:.10g}" if math.isfinite(self.low) else lower
        upper = f"at most {self.high:.10g}" if math.isfinite(self.high) else ""
        return " and ".join(bound for bound in (lower, upper) if bound)


class _Yaml12Loader(yaml.SafeLoader):
    """SafeLoader with the core resolvers of YAML 1.2 (section 10.3.2)."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Return the next node, which must be no alias."""
        if self.check_event(yaml.AliasEvent):
            event: Any = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(
                problem=f"the alias *{event.anchor} is not followed, write its value out",
                problem_mark=event.start_mark,
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """Return a section, in which no key may stand twice."""
        seen = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key.value} stands there twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_TAG = "tag:yaml.org,2002:"
_REPLACED = {_TAG + kind for kind in ("bool", "int", "float", "timestamp")}
_Yaml12Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _REPLACED]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _kind, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", "-+."),
):
    _Yaml12Loader.add_implicit_resolver(
        _TAG + _kind, re.compile(rf"^(?:{_pattern})$"), list(_first)
    )
# `010` is ten, not the octal eight of YAML 1.1. Of thousands of digits Python makes no int.
_Yaml12Loader.add_constructor(
    _TAG + "int", lambda _, node: (int if len(node.value) < 1000 else float)(str(node.value))
)


def load_yaml(text: str) -> Any:
    """Parse YAML 1.2 text, as DVC's own parser does; raises yaml.YAMLError.

    Refuses what PyYAML would take: a key that stands twice, and aliases, of which nine lines can
    make a billion values.
    """
    try:
        return yaml.load(text, Loader=_Yaml12Loader)  # noqa: S506 - a SafeLoader of our own
    except RecursionError:
        raise yaml.YAMLError("brackets are nested too deeply") from None


def read_params(section: str, schema: type[Schema], path: Path = PARAMS) -> Schema:
    """Return one section of params.yaml as an instance of the dataclass `schema`.

    Raises StageError that names the file, the key, the value found and the values allowed.
    """
    checked: Schema = _checked(_section(section, path), schema, f"{path}: {section}")
    return checked


def read_some_params(section: str, schema: type[Schema], path: Path = PARAMS) -> Schema:
    """Return the keys of a section that `schema` states, of which it may have others.

    Those are another stage's, which reads the section whole; raises as read_params().
    """
    values = _section(section, path)
    if isinstance(values, dict):
        stated = {field.name for field in dataclasses.fields(cast(Any, schema))}
        values = {key: value for key, value in values.items() if key in stated}
    checked: Schema = _checked(values, schema, f"{path}: {section}")
    return checked


def read_param(section: str, key: str, kind: Any, path: Path = PARAMS) -> Any:
    """Return one value of a section that belongs to another stage; raises as read_params().

    Parameters
    ----------
    section : name of the section, such as `kmeans`
    key : name of the value in it, such as `seed`
    kind : type of the value, a range with it where it has one: `Annotated[int, Range(0)]`
    path : of the file of parameters
    """
    values = _section(section, path)
    if not isinstance(values, dict) or key not in values:
        raise StageError(f"{path}: {section}.{key} is missing")
    return _checked(values[key], kind, f"{path}: {section}.{key}")


@lru_cache(maxsize=1)
def _parsed(text: str) -> Any:
    """Parse params.yaml once, however many sections a stage reads; nobody changes the result."""
    return load_yaml(text)


def _section(section: str, path: Path) -> Any:
    try:
        params = _parsed(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StageError(f"{path} is not here: run from the project's top folder") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).replace('in "<unicode string>", ', "in ").split())
        raise StageError(f"{path} is not readable as YAML: {reason}") from None
    for old, new in RENAMED.items():
        part, key = old.split(".")
        if isinstance(params, dict) and key in (params.get(part) or {}):
            raise StageError(f"{path}: {old} is now {new}: move its value there")
    if not isinstance(params, dict) or section not in params:
        raise StageError(f"{path} has no section `{section}`, which this stage reads")
    return params[section]


def _checked(value: Any, kind: Any, where: str) -> Any:
    """`value` as the type `kind` demands, or a StageError that begins with `where`."""
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _checked_section(value, kind, where)
    allowed = get_args(kind)
    if get_origin(kind) in (UnionType, Union) and NoneType in allowed:
        return None if value is None else _checked(value, allowed[0], where)
    if get_origin(kind) is dict:
        if allowed[0] is int:
            return _checked_numbers(value, allowed[1], where)
        return _checked_names(value, allowed[1], where)
    if get_origin(kind) in (list, tuple):
        return get_origin(kind)(_checked_entries(value, kind, where))
    if get_origin(kind) is Literal:
        if isinstance(value, bool) or value not in allowed:
            raise StageError(
                f"{where} is {_shown.repr(value)}, expected one of {', '.join(allowed)}"
            )
        return value
    bounds = Range()
    if get_origin(kind) is Annotated:
        kind, bounds = allowed
    return _checked_scalar(value, kind, bounds, where)


def _checked_entries(value: Any, kind: Any, where: str) -> list[Any]:
    """Check the entries of a list; `list[...]` may be empty, `tuple[...]` may not."""
    may_be_empty = get_origin(kind) is list
    if not isinstance(value, list) or not (value or may_be_empty):
        more = "" if may_be_empty else " with at least one entry"
        raise StageError(f"{where} is {_shown.repr(value)}, expected a list{more}")
    entry_kind = get_args(kind)[0]
    return [_checked(entry, entry_kind, f"{where}[{i}]") for i, entry in enumerate(value)]


def _checked_names(value: Any, kind: Any, where: str) -> dict[str, Any]:
    """Check a mapping whose keys, text, are the user's own, and whose values are of one kind."""
    if not isinstance(value, dict):
        raise StageError(f"{where} is {_shown.repr(value)}, expected names with a value each")
    for name in value:
        if not isinstance(name, str):
            raise StageError(f"{where}: the key {_shown.repr(name)} is no text; put it in quotes")
    return {name: _checked(entry, kind, f"{where}.{name}") for name, entry in value.items()}


def _checked_numbers(value: Any, kind: Any, where: str) -> dict[int, Any]:
    """Check a mapping whose keys are numbers from 0 on, and whose values are of one kind.

    `dvc exp run -S +section.key.3=…` writes the number as text.
    """
    if not isinstance(value, dict):
        raise StageError(f"{where} is {_shown.repr(value)}, expected numbers with a value each")
    checked: dict[int, Any] = {}
    for key, entry in value.items():
        if isinstance(key, bool) or not re.fullmatch(r"[0-9]{1,9}", str(key)):
            raise StageError(f"{where}: the key {_shown.repr(key)} is no whole number from 0 on")
        if int(key) in checked:
            raise StageError(f"{where}: the key {int(key)} stands there twice")
        checked[int(key)] = _checked(entry, kind, f"{where}.{key}")
    return checked


def _checked_scalar(value: Any, kind: Any, bounds: Range, where: str) -> Any:
    """Return a value that is neither a section nor a list, as `kind`, or raise a StageError.

    Parameters
    ----------
    value : as the file has it
    kind : int, float or str; a whole number will do for a float
    bounds : numbers allowed
    where : file, section and key, with which the error begins
    """
    if kind is int and bounds.high == math.inf:
        bounds = dataclasses.replace(bounds, high=LARGEST_INT)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value) if abs(value) < 1e300 else math.inf
    if type(value) is not kind or (isinstance(value, int | float) and not bounds.holds(value)):
        name = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}[kind]
        expected = f"{name} {bounds}".strip() if kind is not str else name
        raise StageError(f"{where} is {_shown.repr(value)}, expected {expected}")
    return value


def _checked_section(value: Any, schema: type, where: str) -> Any:
    hints = get_type_hints(schema, include_extras=True)
    keys = list(hints)
    if not isinstance(value, dict):
        raise StageError(f"{where} is {_shown.repr(value)}, expected the keys {', '.join(keys)}")
    optional = {f.name for f in dataclasses.fields(schema) if f.default is not dataclasses.MISSING}
    for missing in [key for key in keys if key not in value and key not in optional]:
        raise StageError(f"{where}.{missing} is missing; the section's keys are {', '.join(keys)}")
    for unknown in [key for key in value if key not in hints]:
        raise StageError(f"{where}.{unknown} is unknown; the section's keys are {', '.join(keys)}")
    try:
        return schema(
            **{
                key: _checked(value[key], hints[key], f"{where}.{key}")
                for key in keys
                if key in value
            }
        )
    except ValueError as error:  # a rule between keys, from the schema's __post_init__
        raise StageError(f"{where}: {error}") from None

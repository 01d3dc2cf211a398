"""Figures are computed and drawn by functions that name what they need of what a stage has read."""

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any, TypeVar

Made = TypeVar("Made")


def called(function: Callable[..., Made], found: Mapping[str, Any]) -> Made:
    """Call a function with what was found under the names of its arguments; all must be there."""
    return function(**{name: found[name] for name in signature(function).parameters})

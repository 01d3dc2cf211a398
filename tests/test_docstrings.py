"""A function of four arguments or more says what each of them is, in numpydoc's form."""

import ast
import inspect
import re

import pytest

from tests.conftest import ROOT

FROM = 4  # arguments
# What people see, and compiled loops, whose shapes stand in the head of their module.
WITHOUT = ("song_mixtures/presentation/", "song_mixtures/fitting/compiled.py")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def arguments(function: Function) -> list[str]:
    """Return the names of a function's arguments, but for what a method is called on."""
    of = function.args
    given = [*of.posonlyargs, *of.args, *of.kwonlyargs, of.vararg, of.kwarg]
    return [one.arg for one in given if one is not None and one.arg not in ("self", "cls")]


def described(function: Function) -> list[str]:
    """Return the names in the section Parameters of a function's docstring."""
    text = inspect.cleandoc(ast.get_docstring(function) or "")
    _, _, section = text.partition("Parameters\n----------\n")
    return re.findall(r"^(\w+) : \S", section.partition("\n\n")[0], re.MULTILINE)


def functions() -> dict[str, Function]:
    """Return every function of FROM arguments or more, by file and name."""
    found = {}
    for path in sorted([*ROOT.glob("song_mixtures/**/*.py"), *ROOT.glob("stages/*.py")]):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(WITHOUT):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, Function) and len(arguments(node)) >= FROM:
                found[f"{name}: {node.name}"] = node
    return found


FUNCTIONS = functions()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_of_many_arguments_describes_exactly_these(name: str) -> None:
    assert described(FUNCTIONS[name]) == arguments(FUNCTIONS[name])


def test_a_section_that_leaves_one_out_or_is_not_there_is_seen() -> None:
    source = '''
def move(song, start, gain, *, late=0):
    """Move a song.

    Parameters
    ----------
    song : samples, (n,)
    start : seconds
    gain : 0 or more
    """

def stay(song, start, gain, late):
    """Leave it, where song : is no section."""
'''
    [move, stay] = [node for node in ast.parse(source).body if isinstance(node, Function)]
    assert arguments(move) == ["song", "start", "gain", "late"]
    assert described(move) == ["song", "start", "gain"]
    assert described(stay) == []

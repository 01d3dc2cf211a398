"""List the songs whose component has changed between two revisions, the surest move first.

    python -m song_mixtures.moved v1            since v1, up to the workspace
    python -m song_mixtures.moved v1 v2         from v1 to v2
    python -m song_mixtures.moved v1 --csv      every move and every column, as CSV

A revision is what `dvc metrics diff` takes: a branch, a tag, a commit, an experiment's name.
Components of the two are matched by the songs that both have, one to one, with most songs in
common, so it does not matter whether their numbers ever had to do with one another. A song has
moved when its component is not the one matched to its earlier one.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from song_mixtures.labels.numbering import SAME, corresponding
from song_mixtures.pipeline.arrays import FloatArray, IntArray
from song_mixtures.pipeline.params import PARAMS, load_yaml
from song_mixtures.pipeline.stage import StageError, run_program
from song_mixtures.pipeline.tables import read_table

ASSIGNMENTS = "data/processed/gmm_cluster_assignments"  # from uncertainty
WORKSPACE = "workspace"
SHOWN = 20  # moves, where neither CSV nor JSON is asked for


@dataclass(frozen=True)
class Run:
    """The songs of a revision with their posteriors."""

    revision: str
    songs: pd.DataFrame  # gmm_cluster_assignments, by song and how often its name stood before
    k: int
    by_row: bool  # songs have no names, only the numbers of their rows

    def probabilities(self, name: str) -> FloatArray:
        """Return gmm_prob or averaged_prob of every song, (N, K)."""
        return self.songs[[f"{name}_{k}" for k in range(self.k)]].to_numpy(dtype=np.float64)


@dataclass(frozen=True)
class Comparison:
    """What has become of the songs of one run in another."""

    moves: pd.DataFrame  # a row per song that moved, the surest first
    matched: IntArray  # the later component of each earlier one, -1: none, (K,)
    jaccard: FloatArray  # of each of these pairs, by the songs of both, (K,)
    in_both: int  # songs
    only_before: int
    only_after: int


def workspace_file(path: str) -> bytes:
    """Return a file of the workspace; StageError where it is not there."""
    if not Path(path).is_file():
        raise StageError(f"{path} is not here: run `dvc repro`, or `dvc checkout` after a run")
    return Path(path).read_bytes()


def files_of(revision: str) -> Callable[[str], bytes]:
    """Return what reads a file of a revision that git or DVC has.

    Raises StageError where there is no such revision; what it returns, where the revision has no
    such file, or neither DVC's cache nor its remote has it.
    """
    if revision == WORKSPACE:
        return workspace_file
    from dvc.api import DVCFileSystem  # half a second, and for revisions alone
    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from dvc.scm import resolve_rev

    try:
        with Repo() as repo:
            commit = resolve_rev(repo.scm, revision)
        files = DVCFileSystem(".", rev=commit)
    except DvcException as error:
        reason = " ".join(str(error).split())
        raise StageError(
            f"{revision} cannot be read ({reason}): expected a branch, a tag, a commit or an "
            "experiment of this project, as `git log` and `dvc exp show` have them"
        ) from None

    def read(path: str) -> bytes:
        if not files.exists(path):
            raise StageError(
                f"{revision} has no {path}: the pipeline of that time did not write it"
            )
        try:
            content: bytes = files.read_bytes(path)
        except (DvcException, OSError):
            raise StageError(
                f"{path} of {revision} is not in DVC's cache: `dvc fetch --all-commits` brings it "
                f"where a remote has it, else `git checkout {revision} && dvc repro` makes it again"
            ) from None
        return content

    return read


def read_run(revision: str) -> Run:
    """Return a revision's songs; raises StageError as files_of() does."""
    read = files_of(revision)
    params = load_yaml(read(str(PARAMS)).decode())
    path = f"{ASSIGNMENTS}.{params['tables']['format']}"
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / Path(path).name
        copy.write_bytes(read(path))
        return as_run(revision, read_table(copy), by_row=params["input"]["id"] is None)


def as_run(revision: str, songs: pd.DataFrame, by_row: bool) -> Run:
    """Return a run of these assignments; of several songs of one name the order tells them."""
    songs = songs.assign(song=songs["song"].astype(str))
    nth = songs.groupby("song").cumcount()
    indexed = songs.set_index(pd.MultiIndex.from_arrays([songs["song"], nth]))
    k = sum(column.startswith("gmm_prob_") for column in songs.columns)
    return Run(revision, indexed, k, by_row)


def compare(before: Run, after: Run) -> Comparison:
    """Return which songs of both runs moved, and what the components of the one are in the other.

    Raises StageError where the runs have no song in common.
    """
    both = before.songs.index.intersection(after.songs.index, sort=False)
    if both.empty:
        raise StageError(
            f"{before.revision} and {after.revision} have no song in common: songs are told by "
            "their column `song`, which input.id names"
        )
    one = Run(before.revision, before.songs.loc[both], before.k, before.by_row)
    other = Run(after.revision, after.songs.loc[both], after.k, after.by_row)
    earlier, later = (run.songs["gmm_cluster"].to_numpy() for run in (one, other))
    matched, jaccard = corresponding(earlier, later, before.k, after.k)
    moves = described(one, other, matched)
    moves = moves[matched[earlier] != later].sort_values(
        "moved_probability", ascending=False, kind="stable"
    )
    return Comparison(
        moves.reset_index(drop=True),
        matched,
        jaccard,
        len(both),
        len(before.songs) - len(both),
        len(after.songs) - len(both),
    )


def described(before: Run, after: Run, matched: IntArray) -> pd.DataFrame:
    """Return a row for each of the same songs, (N,): where it was and is, and how sure that is.

    `matched` has the later component of each earlier one, -1 where it has none, (K,).
    """
    rows = np.arange(len(before.songs))
    was, now = (run.songs["gmm_cluster"].to_numpy() for run in (before, after))
    shown = [column for column in ("song", "name", "genre") if column in after.songs]
    table = after.songs[shown].reset_index(drop=True)
    table = table.assign(component_before=was, matched_component=matched[was], component_after=now)
    for name, short in (("gmm_prob", "posterior"), ("averaged_prob", "averaged")):
        table[f"{short}_before"] = before.probabilities(name)[rows, was]
        table[f"{short}_after"] = after.probabilities(name)[rows, now]
    moved = moved_probability(
        before.probabilities("averaged_prob"), after.probabilities("averaged_prob"), matched
    )
    return table.assign(moved_probability=moved)


def moved_probability(before: FloatArray, after: FloatArray, matched: IntArray) -> FloatArray:
    """Return the probability that a song's component is not the matched one, (N,), 0 to 1.

    1 - sum_k r_nk r'_n,m(k), with r and r' the averaged posteriors of the two runs, taken as
    independent (our choice), and m(k) the component matched to k.                   (21)

    Parameters
    ----------
    before : averaged posteriors of the earlier run, (N, K)
    after : of the later run, (N, K')
    matched : the later component of each earlier one, -1: none, (K,)
    """
    has = matched >= 0
    stays = (before[:, has] * after[:, matched[has]]).sum(axis=1)
    return np.clip(1.0 - stays, 0.0, 1.0)


def counts(found: Comparison, before: Run, after: Run) -> str:
    """Return in words how many songs moved, and how many only one of the runs has."""
    share = len(found.moves) / found.in_both
    return (
        f"{len(found.moves):,} of {found.in_both:,} songs ({share:.1%}) moved; only in "
        f"{before.revision}: {found.only_before:,}, only in {after.revision}: {found.only_after:,}"
    )


def correspondence(found: Comparison, before: Run, after: Run) -> list[str]:
    """Return in words which component is which, a line for each that is not the same number."""
    same = found.jaccard >= SAME
    equal = found.matched == np.arange(before.k)
    kept = f"of the {before.k} components {int(same.sum())} are in both"
    said = "numbers correspond"
    if not (equal | ~same).all():
        said = "numbers do not correspond, so components were matched by their songs"
    lines = [f"{said}: {kept} (Jaccard {SAME} or more)"]
    for component in np.flatnonzero(~(same & equal)):
        later, jaccard = found.matched[component], found.jaccard[component]
        verb = "is" if same[component] else "comes nearest to"
        lines.append(
            f"  {component} {verb} {later} ({jaccard:.2f})"
            if later >= 0
            else f"  {component} has no counterpart"
        )
    if before.by_row or after.by_row:
        lines.append("songs are told by the numbers of their rows: input.id names no column")
    return lines


def as_text(found: Comparison, before: Run, after: Run) -> str:
    """Return what is shown: counts, components, the surest moves."""
    lines = [counts(found, before, after), *correspondence(found, before, after)]
    if len(found.moves):
        table = found.moves.head(SHOWN).drop(columns=["matched_component"])
        hidden = "song" if "name" in table else "name"
        table = table.drop(columns=[hidden, "genre"], errors="ignore")
        lines += ["", table.to_string(index=False, float_format=lambda value: f"{value:.3f}")]
    if len(found.moves) > SHOWN:
        lines.append(f"and {len(found.moves) - SHOWN:,} more: --csv has them all")
    return "\n".join(lines) + "\n"


def as_json(found: Comparison, before: Run, after: Run) -> str:
    """Return everything as JSON."""
    components: list[dict[str, Any]] = [
        {
            "before": component,
            "after": int(later) if later >= 0 else None,
            "jaccard": float(jaccard),
            "same": bool(jaccard >= SAME),
        }
        for component, (later, jaccard) in enumerate(zip(found.matched, found.jaccard, strict=True))
    ]
    content = {
        "before": before.revision,
        "after": after.revision,
        "songs_in_both": found.in_both,
        "songs_only_before": found.only_before,
        "songs_only_after": found.only_after,
        "components": components,
        "moved": found.moves.to_dict("records"),
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m song_mixtures.moved",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("before", metavar="REV_A", help="the earlier run")
    parser.add_argument(
        "after", metavar="REV_B", nargs="?", default=WORKSPACE, help="left out: the workspace"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="every move and every column, as CSV")
    form.add_argument("--json", action="store_true", help="the same, counts and components as JSON")
    return parser.parse_args()


def main() -> None:
    """Compare the two runs and write what moved on standard output."""
    asked = arguments()
    before, after = read_run(asked.before), read_run(asked.after)
    found = compare(before, after)
    if asked.csv:
        sys.stdout.write(found.moves.to_csv(index=False, lineterminator="\n"))
    elif asked.json:
        sys.stdout.write(as_json(found, before, after))
    else:
        sys.stdout.write(as_text(found, before, after))


if __name__ == "__main__":
    run_program(main)

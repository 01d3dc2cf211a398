"""Every command that README and docs print is run as it is printed, or listed with the reason.

The commands are read from the pages: one that is new, or printed otherwise than here, fails until
somebody has said where it is run.
"""

import re
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, call, make_songs
from tests.test_docs import PAGES

PROGRAMS = r"(dvc|git|make|python|sudo|source|dask|rm|pip|uv|nohup|ulimit|PYTHONPATH=\S+)( |$)"
EXPERIMENTS, COLLEAGUE = (
    "test_experiments.py::test_the_experiments_of_the_docs",
    "test_experiments.py::test_a_colleague_has_every_result_without_running_anything",
)
COMPARE = "test_experiments.py::test_an_applied_experiment_is_complete"
CLEAN = "test_experiments.py::test_every_command_is_clean_with_a_source_and_without"
FAILED = "test_dvc.py::test_a_wrong_parameter_stops_with_a_sentence_and_git_brings_everything_back"
LOCKED = (
    "test_experiments.py::test_a_dead_lock_is_taken_over_and_a_broken_one_deleted_as_the_faq_says"
)
TORN = "test_experiments.py::test_a_torn_lock_is_got_over_as_the_faq_says"
CLUSTER = "test_experiments.py::test_an_experiment_on_a_cluster_as_the_docs_have_it"
PLACED = "placing/test_placing.py::test_songs_of_the_run_from_audio_get_what_the_table_says"
OWN_REMOTE = "test_experiments.py::test_a_remote_of_ones_own_stays_out_of_git"
NUMBERS = (
    "test_moved.py::test_numbers_are_kept_from_one_revision_to_the_next_and_what_moved_is_listed"
)

# In this order, in one project that has run and is committed.
HERE = [
    "source .venv/bin/activate",
    "dvc metrics show metrics/stability.json",
    "dvc metrics show",
    "dvc metrics diff --all --no-path",
    "dvc params diff && dvc metrics diff --no-path",
    "dvc params diff",
    "dvc metrics diff --no-path",
    "dvc plots diff",
    "dvc plots show",
    "dvc dag",
    "git show <commit>:reports/summary.md",
    "dvc metrics diff --no-path <commit>",
    "python -m song_mixtures.presentation.page .dvc/plots",
    "dvc config --local plots.html_template <file>",
    "dvc add data/raw/my_music",
    'python -m song_mixtures.placing "the name of a song"',
    "python -m song_mixtures.placing new_songs.csv --csv > placed.csv",
]
# In a run of their own: `pytest tests/long_commands.py`, of which `.ci/run` runs a short form.
LONG = [
    "dvc exp run -S choose_k.n_components=8",
    "dvc repro --force --single-item figures",
    (
        "dvc exp run -S mixture.init=kmeans -S mixture.tol=0.001 -S mixture.max_iter=300 "
        "-S preprocess.transform.tempo=identity -S preprocess.transform.energy=identity "
        "-S preprocess.transform.loudness=identity -S preprocess.transform.valence=identity "
        "-S preprocess.transform.danceability=identity"
    ),
    (
        "dvc exp run -S preprocess.transform.tempo=log2 -S preprocess.transform.energy=logit "
        "-S preprocess.transform.valence=logit -S preprocess.transform.danceability=logit"
    ),
    "dvc exp run -S choose_k.by=bic",
    "dvc exp run -S 'k_sweep.covariance_types=[full,tied,diag,spherical]' -S choose_k.by=bic",
    (
        "dvc exp run -S 'stability.n_components=[2,3,4,5,6,7,8,9,10,12,14,16,18,20]' "
        "-S choose_k.by=stability"
    ),
    "dvc exp run -S 'input.demo=[]' -S 'input.audio=[data/raw/my_music]'",
    "dvc exp run -S input.columns.valence=null",
    "dvc exp run -S +input.columns.bandwidth=spectral_bandwidth_mean",
    "dvc queue start",
]
ELSEWHERE = {
    "dvc exp run --queue -n grid -S 'choose_k.n_components=4,6'": EXPERIMENTS,
    "dvc exp run --run-all": EXPERIMENTS,
    "dvc exp show --only-changed --no-pager --drop '.*' --keep "
    "'Experiment|choose_k.n_components|mean_entropy_nats|bic$'": EXPERIMENTS,
    "dvc metrics diff --no-path grid-1 grid-2": EXPERIMENTS,
    "dvc plots diff grid-1 grid-2": EXPERIMENTS,
    "dvc exp run -n eight -S choose_k.n_components=8": EXPERIMENTS,
    "dvc queue status": EXPERIMENTS,
    "dvc queue logs <name>": EXPERIMENTS,
    "dvc params diff grid-1 grid-2": EXPERIMENTS,
    "dvc metrics diff --no-path HEAD eight": EXPERIMENTS,
    "git restore --staged --worktree .": EXPERIMENTS,
    "dvc exp branch grid-2 six-groups": EXPERIMENTS,
    "git merge six-groups": EXPERIMENTS,
    "dvc exp remove --all-commits": EXPERIMENTS,
    "git branch -d six-groups": EXPERIMENTS,
    "dvc exp run --queue --copy-paths data/raw/songs.csv -S choose_k.n_components=8": EXPERIMENTS,
    "dvc add data/raw/songs.csv": EXPERIMENTS,
    'git add data/raw/songs.csv.dvc && git commit -m "Track the table"': EXPERIMENTS,
    "dvc exp apply <name>": COMPARE,
    'git add --all dvc.lock params.yaml metrics plots reports && git commit -m "Eight groups"': (
        COMPARE
    ),
    "dvc remote add -d store ../song-mixtures-store": COLLEAGUE,
    'git add .dvc/config && git commit -m "Where the results are"': COLLEAGUE,
    "git clone <this repository> colleague && cd colleague": COLLEAGUE,
    "dvc pull": COLLEAGUE,
    "dvc push": COLLEAGUE,
    "dvc status": COLLEAGUE,
    "dvc repro": COLLEAGUE,
    "dvc checkout": CLEAN,
    "dvc gc --workspace": CLEAN,  # which asks first, and is told --force there
    "git checkout HEAD -- params.yaml dvc.lock metrics plots reports": FAILED,
    "dvc checkout --force": FAILED,
    "rm -f .dvc/tmp/lock .dvc/tmp/rwlock": LOCKED,
    "git restore dvc.lock": TORN,
    "dask scheduler": CLUSTER,
    "dask worker": CLUSTER,
    "PYTHONPATH=/shared/song-mixtures dask worker tcp://192.0.2.7:8786 --nthreads 1 "
    "--nworkers -1": CLUSTER,
    "dvc exp run -S compute.backend=dask -S compute.scheduler=tcp://192.0.2.7:8786": CLUSTER,
    "mkdir -p references/v1": NUMBERS,
    "cp models/gmm.json models/scaling.json references/v1": NUMBERS,
    'git add references && git commit -m "The run whose numbers are kept"': NUMBERS,
    "git tag v1": NUMBERS,
    "dvc get . models/gmm.json --rev v1 -o references/v1/gmm.json --force": NUMBERS,
    "dvc get . models/scaling.json --rev v1 -o references/v1/scaling.json --force": NUMBERS,
    "dvc exp run -S train_gmm.reference=v1": NUMBERS,
    "dvc exp run -S '+components.names.1=ballads'": NUMBERS,
    "python -m song_mixtures.moved v1": NUMBERS,
    "python -m song_mixtures.moved v1 HEAD --csv": NUMBERS,
    "dvc remote add --local -d store /mnt/music/store": OWN_REMOTE,
    "python -m song_mixtures.placing ~/Music/new_album": PLACED,
}
NOT_RUN = {
    "git clone <this repository> song-mixtures && cd song-mixtures": "`.ci/run` is in a clone",
    "make": "it installs from the network and runs for a minute: `.ci/run` runs it",
    "make test": "it is what runs this: `.ci/run` runs it",
    "make bench": "25 minutes: it wrote benchmarks/results.md",
    "python -m benchmarks.choice_of_features em": "minutes: test_em.py has a short form",
    "find data/raw/my_music -name '*.m4a' -exec sh -c 'for f; do ffmpeg -v error -n -i \"$f\" -vn "
    '"${f%.*}.flac"; done\' sh {} +': "ffmpeg is not among what the project installs",
    "python -m benchmarks.results <name>": "needs tables that are not here; it wrote the results",
    "python -m benchmarks.demo_songs": "two minutes: it wrote docs/demo_songs.md",
    "pip install -e '.[notebook]'": "it installs from the network: jupyter, for whoever wants it",
    "pip install -e .": "the same without jupyter",
    "jupyter lab notebooks/explore.ipynb": "it waits for a browser: test_notebook.py runs it",
    "sudo apt install fonts-noto-core fonts-noto-cjk fonts-noto-color-emoji": "it is the machine's",
}


def printed(page: Path) -> list[str]:
    """Return the commands of a page: lines of its shell blocks, and code in its sentences."""
    text = re.sub(r"\\\n\s*", "", page.read_text())  # a command may go on in a second line
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    lines = [re.sub(r"\s{2,}# .*", "", line) for block in blocks for line in block.splitlines()]
    sentences = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return lines + [c for c in re.findall(r"`([^`\n]+)`", sentences) if re.match(PROGRAMS, c)]


def test_every_command_is_run_or_listed_with_the_reason() -> None:
    everything = {
        command for page in PAGES if page.name != "CHANGELOG.md" for command in printed(page)
    }
    # `dvc exp run` in a sentence names the command that other lines spell out.
    named = {
        short
        for short in everything
        if any(c.startswith(f"{short} ") for c in everything - {short})
    }
    known = {*HERE, *LONG, *ELSEWHERE, *NOT_RUN}
    assert sorted(everything - named - known) == []
    assert sorted(known - everything) == []


@pytest.mark.parametrize("test", sorted(set(ELSEWHERE.values())))
def test_a_test_that_is_said_to_run_a_command_exists(test: str) -> None:
    file, name = test.split("::")
    assert f"def {name}(" in (ROOT / "tests" / file).read_text()


def test_the_commands_run_as_they_are_printed(project: Path) -> None:
    (project / ".venv/bin").mkdir(parents=True)
    activate = Path(sys.prefix) / "bin/activate"
    (project / ".venv/bin/activate").write_text(activate.read_text() if activate.is_file() else "")
    (project / "data/raw/my_music").mkdir()
    (project / "data/raw/my_music/a.wav").write_text("no music")
    make_songs(1).to_csv(project / "new_songs.csv", index=False)
    placed = {"<commit>": "HEAD", "<file>": "page.html", "the name of a song": "calm.00007"}
    (project / ".dvc/page.html").write_text("{plot_divs}")
    for command in HERE:
        for words, instead in placed.items():
            command = command.replace(words, instead)
        said = call(project, "bash", "-ec", command)
        assert "ERROR" not in said, command
        assert "Traceback" not in said, command
    assert call(project, "git", "status", "--porcelain", ".dvc/plots") == ""

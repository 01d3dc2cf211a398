"""Every figure in reading order, out of catalog.yaml: the page, the report and the pictures."""

from dataclasses import dataclass
from pathlib import Path

from song_mixtures.pipeline.params import load_yaml

OF_SONGS = ("song_map", "posterior_vs_entropy")  # charts of plots/songs.json


@dataclass(frozen=True)
class Figure:
    """What people read of a figure besides its data; see the head of catalog.yaml."""

    title: str
    note: str
    caption: str
    chart: str = ""
    picture: str = ""

    @property
    def plot(self) -> str:
        """Its name among the plots of dvc.yaml."""
        if self.chart in OF_SONGS:
            return self.chart
        return f"plots/{self.chart}.json" if self.chart else f"plots/images/{self.picture}.png"


TEXT = Path(__file__).with_suffix(".yaml").read_text("utf-8")
SECTIONS = {
    section: [Figure(**figure) for figure in figures]
    for section, figures in load_yaml(TEXT).items()
}
FIGURES = [figure for figures in SECTIONS.values() for figure in figures]
DRAWN = [figure.picture for figure in FIGURES if not figure.chart]  # by matplotlib

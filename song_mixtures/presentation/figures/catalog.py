"""Every figure in reading order: its section, its title, how it is read, and who draws it.

The page of `dvc plots`, the report and the pictures take titles and captions from here. A figure
with a chart is drawn by its specification in this room, on the page and as a picture; one without
is drawn by the function of its picture's name in presentation/pictures.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """What people read of a figure besides its data."""

    title: str  # fixed; a picture has its finding instead
    caption: str  # how it is read
    chart: str = ""  # the name of its template and, but for two, of its data; "" where it has none
    picture: str = ""  # plots/images/<picture>.png; "" where it has none

    @property
    def drawn(self) -> bool:
        """Whether matplotlib draws the picture, because a chart cannot show what it shows."""
        return self.picture in DRAWN

    @property
    def plot(self) -> str:
        """Its name among the plots of dvc.yaml."""
        if self.chart in OF_SONGS:
            return self.chart
        return f"plots/{self.chart}.json" if self.chart else f"plots/images/{self.picture}.png"


DRAWN = (
    "pca_map",
    "feature_densities",
    "covariances",
    "component_overlap",
    "pca_entropy",
    "pca_kmeans",
)
OF_SONGS = ("song_map", "posterior_vs_entropy")  # charts of plots/songs.json
SONGS = (
    Figure(
        "The songs in the features that the mixture sees",
        "How many songs have which value of each feature, in its own unit. The mixture sees each "
        "feature in standard deviations. A feature with two humps, or a long tail, takes more than "
        "one component to describe, whether or not there are groups.",
        chart="features",
    ),
    Figure(
        "Map of the songs on their two principal axes",
        "Each dot is a song, paler where the mixture is less sure of it. Songs near one another "
        "are alike in all features only as far as two axes can show it: above the map stand the "
        "share of the variance that each holds and the features it runs along. Numbers stand in "
        "the middle of a component's songs. The ten commonest genres have colors, and part of a "
        "name finds any other. Of a large table this is a fixed random sample (charts.max_songs).",
        chart="song_map",
    ),
    Figure(
        "The map with the components' ellipses",
        "An ellipse is one standard deviation of a component, as it is seen on the two axes; 39% "
        "of its songs lie within. Components that overlap here may be apart in the directions that "
        "are not shown.",
        picture="pca_map",
    ),
)
K = (
    Figure(
        "What each K is worth",
        "BIC, AIC and ICL are better where they are lower. Each panel has a scale of its own; "
        "compare within a panel only. The ring is on the lowest valid fit, the diamond and the "
        "dashed line are on the K that was chosen. A cross is a fit that is not valid (not "
        "converged, or with a degenerate component): as long as any fit is valid it cannot be "
        "lowest. BIC and AIC look for the best density, ICL for groups that are told apart. A "
        "curve that still falls at its right end has found no number of groups. The log- "
        "likelihood that all three begin with names no K: it rises with every component.",
        chart="k_curve",
        picture="bic_aic",
    ),
)
MIXTURE = (
    Figure(
        "What the components sound like: their means",
        "A row is a component. Numbers are its means in original units; colors say how far they "
        "are from the mean of all songs, in standard deviations, orange above and purple below, "
        "and compare across features where the numbers cannot.",
        chart="component_means",
        picture="component_means",
    ),
    Figure(
        "How much each component weighs",
        "The share of the songs that each component stands for, with what it sounds like beside "
        "the other songs of this table. Dashed: the weight of each if all weighed the same.",
        chart="weights",
        picture="weights",
    ),
    Figure(
        "What the mixture expects of each feature",
        "Bars are the songs, the black line is the whole mixture, the colored ones are what each "
        "component adds to it. Where the black line leaves the bars the mixture describes the "
        "feature badly, however sure it is of its songs. A component that stands apart in one "
        "feature is seen here, one that stands apart only in a combination of features is not.",
        picture="feature_densities",
    ),
    Figure(
        "How each component is spread",
        "Covariances of the standardized features within each component. On the diagonal stand "
        "variances, 1 being that of all songs: a small one is a feature that the component's songs "
        "have in common. Off it, a color is a pair of features that vary together, or against each "
        "other, within the component.",
        picture="covariances",
    ),
)
UNCERTAINTY = (
    Figure(
        "How unsure the mixture is of the songs",
        "Entropy says how widely a song's posteriors are spread: at 0 the mixture is certain of "
        "its component, at log K, the dashed line, all components are equally likely. Colors are "
        "the likeliest component. It says how undecided the mixture is between its components, not "
        "whether they are real.",
        chart="entropy_histogram",
        picture="entropy_histogram",
    ),
    Figure(
        "Maximum posterior against entropy",
        "Top left are the songs that the mixture is certain of. At one height, those further to "
        "the right are shared among more components. The lines bound what is possible: on the "
        "lower left one as few components as can be share the song, on the upper right one all "
        "others share what the first leaves. The songs are those of the map.",
        chart="posterior_vs_entropy",
        picture="posterior_vs_entropy",
    ),
    Figure(
        "Which components are confused",
        "A row is the songs whose maximum posterior is that component's. On the diagonal is what "
        "the mixture gives to the component itself, beside it what it gives to the others at the "
        "same time; a hard label would hide the latter.",
        picture="component_overlap",
    ),
    Figure(
        "Where the mixture is unsure, on the map",
        "The darker a song, the less sure the mixture is of it. Dark songs far from where ellipses "
        "overlap are undecided in the directions that the map does not show.",
        picture="pca_entropy",
    ),
)
KMEANS = (
    Figure(
        "What each K is worth to K-Means",
        "Inertia, the sum of squared distances to the cluster's center in standardized features, "
        "always falls; a bend would speak for a K. The silhouette is higher where clusters are "
        "tight and apart: 1 at best, 0 where songs lie between clusters. The diamond and the "
        "dashed line are at the chosen K.",
        chart="kmeans_elbow",
        picture="kmeans_elbow",
    ),
    Figure(
        "Mixture and K-Means on the same songs",
        "Numbers are songs, colors the share of the component's songs. Cluster numbers are "
        "arbitrary, so each cluster stands in the column of the component it is matched with; "
        "framed are the matched pairs. Where most songs are off the diagonal, the two methods see "
        "different groups.",
        chart="kmeans_gmm_confusion",
        picture="kmeans_gmm_confusion",
    ),
    Figure(
        "Mixture and K-Means on the map",
        "The map twice: the mixture's hard labels, and K-Means' clusters in the colors of the "
        "components they are matched with. K-Means parts the songs where they are nearer to "
        "another center; the mixture may put a wide component behind a tight one.",
        picture="pca_kmeans",
    ),
)
GENRES = (
    Figure(
        "Where the genres lie",
        "A row is a genre: the percentages of its songs that lie in each component (below 1% left "
        "blank). Genres stand by the component that most of their songs are in: a diagonal means "
        "that components follow genres, wide rows that a genre is spread over the mixture. Genres "
        "are a yardstick and not the truth: five features were never meant to tell them apart.",
        chart="genre_by_component",
        picture="genre_by_component",
    ),
)
SECTIONS = {
    "The songs": SONGS,
    "Choosing K": K,
    "The mixture": MIXTURE,
    "Uncertainty": UNCERTAINTY,
    "K-Means": KMEANS,
    "Genres": GENRES,
}
FIGURES = tuple(figure for section in SECTIONS.values() for figure in section)

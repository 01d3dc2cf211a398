# R's fpc: the mean Jaccard index of each component of a given fit over bootstrap refits by mclust.
# Rscript fpc.R points.csv labels.csv refits   (Debian: apt-get install r-cran-fpc r-cran-mclust)
# labels.csv has a column of labels from 1, without a heading.
suppressMessages({library(mclust); library(fpc)})
arguments <- commandArgs(trailingOnly = TRUE)
points <- as.matrix(read.csv(arguments[1], header = FALSE))
labels <- read.csv(arguments[2], header = FALSE)[, 1]
set.seed(1)
# clusterboot clusters all songs once and then bootstrap samples, of which it takes each song once:
# all songs get the labels given, samples those of mclust.
fit <- function(songs, k) {
  found <- if (nrow(songs) == length(labels)) labels
           else Mclust(songs, G = k, modelNames = "VVV", verbose = FALSE)$classification
  members <- lapply(1:k, function(one) found == one)
  list(result = NULL, nc = k, clusterlist = members, partition = found, clustermethod = "mclust")
}
again <- clusterboot(points, B = as.integer(arguments[3]), bootmethod = "boot", count = FALSE,
                     multipleboot = FALSE, clustermethod = fit, k = max(labels))
cat(sprintf("%.4f", again$bootmean), "\n")

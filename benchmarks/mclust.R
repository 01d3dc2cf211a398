# R's mclust on standardized points: BIC of full covariances (VVV) for K = a..b, and the seconds
# of processor time.
# Rscript mclust.R points.csv a b   (Debian: apt-get install r-cran-mclust)
suppressMessages(library(mclust))
arguments <- commandArgs(trailingOnly = TRUE)
points <- as.matrix(read.csv(arguments[1], header = FALSE))
ks <- as.integer(arguments[2]):as.integer(arguments[3])
begun <- sum(proc.time()[1:2])
bic <- mclustBIC(points, G = ks, modelNames = "VVV", verbose = FALSE)
seconds <- sum(proc.time()[1:2]) - begun
cat(seconds, sprintf("%.2f", -bic[, 1]), "\n") # mclust's BIC has the other sign; NA: no fit

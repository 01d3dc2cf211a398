"""The page that `dvc plots show` and `dvc plots diff` write, whole, without a network."""

"""The page of `dvc plots`."""

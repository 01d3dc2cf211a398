"""Whether a mixture would come back: it is fitted again, to songs drawn anew."""

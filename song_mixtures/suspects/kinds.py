"""The kinds of songs to look at, by the names that tables and charts have for them."""

DUPLICATE, NOWHERE, OCTAVE, LABEL = KINDS = (
    "near-duplicate", "belongs nowhere", "octave", "label"
)  # fmt: skip

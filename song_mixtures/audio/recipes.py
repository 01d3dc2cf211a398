"""A recipe per genre of the demo songs."""

from song_mixtures.audio.synthesis import Recipe, pattern

# Why these: tempo, rhythm and sound are caricatures of the genres, near enough to overlap.
# fmt: off
RECIPES: dict[str, Recipe] = {
    "blues": Recipe(
        tempo_low=80, tempo_high=116, major=0.5, third=0.5, rolloff=0.7, attack=0.01,
        decay=0.5, drive=1.2, drums=0.7, melody=0.6, swing=0.15, looseness=0.01, level=-22,
        kick=pattern("x.......x......."), snare=pattern("....x.......x..."),
        hat=pattern("x.o.x.o.x.o.x.o."), bass=pattern("x...x...x...x..."),
        chords=pattern("x.......o......."),
    ),
    "classical": Recipe(
        tempo_low=75, tempo_high=128, major=0.6, third=0.7, rolloff=0.95, attack=0.03,
        decay=1, drive=0, drums=0, melody=0.7, swing=0, looseness=0.008, level=-28,
        kick=pattern("................"), snare=pattern("................"),
        hat=pattern("................"), bass=pattern("x.......o......."),
        chords=pattern("x...o...x...o..."),
    ),
    "country": Recipe(
        tempo_low=90, tempo_high=122, major=0.9, third=0.7, rolloff=0.55, attack=0.004,
        decay=0.3, drive=0, drums=0.6, melody=0.5, swing=0, looseness=0.006, level=-18,
        kick=pattern("x.......x......."), snare=pattern("....x.......x..."),
        hat=pattern("x.x.x.x.x.x.x.x."), bass=pattern("x...o...x...o..."),
        chords=pattern("....x.o.....x.o."),
    ),
    "disco": Recipe(
        tempo_low=114, tempo_high=130, major=0.45, third=0.6, rolloff=0.35, attack=0.006,
        decay=0.25, drive=0.6, drums=1.4, melody=0.5, swing=0, looseness=0.003, level=-20,
        kick=pattern("x...x...x...x..."), snare=pattern("....x.......x..."),
        hat=pattern("x.x.x.x.x.x.x.x."), bass=pattern("x...x.x.x...x.x."),
        chords=pattern("..x...x...x...x."),
    ),
    "hiphop": Recipe(
        tempo_low=84, tempo_high=100, major=0.2, third=0.5, rolloff=0.7, attack=0.01,
        decay=0.4, drive=0.8, drums=1.4, melody=0.3, swing=0.05, looseness=0.004, level=-16,
        kick=pattern("x..o..x.x......."), snare=pattern("....x.......x..."),
        hat=pattern("x.xox.x.x.xox.x."), bass=pattern("x.....x...o....."),
        chords=pattern("x..............."),
    ),
    "jazz": Recipe(
        tempo_low=96, tempo_high=142, major=0.6, third=0.5, rolloff=1.3, attack=0.015,
        decay=0.4, drive=0, drums=0.35, melody=0.45, swing=0.17, looseness=0.014, level=-25,
        kick=pattern("o.......o......."), snare=pattern("............o..."),
        hat=pattern("x.o.x.o.x.o.x.o."), bass=pattern("x...x...x...x..."),
        chords=pattern("x.....o.o......."),
    ),
    "metal": Recipe(
        tempo_low=104, tempo_high=140, major=0.1, third=0.3, rolloff=0.3, attack=0.003,
        decay=0.3, drive=3, drums=1, melody=0.15, swing=0, looseness=0.004, level=-16,
        kick=pattern("x.x.x.o.x.x.x.o."), snare=pattern("....x.......x..."),
        hat=pattern("x...x...x...x..."), bass=pattern("x.xox.xox.xox.xo"),
        chords=pattern("x.x.x.x.x.x.x.x."),
    ),
    "pop": Recipe(
        tempo_low=92, tempo_high=120, major=0.75, third=0.7, rolloff=0.6, attack=0.008,
        decay=0.35, drive=0.5, drums=0.9, melody=0.4, swing=0, looseness=0.004, level=-15,
        kick=pattern("x...o...x...o..."), snare=pattern("....x.......x..."),
        hat=pattern("x.x.x.x.x.x.x.x."), bass=pattern("x..x..x.x..x..x."),
        chords=pattern("x.......x..o...."),
    ),
    "reggae": Recipe(
        tempo_low=68, tempo_high=92, major=0.65, third=0.6, rolloff=0.6, attack=0.006,
        decay=0.2, drive=0, drums=0.9, melody=0.5, swing=0.05, looseness=0.007, level=-22,
        kick=pattern("........x......."), snare=pattern("........x......."),
        hat=pattern("x.o.x.x.x.o.x.x."), bass=pattern("x..x....x..o...."),
        chords=pattern("....x.......x..."),
    ),
    "rock": Recipe(
        tempo_low=108, tempo_high=145, major=0.6, third=0.4, rolloff=0.6, attack=0.004,
        decay=0.4, drive=2, drums=0.8, melody=0.25, swing=0, looseness=0.006, level=-19,
        kick=pattern("x.....o.x......."), snare=pattern("....x.......x..."),
        hat=pattern("x.x.x.x.x.x.x.x."), bass=pattern("x.x.x.x.x.x.x.x."),
        chords=pattern("x.....x.x......."),
    ),
}
# fmt: on

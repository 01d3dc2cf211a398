"""What people call a song, by its artist and title."""


def display_name(artist: str, title: str) -> str:
    """Return `artist – title` or the title alone, "" where there is none."""
    return f"{artist} – {title}" if title and artist else title

"""A bar with the time that is left, where work takes long and a person watches."""

import sys
from collections.abc import Iterable, Iterator, Sized
from time import time
from typing import TypeVar

DELAY = 2.0  # seconds, before which a bar would only flicker

Item = TypeVar("Item")


def with_bar(items: Iterable[Item], counted: str, total: int | None = None) -> Iterator[Item]:
    """Yield the items; where they take longer than DELAY, a bar shows how many are left.

    Only where standard error is a terminal. tqdm is imported as late as that: of a small run its
    import would be a share.

    Parameters
    ----------
    items : any, as they come
    counted : what they are, in the plural: the bar's label
    total : how many there are; None: as many as len(items)
    """
    if not sys.stderr.isatty():
        yield from items
        return
    total = len(items) if total is None and isinstance(items, Sized) else total
    waiting, begun, passed = iter(items), time(), 0
    for item in waiting:
        yield item
        passed += 1
        if time() - begun >= DELAY:
            break
    else:
        return
    from tqdm import tqdm

    with tqdm(desc=counted, total=total, leave=False, delay=DELAY, file=sys.stderr) as bar:
        bar.start_t = begun  # the estimate is of all the time, not of that since the bar is there
        bar.update(passed)
        bar.refresh()
        for item in waiting:
            yield item
            bar.update()


def write_line(line: str) -> None:
    """Write a line on standard error, above the bar where one is shown."""
    if "tqdm" in sys.modules:
        from tqdm import tqdm

        tqdm.write(line, file=sys.stderr)
    else:
        print(line, file=sys.stderr, flush=True)

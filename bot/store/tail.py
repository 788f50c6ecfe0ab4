"""The end of an append-only file that a power cut filled with rubbish: cut off, when nothing whole stands behind it.

With fsync before every answer, what was acknowledged is whole; a broken end is the record that was being written.
The server itself mends a record that is cut short, but does not start where rubbish follows.
"""

import mmap
import re
from pathlib import Path

_COUNT = re.compile(rb"\*([1-9]\d{0,8})\r\n")
_SIZE = re.compile(rb"\$(\d{1,10})\r\n")
_BEGIN, _END = b"*1\r\n$5\r\nMULTI\r\n", b"*1\r\n$4\r\nEXEC\r\n"


class DamagedInside(Exception):
    """Whole records stand behind the damage: cutting there would lose what was acknowledged."""


def mend(folder: Path) -> int:
    """Cuts rubbish off the newest append-only file of a data directory; the bytes cut, kept in a file beside it.

    0 when its end is sound. Raises DamagedInside, OSError.
    """
    logs = sorted((folder / "appendonlydir").glob("*.incr.aof"), key=lambda path: int(path.name.split(".")[-3]))
    if not logs or not logs[-1].stat().st_size:
        return 0
    with logs[-1].open("r+b") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        sound, damage = _sound(data)
        if damage == len(data):
            return 0
        if any(_record_end(data, found.start()) for found in _COUNT.finditer(data, damage + 1)):
            raise DamagedInside
        rest = data[sound:]
    logs[-1].with_suffix(f".cut-at-{sound}").write_bytes(rest)
    with logs[-1].open("r+b") as file:
        file.truncate(sound)
    return len(rest)


def _sound(data: mmap.mmap) -> tuple[int, int]:
    """Where the last whole record or transaction ends, and where the first damage begins."""
    at = sound = 0
    within = False
    while end := _record_end(data, at):
        record = data[at : min(end, at + len(_BEGIN))]
        within = record == _BEGIN or (within and record != _END)
        at = end
        if not within:
            sound = at
    return sound, at


def _record_end(data: mmap.mmap, at: int) -> int:
    """The end of the record that begins here; 0 when there is no whole one."""
    head = _COUNT.match(data, at)
    if not head:
        return 0
    at = head.end()
    for _ in range(int(head[1])):
        size = _SIZE.match(data, at)
        if not size:
            return 0
        at = size.end() + int(size[1]) + 2
        if at > len(data) or data[at - 2 : at] != b"\r\n":
            return 0
    return at

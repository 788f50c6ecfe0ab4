"""What counsellors said of the screen: was it right to call them? An evaluation set that grows with the work.

A verdict holds level, kinds, language and channel, never a text, unless the counsellor released the words that called
her, with the person's leave; those are sealed under the site's key.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.core.cipher import Cipher
from bot.store.connection import Store, moment, store_errors

FIELD = "released"
PAGE = 500


@dataclass(frozen=True, slots=True)
class CounsellorsVerdict:
    at: datetime
    referral: str
    right: bool
    level: int
    kinds: tuple[str, ...]
    language: str
    channel: str
    texts: tuple[str, ...] = field(default=(), repr=False)
    """Empty unless released."""


class Verdicts:
    def __init__(self, store: Store, site_cipher: Cipher) -> None:
        self._store = store
        self._cipher = site_cipher

    def seal(self, texts: tuple[str, ...]) -> str:
        return self._cipher.seal(json.dumps(texts), FIELD)

    def all(self) -> Iterator[CounsellorsVerdict]:
        """Every referral's last verdict, in the order given. Raises StoreAway."""
        rows = sorted((fields for _, fields in self._rows()), key=lambda row: float(row["at"]))
        last = {row["referral"]: row for row in rows}
        for row in last.values():
            texts = tuple(json.loads(self._cipher.open(row["released"], FIELD))) if row["released"] else ()
            kinds = tuple(kind for kind in row["kinds"].split(",") if kind)
            yield CounsellorsVerdict(
                moment(row["at"]),
                row["referral"],
                row["verdict"] == "right",
                int(row["level"]),
                kinds,
                row["language"],
                row["channel"],
                texts,
            )

    def sealed(self) -> Iterator[tuple[str, str]]:
        """The entries with released words: id and sealed words."""
        return ((id_, fields["released"]) for id_, fields in self._rows() if fields["released"])

    @store_errors
    def _rows(self) -> list[tuple[str, dict[str, str]]]:
        rows: list[tuple[str, dict[str, str]]] = []
        start = "-"
        while True:
            page: Any = self._store.client.xrange(self._store.keys("verdicts"), min=start, count=PAGE)
            rows += [(str(id_), dict(fields)) for id_, fields in page]
            if len(page) < PAGE:
                return rows
            start = "(" + str(page[-1][0])

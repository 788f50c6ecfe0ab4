"""When each person last wrote by a channel with a window, and how many messages the platform takes until she does."""

from collections.abc import Mapping

from bot.core.message import Kind, PersonId
from bot.core.window import Opening, Window
from bot.store.connection import Store, moment

TOUCHES = (Kind.SUBSCRIBE, Kind.MENU_CLICK)


class Windows:
    """``windows`` by the channel's name; other channels take messages at any time. Every method raises StoreAway."""

    def __init__(self, store: Store, windows: Mapping[str, Window]) -> None:
        self._store = store
        self._windows = windows

    def heard(self, person: PersonId, channel: str, kind: Kind) -> None:
        """Opens the window anew; what waited for that is due at once."""
        window = self._windows.get(channel)
        if window is None or kind is Kind.UNSUBSCRIBE:
            return
        if kind in TOUCHES:
            self._store.run("heard", person, window.touch_s * 1000, window.touch_count, 0)
        else:
            self._store.run("heard", person, window.hours * 3600_000, window.count, 1)

    def of(self, person: PersonId, channel: str) -> Opening | None:
        """The window to her; None where the channel has none, or nothing is known of her."""
        window = self._windows.get(channel)
        raw = self._store.run("opening", person) if window else None
        if window is None or raw is None:
            return None
        wrote, until, left, in_line = raw
        return Opening(window, wrote, moment(until), int(left), int(in_line))

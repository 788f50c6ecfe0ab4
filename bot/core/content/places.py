"""Places by every name people use for them, and the minimum wage that holds there."""

import re
from dataclasses import dataclass
from pathlib import Path

from bot.core.content.files import parse, rows
from bot.core.content.model import ContentError, Place, Province, Tier


@dataclass(frozen=True)
class WageAnswer:
    """What may be said of the minimum wage of a place; amounts in yuan. Empty tiers: nothing may be quoted."""

    province: Province
    place: Place
    tiers: tuple[Tier, ...]
    exact: bool
    """True when the notice names the tier of this very place; False when the tiers of the province are listed."""


@dataclass(frozen=True)
class Places:
    provinces: dict[str, Province]
    places: dict[str, Place]

    def police_by_sms(self, words: str) -> Place | None:
        """The place that folded words name whose police number for text messages is known; None for several or none."""
        found = [place for place in self.places.values() if place.police_sms and _named(place, words)]
        return found[0] if len(found) == 1 else None

    def province_in(self, words: str) -> str:
        """The code of the one province that folded words name, as such or by a place in it; "" for none or several."""
        found = {id_.split(".")[0] for id_, place in self.places.items() if _named(place, words)}
        return found.pop() if len(found) == 1 else ""

    def minimum_wage(self, place_id: str) -> WageAnswer:
        """Rule of place: the standard of the place of work applies (LCLR art. 14). KeyError: no such place."""
        place = self.places[place_id]
        province = self.provinces[place_id.split(".")[0]]
        tiers = _quotable(province)
        if place.month_cny is not None and tiers:
            # The city sets its own monthly figure (Shenzhen); its hourly one is not in the fact base.
            return WageAnswer(province, place, (Tier(tier=1, month_cny=place.month_cny),), exact=True)
        named = tuple(tier for tier in tiers if tier.tier == place.tier)
        if named:
            return WageAnswer(province, place, named, exact=True)
        return WageAnswer(province, place, tiers, exact=len(province.tiers) == 1 and len(tiers) == 1)


def _named(place: Place, words: str) -> bool:
    names = (place.name.zh, place.name.en.lower(), *place.names)
    return any(re.search(rf"\b{re.escape(n)}\b", words) if n.isascii() else n in words for n in names)


def _quotable(province: Province) -> tuple[Tier, ...]:
    if province.quote == "none":
        return ()
    if province.quote == "first_month":
        return tuple(Tier(tier=1, month_cny=t.month_cny) for t in province.tiers[:1] if t.month_cny is not None)
    return tuple(tier for tier in province.tiers if tier.month_cny is not None)


def load_places(data: Path) -> Places:
    """Reads minimum_wage.yml and places.yml of content/data."""
    provinces = {}
    for raw in rows(data / "minimum_wage.yml", "provinces"):
        province = parse(Province, raw, "minimum_wage.yml")
        provinces[province.code] = province
    places = {}
    for raw in rows(data / "places.yml", "places"):
        place = parse(Place, raw, "places.yml")
        if place.id.split(".")[0] not in provinces:
            raise ContentError(f"places.yml: {place.id} lies in no province of minimum_wage.yml")
        places[place.id] = place
    return Places(provinces, places)

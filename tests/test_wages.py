"""The minimum wage is told for the place of work, with its date, and never where the figure may be out of date."""

import re

import pytest

from bot.core.content import Library, load_library
from bot.core.content.model import Bilingual, Place, Province, Tier
from bot.core.content.places import Places
from bot.core.content.render import Renderer
from bot.core.content.wages import minimum_wage_text
from bot.wiring import CONTENT


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library(CONTENT)


def say(library: Library, place: str, language: str = "zh") -> str:
    return minimum_wage_text(Renderer(library), library.places.minimum_wage(place), language)


def amounts(text: str) -> list[str]:
    """The sums of money in a text."""
    return re.findall(r"(\d+(?:\.\d+)?)(?:元| yuan)", text)


def test_dongguan_is_in_the_second_tier_of_guangdong(library: Library) -> None:
    assert amounts(say(library, "GD.dongguan")) == ["2080", "19.8"]


def test_shenzhen_has_a_monthly_figure_of_its_own_and_no_hourly_one(library: Library) -> None:
    assert amounts(say(library, "GD.shenzhen")) == ["2520"]


def test_guangzhou_is_in_the_first_tier(library: Library) -> None:
    assert amounts(say(library, "GD.guangzhou")) == ["2500", "23.7"]


def test_a_province_with_one_tier_has_one_answer(library: Library) -> None:
    assert amounts(say(library, "BJ")) == ["2540", "27.7"]


def test_jiangsu_lists_its_tiers(library: Library) -> None:
    assert amounts(say(library, "JS")) == ["2660", "25", "2430", "23", "2180", "21"]


def test_a_city_without_a_named_tier_lists_those_of_its_province(library: Library) -> None:
    assert amounts(say(library, "JS.suzhou")) == amounts(say(library, "JS"))


def test_zhejiang_gives_only_the_first_monthly_figure(library: Library) -> None:
    assert amounts(say(library, "ZJ")) == ["2660"]


def test_where_only_the_first_figure_is_sure_that_is_said(library: Library) -> None:
    assert library.phrases["wage_first_only"].zh in say(library, "ZJ")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("code", ["AH", "YN", "HB", "SN"])
def test_anhui_yunnan_hubei_and_shaanxi_give_no_figure(library: Library, code: str, language: str) -> None:
    places = [place for place in library.places.places if place.split(".")[0] == code]
    assert [place for place in places if amounts(say(library, place, language))] == []


def test_where_no_figure_is_given_a_number_to_ask_is(library: Library) -> None:
    assert library.hotlines["cn_12333"].number in say(library, "AH")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_place_gives_a_text_without_gaps(library: Library, language: str) -> None:
    texts = {place: say(library, place, language) for place in library.places.places}
    assert [place for place, text in texts.items() if not text or "None" in text or "{" in text] == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_figure_is_told_with_the_day_it_holds_from(library: Library, language: str) -> None:
    places = library.places
    texts = {place: say(library, place, language) for place in places.places}
    assert [
        p for p, text in texts.items() if amounts(text) and places.minimum_wage(p).province.effective not in text
    ] == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_figure_is_told_with_a_number_to_check_it(library: Library, language: str) -> None:
    texts = {place: say(library, place, language) for place in library.places.places}
    assert [place for place, text in texts.items() if library.hotlines["cn_12333"].number not in text] == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_place_is_named_in_the_answer(library: Library, language: str) -> None:
    places = library.places.places
    assert [p for p, place in places.items() if place.name.in_(language) not in say(library, p, language)] == []


def test_both_languages_give_the_same_figures(library: Library) -> None:
    assert [p for p in library.places.places if amounts(say(library, p)) != amounts(say(library, p, "en"))] == []


def test_every_tier_that_a_place_names_exists(library: Library) -> None:
    places = library.places
    tiers = {code: {tier.tier for tier in province.tiers} for code, province in places.provinces.items()}
    assert [p for p, place in places.places.items() if place.tier and place.tier not in tiers[p.split(".")[0]]] == []


def test_an_unknown_place_is_an_error(library: Library) -> None:
    with pytest.raises(KeyError):
        library.places.minimum_wage("GD.atlantis")


def _province(**values: object) -> Province:
    row = {"code": "XX", "name": {"zh": "某省", "en": "Somewhere"}, "effective": "2026-01-01", "quote": "all",
           "status": "verified", "tiers": [{"tier": 1, "month_cny": 2000, "hour_cny": 20}, {"tier": 2}]}  # fmt: skip
    return Province.model_validate(row | values)


def _found(province: Province, **values: object) -> tuple[Tier, ...]:
    place = Place(id="XX.town", name=Bilingual(zh="某城", en="Town"), **values)  # type: ignore[arg-type]
    return Places({"XX": province}, {"XX.town": place}).minimum_wage("XX.town").tiers


def test_a_tier_without_a_monthly_figure_is_left_out() -> None:
    assert [tier.tier for tier in _found(_province())] == [1]


def test_a_city_s_own_figure_is_not_quoted_where_the_province_may_not_be() -> None:
    assert _found(_province(quote="none"), month_cny=2100) == ()


def test_a_named_tier_is_not_quoted_where_only_the_first_figure_is_sure() -> None:
    assert [tier.month_cny for tier in _found(_province(quote="first_month"), tier=2)] == [2000]


def test_a_first_tier_without_a_figure_is_not_quoted() -> None:
    assert _found(_province(quote="first_month", tiers=[{"tier": 1}])) == ()


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("BJ", "要另外加上"),
        ("SH", "公积金也不算"),
        ("FJ", "已经包括"),
        ("GZ", "也包括你自己交的那份公积金"),
        ("SC", "管吃管住"),
    ],
)
def test_what_the_figure_includes_is_told_where_it_is_known(library: Library, place: str, told: str) -> None:
    assert told in say(library, place)


def test_where_it_is_not_known_nothing_is_said_of_it(library: Library) -> None:
    assert "社保" not in say(library, "GD.dongguan")

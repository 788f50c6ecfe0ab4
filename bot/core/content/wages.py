"""The minimum wage of a place in words, computed from the table; nothing is sent that may not be quoted."""

from bot.core.content.model import Tier
from bot.core.content.places import WageAnswer
from bot.core.content.render import Renderer


def minimum_wage_text(renderer: Renderer, found: WageAnswer, language: str) -> str:
    """Says the figures with the day they hold from, what they leave out, and where to check."""
    place = found.place.name.in_(language)
    if not found.tiers:
        return renderer.phrase("wage_no_figure", language, place=place)
    lines = [renderer.phrase("wage_head", language, place=place, effective=found.province.effective)]
    if found.exact:
        lines.append(_line(renderer, found.tiers[0], language, "wage_one"))
    else:
        lines += [_line(renderer, tier, language, "wage_tier") for tier in found.tiers]
        if found.province.quote == "first_month":
            lines.append(renderer.phrase("wage_first_only", language))
    lines.append(renderer.phrase("wage_excludes", language))
    lines += [renderer.phrase(f"wage_{what}", language) for what in found.province.counts]
    last = "wage_may_have_risen" if found.exact else "wage_tiers_note"
    if not found.exact:
        lines.append(renderer.phrase("wage_may_have_risen", language).split("\n")[0])
    lines.append(renderer.phrase(last, language))
    return "\n".join(lines)


def _line(renderer: Renderer, tier: Tier, language: str, key: str) -> str:
    hour = renderer.phrase("wage_hour", language, hour=tier.hour_cny) if tier.hour_cny is not None else ""
    return renderer.phrase(key, language, tier=tier.tier, month=tier.month_cny, hour=hour)

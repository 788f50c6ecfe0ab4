"""Signs that after words of danger somebody else may be writing: another language, or everything taken back."""

import re

from bot.core.language import Language

_TAKEN_BACK = re.compile(
    r"(?:(?:我|她|他|都|现在)?没事了|(?:是)?(?:开个?玩笑|闹着玩|逗你)的?|(?:刚才)?(?:乱|瞎|随便)(?:发|写|说)的|"
    r"(?:别|不用|不要)(?:当真|管|来|报警|联系|理)|(?:是)?(?:误会|发错)了?|"
    r"(?:手机)?被(?:小)?孩子?(?:拿|玩)|"
    r"\b(?:just (?:kidding|joking)|only jok|was (?:a joke|joking)|never ?mind|false alarm|by mistake|"
    r"(?:every ?thing|all|she|he) is (?:ok|okay|fine|good)|"
    r"(?:do not|dont|don't) (?:call|come|worry|contact)|no need to (?:call|come)|"
    r"ignore (?:that|my|the)|forget (?:it|what)))"
)
LONG_ENOUGH = 6
"""Characters from which a message in another language tells of another writer."""


def changed(text: str, language: Language, earlier: Language | None) -> str | None:
    """Why the writer may be another, in a counsellor's words, or None. ``text`` is folded."""
    if _TAKEN_BACK.search(text):
        return "takes back what was said: somebody else may be writing, or standing beside her"
    if earlier is not None and language != earlier and len(text) >= LONG_ENOUGH:
        return f"writes in another language than before ({language}, before {earlier}): somebody else may be writing"
    return None

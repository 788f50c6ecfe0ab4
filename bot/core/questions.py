"""Where a message asks two things, and where it leans on what was said before. Pure, without a model."""

import re

_TOO_SHORT, _TOO_FEW = 3, 2
"""Characters of a Chinese part, or words of another, that are not yet a question of its own."""
_MOST = 4
_BREAK = re.compile(
    r"[?？!！。;；\n]+|(?:[,，、]\s*)?(?:还有就是|还有|另外|顺便问(?:一下|下)?|再问(?:一下|下|个)?|对了|第二个?[,，是])"
    r"|(?:[,.]\s*)?\b(?:and also|also|another (?:question|thing)|one more(?: thing)?|by the way|btw|plus"
    r"|second(?:ly)?[,:])\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"[吗嘛么呢不没]\W*$|怎么|咋|如何|多少|几|哪|什么|啥|能不能|可不可以|要不要|是不是|有没有|合法|为什么|凭什么|谁|"
    r"\b(?:what|how|can|could|where|when|who|why|is|are|do|does|did|should|will|legal|allowed|right|which)\b",
    re.IGNORECASE,
)
_LEANS = re.compile(
    r"^(?:那|那么|要是|如果|假如|万一|可是|但是|但|然后|接下来|再|还|所以|这样的话|这个"
    r"|为什么|为啥|凭什么|多久|多少|在哪|去哪|怎么办|要钱|要带)"
    r"|呢\W*$"
    r"|^(?:and|but|then|so|what if|what about|how about|if|how much|how long|where|why|who|is it|do i|can i|or|ok)\b"
    r"|\b(?:then|though|in that case)\W*$",
    re.IGNORECASE,
)
_SHORT, _FEW = 14, 8
"""Characters of a Chinese message, or words of another, up to which it may lean on the one before."""


def questions(text: str) -> list[str]:
    """The parts of a message that ask something, when there are at least two; empty for a single question."""
    parts = [part.strip(" ,，.。") for part in _BREAK.split(text)]
    asking = [part for part in parts if longer(part, _TOO_SHORT, _TOO_FEW) and _ASKS.search(part)]
    return asking[:_MOST] if len(asking) > 1 else []


def leans_on_the_last(text: str) -> bool:
    """True for a short message that is only understood with the one before ("那要是没合同呢", "how much then")."""
    bare = text.strip()
    return not longer(bare, _SHORT, _FEW) and bool(_LEANS.search(bare))


def longer(text: str, characters: int, words: int) -> bool:
    """Whether a text is longer than so many words, or so many characters where words are not spaced."""
    return len(text.split()) > words if text.isascii() else len(text) > characters

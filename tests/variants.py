"""Rewrites a message as people in a hurry or under watch do; used to prove that the disguise changes nothing."""

import random
from collections import defaultdict
from collections.abc import Callable

import opencc
from pypinyin import Style, lazy_pinyin

_TRADITIONAL = opencc.OpenCC("s2t")
_LEET = str.maketrans("oieas", "0134$")
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_EMOJI = "😭🙏😢💔"


def is_han(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"


def traditional(text: str, _: random.Random) -> str:
    return _TRADITIONAL.convert(text)


def zero_width(text: str, chance: random.Random) -> str:
    return "".join(c + ("\u200b" if chance.random() < 0.3 else "") for c in text)


def spaced(text: str, _: random.Random) -> str:
    """Gaps between Chinese characters; other letters as they are."""
    return "".join(a + (" " if is_han(a) and is_han(b) else "") for a, b in zip(text, text[1:] + " ", strict=True))


def dotted(text: str, _: random.Random) -> str:
    return "".join(a + ("." if is_han(a) and is_han(b) else "") for a, b in zip(text, text[1:] + " ", strict=True))


def full_width(text: str, _: random.Random) -> str:
    return text.translate(_FULL_WIDTH)


def upper_case(text: str, _: random.Random) -> str:
    return text.upper()


def emoji_around(text: str, chance: random.Random) -> str:
    return f"{chance.choice(_EMOJI)}{text}{chance.choice(_EMOJI) * 3}"


def homophone(text: str, chance: random.Random) -> str:
    """One Chinese character for another of the same sound."""
    places = [i for i, c in enumerate(text) if is_han(c) and len(_alike()[lazy_pinyin(c)[0]]) > 1]
    if not places:
        return text
    place = chance.choice(places)
    others = [c for c in _alike()[lazy_pinyin(text[place])[0]] if c != text[place]]
    return text[:place] + chance.choice(others) + text[place + 1 :]


def pinyin(text: str, _: random.Random) -> str:
    return " ".join(lazy_pinyin(text, style=Style.NORMAL))


def leetspeak(text: str, chance: random.Random) -> str:
    """A third of the letters o, i, e, a, s inside words as the digits that look like them."""
    out = []
    for before, c, after in zip(" " + text, text, text[1:] + " ", strict=False):
        inside = before.isalpha() and after.isalpha()
        out.append(c.translate(_LEET) if inside and chance.random() < 1 / 3 else c)
    return "".join(out)


def typo(text: str, chance: random.Random) -> str:
    """Two letters of one word change places."""
    places = [i for i in range(1, len(text) - 2) if text[i].isalpha() and text[i + 1].isalpha()]
    if not places:
        return text
    i = chance.choice(places)
    return text[:i] + text[i + 1] + text[i] + text[i + 2 :]


Variant = Callable[[str, random.Random], str]
_SOUNDS: dict[str, list[str]] = defaultdict(list)


def _alike() -> dict[str, list[str]]:
    """Common characters by their sound."""
    if not _SOUNDS:
        common = (
            "的一是了我不在人们有来他这上着个地到大里说就去子得也和那要下看天时过出小么起你都把好还多没为又可家学只以主会样年想生同老中十从自面前头道它"
            "后然走很像见两用她国动进成回什边作对开而己些现山民候经发工向事命给长水几义三声于高手知理眼志点心战二问但身方实吃做叫当住听革打呢真全才四已"
            "所敌之最光产情路分总条白话东席次亲如被花口放儿常气五第使写军吧文运再果怎定许快明行因别飞外树物活部门无往船望新带队先力完却站代员机更九您每"
            "风级跟笑啊孩万少直意夜比阶连车重便斗马哪化太指变社似士者干石满日决百原拿群究各六本思解立河村八难早论吗根共让相研今其书坐接应关信觉步反处记"
            "将千找争领或师结块跑谁草越字加脚紧爱等习阵怕月青半火法题建赶位唱海七女任件感准张团屋离色脸片科倒睛利世刚且由送切星导晚表够整认响雪流未场该"
            "并底深刻平伟忙提确近亮轻讲农古黑告界拉名呀土清阳照办史改历转画造嘴此治北必服雨穿内识验传业菜爬睡兴形量咱观苦体众通冲合破友度术饭公旁房极南"
            "枪读沙岁线野坚空收算至政城劳落钱特围弟胜教热展包歌类渐强数乡呼性音答哥际旧神座章帮啦受系令跳非何牛取入岸敢掉忽种装顶急林停息句区衣般报叶压慢"
        )
        for character in dict.fromkeys(common):
            _SOUNDS[lazy_pinyin(character)[0]].append(character)
    return _SOUNDS


LOSSLESS: dict[str, tuple[Variant, ...]] = {
    "zh": (traditional, zero_width, spaced, dotted, full_width),
    "en": (zero_width, full_width, upper_case),
}
"""Disguises that folding takes off without a trace: the verdict must be the very same."""
LOSSY: dict[str, tuple[Variant, ...]] = {
    "zh": (emoji_around, homophone, pinyin),
    "en": (emoji_around, leetspeak, typo),
}
"""Disguises that cost something: most verdicts must stay as they are."""

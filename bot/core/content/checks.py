"""What must hold between content files: known sources, known numbers, lengths, the same figures in every language."""

import re

from bot.core.choices import MOST_CHOICES
from bot.core.content.forms import Form
from bot.core.content.library import Library
from bot.core.content.model import (
    GAPS,
    LIMITS,
    LIST_NUMBER,
    OTHER_LIMITS,
    PHRASE_NUMBER,
    PLACEHOLDER,
    SAFETY_LIMITS,
    Answer,
    Bilingual,
)
from bot.core.content.translations import SOURCES, Translation, revision_of

SOURCE_TABLES = {"law", "sign", "service", "hotline"}
FREE_SOURCES = {"programme", "practice"}
LONGEST_TITLE = 40
"""Characters of a title, so that a menu of them fits its channel."""
_CHOICE_TOLD = re.compile(r"(?:reply|send) \d|[回发]复?\d", re.IGNORECASE)
"""Numbers that say what to send: the only digits that may stand in a text beside those of numbered steps."""
_AMOUNT_IN_WORDS = {
    "zh": r"[一二两三四五六七八九十百千万半]+(?<!第一)(?<!最后一)(?:个?半)?"
    r"(?:年|个?月|天|个?小时|元|块|岁|倍|个星期|折|成)",
    "en": r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|half)"
    r"[ -](?:a )?(?:full )?(?:years?|months?|days?|hours?|yuan|weeks?|times|per ?cent)\b",
    "vi": r"\b(?:một|hai|ba|bốn|sáu|bảy|tám|chín|mười|nửa) (?:năm|tháng|ngày|giờ|tuần|tuổi|lần|tệ)\b",
    "th": r"(?:หนึ่ง|สอง|สาม|สี่|ห้า|หก|เจ็ด|แปด|เก้า|สิบ|ครึ่ง) ?(?:ปี|เดือน|วัน|ชั่วโมง|หยวน|เท่า|สัปดาห์)",
    "my": r"(?:တစ်|သုံး|လေး|ငါး|ခြောက်|ခုနစ်|ရှစ်|ကိုး|ဆယ်) ?(?:နှစ်|လ|ရက်|နာရီ|ယွမ်|ဆ)(?![\u102b-\u103e])",
    "km": r"(?:មួយ|ពីរ|បី|បួន|ប្រាំ|ដប់|កន្លះ) ?(?:ឆ្នាំ|ខែ|ថ្ងៃ|ម៉ោង|យ័ន|ដង)",
    "lo": r"(?:ໜຶ່ງ|ສອງ|ສາມ|ສີ່|ຫ້າ|ຫົກ|ເຈັດ|ແປດ|ເກົ້າ|ສິບ|ເຄິ່ງ) ?(?:ປີ|ເດືອນ|ວັນ|ຊົ່ວໂມງ|ຢວນ|ເທົ່າ)",
}


def problems(library: Library, showable: dict[str, set[str]]) -> list[str]:
    """Every rule that is broken, in sentences that name the file. ``showable``: ids that may be cited, by table."""
    everything = library.everything
    found = []
    for key, figure in library.figures.items():
        found += [f"figure {key}: {p}" for p in _source_problems([figure.source], showable)]
    for key, term in library.terms.items():
        found += [f"terms.yml, {key}: {p}" for p in _source_problems([term.source], showable)]
    for answer in everything.values():
        found += [f"{answer.id}: {p}" for p in _answer_problems(answer, library, showable)]
        found += [f"{answer.id}: related {r} does not exist" for r in answer.related if r not in everything]
    for (language, answer_id), row in library.translations.answers.items():
        where = f"translations/{language}/{answer_id}.yml"
        if answer_id not in everything:
            found.append(f"{where}: there is no such answer")
        else:
            found += [f"{where}: {p}" for p in _translation_problems(row, language, everything[answer_id], library)]
    for form in library.forms.values():
        found += [f"forms/{form.id}.yml: {p}" for p in _form_problems(form, library, showable)]
    found += [f"menu.yml: {entry} is no answer" for entry in library.menu if entry not in everything]
    if not 1 <= len(library.menu) <= MOST_CHOICES:
        found.append(f"menu.yml: between 1 and {MOST_CHOICES} entries, since a person answers with one digit")
    for key, phrase in library.phrases.items():
        found += [f"phrases.yml, {key}.{p}" for p in _phrase_problems(phrase, library)]
    for language, book in library.translations.phrases.items():
        unknown = book.phrases.keys() - library.phrases.keys()
        found += [f"translations/{language}/phrases.yml: there is no phrase {key}" for key in sorted(unknown)]
    return found


def _answer_problems(answer: Answer, library: Library, showable: dict[str, set[str]]) -> list[str]:
    found = _source_problems(list(answer.sources), showable)
    if answer.call is not None and answer.call not in library.hotlines:
        found.append(f"call {answer.call} is no hotline")
    for form in ("text", "sms"):
        text = getattr(answer, form)
        for language in SOURCES:
            wrong = _text_problems(getattr(text, language), language, LIMITS[form, language], library)
            found += [f"{form}.{language}{p}" for p in wrong]
        if _numbers(text.zh) != _numbers(text.en):
            different = sorted(".".join(number) for number in _numbers(text.zh) ^ _numbers(text.en))
            found.append(f"{form}: zh and en do not give the same figures and numbers: {', '.join(different)}")
    return found


def _translation_problems(row: Translation, language: str, answer: Answer, library: Library) -> list[str]:
    limits = SAFETY_LIMITS if answer.is_safety else OTHER_LIMITS
    found = []
    for form in ("text", "sms"):
        text, source = getattr(row, form), getattr(answer, form).en
        found += [f"{form}{p}" for p in _text_problems(text, language, limits[form], library)]
        if row.of != revision_of(answer):
            continue  # stale: its source has changed, so it is not compared until it is signed anew
        added, left_out = _numbers(text) - _numbers(source), _numbers(source) - _numbers(text)
        if added:
            found.append(f"{form} gives figures that its source does not: {_listed(added)}")
        if left_out and form == "text":
            found.append(f"{form} leaves out figures of its source: {_listed(left_out)}")
    if len(row.title) > LONGEST_TITLE:
        found.append(f"title has {len(row.title)} characters, at most {LONGEST_TITLE} are allowed")
    return found


def _text_problems(text: str, language: str, limit: int, library: Library) -> list[str]:
    """What is wrong with one text, its figures and its length; each begins with a colon or a space."""
    found = []
    for kind, key in PLACEHOLDER.findall(text):
        if library.value(kind, key) is None:
            found.append(f": {kind}.{key} is in no data file")
    rest = PLACEHOLDER.sub("", text)
    if "{" in rest or "}" in rest:
        found.append(": a bracket belongs to no known placeholder")
    found += [f": {p}" for p in _loose_figures(rest, language)]
    length = len(PLACEHOLDER.sub(lambda m: library.value(*m.groups()) or "", text).strip())
    if length > limit:
        found.append(f" has {length} characters, at most {limit} are allowed")
    return found


def _loose_figures(text: str, language: str) -> list[str]:
    """Figures that stand in a text itself, where no change of a data file would reach them."""
    told = _CHOICE_TOLD.sub("", LIST_NUMBER.sub("", text))
    digits = "".join(char if char.isdigit() else " " for char in told).split()
    words = re.findall(_AMOUNT_IN_WORDS[language], told, re.IGNORECASE)
    return [f"the figure {each} stands in the text, not in a data file" for each in (*digits, *words)]


def _numbers(text: str) -> set[tuple[str, str]]:
    return set(PLACEHOLDER.findall(text))


def _listed(numbers: set[tuple[str, str]]) -> str:
    return ", ".join(sorted(".".join(number) for number in numbers))


def _phrase_problems(phrase: Bilingual, library: Library) -> list[str]:
    found = []
    for language in phrase.languages:
        text = phrase.in_(language)
        unknown = [key for key in PHRASE_NUMBER.findall(text) if key not in library.hotlines]
        found += [f"{language}: {key} is no hotline" for key in unknown]
        rest = PHRASE_NUMBER.sub("", text)
        for gap in GAPS:
            rest = rest.replace("{" + gap + "}", "")
        if "{" in rest or "}" in rest:
            found.append(f"{language}: a bracket belongs to no known placeholder")
        elif _gaps(text) != _gaps(phrase.en):
            found.append(f"{language}: it does not have the same gaps as in English")
    return found


def _gaps(text: str) -> set[str]:
    return set(re.findall(r"{([a-z0-9_.]+)}", text))


def _form_problems(form: Form, library: Library, showable: dict[str, set[str]]) -> list[str]:
    found = _source_problems(list(form.sources), showable)
    found += [f"{topic} is no answer" for topic in (*form.after, form.starts) if topic and topic not in library.answers]
    if form.call is not None and form.call not in library.hotlines:
        found.append(f"call {form.call} is no hotline")
    found += [
        f"{f.id}: {f.sign} is no sign that may be shown" for f in form.fields if f.sign and f.sign not in library.signs
    ]
    for key, line in form.lines.items():
        for language in SOURCES:
            for kind, name in PLACEHOLDER.findall(line.in_(language)):
                if library.value(kind, name) is None:
                    found.append(f"{key}.{language}: {kind}.{name} is in no data file")
            rest = PLACEHOLDER.sub("", line.in_(language))
            found += [f"{key}.{language}: {p}" for p in _loose_figures(rest, language)]
    return found


def _source_problems(sources: list[str], showable: dict[str, set[str]]) -> list[str]:
    found = []
    for source in sources:
        table, _, key = source.partition(".")
        if table in FREE_SOURCES:
            continue
        if table not in SOURCE_TABLES or key not in showable[table]:
            found.append(f"the source {source} does not exist or may not be shown")
    return found

"""Every text renders in both languages and forms, fits its channel, and a broken file is refused with a sentence."""

import ast
import re
import shutil
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest
import yaml

import bot.core.language
from bot.core.content import Answer, ContentError, load_library
from bot.core.content.model import PLACEHOLDER
from bot.core.content.render import Renderer
from bot.core.sms import MAX_PARTS, is_gsm7, parts
from bot.service.answers import FORMS, Answers
from bot.settings import ROOT
from bot.wiring import CONTENT

WECHAT_LIMIT = 2_048
LIBRARY = load_library(CONTENT)
EVERYTHING = {**LIBRARY.answers, **LIBRARY.safety}
TODAY = date(2026, 11, 22)
LANGUAGES = ["zh", "en"]
ALL_LANGUAGES = list(bot.core.language.LANGUAGES)
STYLES = ["text", "sms"]
ALARMING = {
    "zh": ["拐卖", "报警", "解救", "人贩", "自杀", "强奸", "卖淫"],
    "en": ["traffick", "police", "rescue", "suicide", "rape", "prostitut"],
}


class Today:
    """A clock that stands still on one day."""

    def __init__(self, day: date) -> None:
        self._day = day

    def now(self) -> datetime:
        return datetime(self._day.year, self._day.month, self._day.day, tzinfo=timezone.utc)


def answers_on(day: date) -> Answers:
    return Answers(LIBRARY, Today(day))


def rendered(answer: Answer, language: str, style: str, day: date = TODAY) -> str:
    return Renderer(LIBRARY).answer(answer, language, style, day)


def bodies(answer: Answer) -> Iterator[tuple[str, str, str]]:
    """Style, language and raw text of each form of an answer."""
    for style in STYLES:
        for language in LANGUAGES:
            yield style, language, getattr(answer, style).in_(language)


# Every text


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("language", ALL_LANGUAGES)
def test_every_answer_renders_without_gaps(language: str, style: str) -> None:
    texts = {answer.id: rendered(answer, language, style) for answer in EVERYTHING.values()}
    assert [id_ for id_, text in texts.items() if not text.strip() or "{" in text or "None" in text] == []


@pytest.mark.parametrize("language", ALL_LANGUAGES)
def test_every_phrase_renders_with_its_numbers(language: str) -> None:
    texts = {key: Renderer(LIBRARY).phrase(key, language) for key in LIBRARY.phrases}
    assert [key for key, text in texts.items() if not text or "{tel." in text] == []


def test_both_languages_of_a_phrase_have_the_same_gaps() -> None:
    gaps = re.compile(r"{([a-z0-9_.]+)}")
    phrases = LIBRARY.phrases.items()
    assert [key for key, p in phrases if set(gaps.findall(p.zh)) != set(gaps.findall(p.en))] == []


@pytest.mark.parametrize("style", STYLES)
def test_both_languages_of_an_answer_give_the_same_figures_and_numbers(style: str) -> None:
    texts = {answer.id: getattr(answer, style) for answer in EVERYTHING.values()}
    different = [i for i, t in texts.items() if set(PLACEHOLDER.findall(t.zh)) != set(PLACEHOLDER.findall(t.en))]
    assert different == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_first_line_alarms_who_looks_at_the_screen(language: str) -> None:
    firsts = [
        (a.id, text.split("\n")[0].lower())
        for a in EVERYTHING.values()
        for _, lang, text in bodies(a)
        if lang == language
    ]
    assert [(id_, word) for id_, first in firsts for word in ALARMING[language] if word in first] == []


def test_no_title_alarms_who_looks_at_the_screen() -> None:
    menu = [EVERYTHING[id_].title for id_ in LIBRARY.menu]
    assert [t for t in menu for lang in LANGUAGES for word in ALARMING[lang] if word in t.in_(lang).lower()] == []


def test_figures_and_numbers_stand_in_data_files_only() -> None:
    allowed = re.compile(r"(?m)^\d\. |(?i:reply|send) \d|[回发]复?\d")
    texts = [
        (a.id, style, allowed.sub("", PLACEHOLDER.sub("", text)))
        for a in EVERYTHING.values()
        for style, _, text in bodies(a)
    ]
    assert [(id_, style) for id_, style, text in texts if re.search(r"\d", text)] == []


def test_an_english_sms_needs_no_wide_characters() -> None:
    assert [a.id for a in EVERYTHING.values() if not is_gsm7(rendered(a, "en", "sms"))] == []


@pytest.mark.parametrize(("language", "longest"), [("zh", 14), ("en", 32)])
def test_titles_fit_a_menu(language: str, longest: int) -> None:
    assert [a.id for a in EVERYTHING.values() if len(a.title.in_(language)) > longest] == []


# Every topic


def test_every_answer_that_the_engine_may_choose_exists() -> None:
    domain = yaml.safe_load((ROOT / "stories" / "domain.yml").read_text(encoding="utf-8"))
    chosen = [row["text"] for rows in domain["responses"].values() for row in rows]
    assert [id_ for id_ in chosen if not id_.startswith(("system/", "form/")) and id_ not in EVERYTHING] == []


def test_the_answer_of_a_finer_topic_is_that_of_the_topic_above_it() -> None:
    assert LIBRARY.answer("wages/unpaid/in_winter").id == "wages/unpaid"


@pytest.mark.parametrize("unknown", ["wages/nothing", "wages", "", "nothing/at/all"])
def test_an_unknown_topic_is_an_error(unknown: str) -> None:
    with pytest.raises(KeyError):
        LIBRARY.answer(unknown)


def test_every_phrase_that_the_code_says_exists() -> None:
    asked = set()
    for path in (ROOT / "bot").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("phrase", "_phrase", "brief"):
                asked |= {a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)}
    assert asked - set(LIBRARY.phrases) == set()


# What fits


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("language", ALL_LANGUAGES)
@pytest.mark.parametrize("present", [True, False], ids=["somebody on duty", "nobody on duty"])
def test_a_safety_answer_fits_in_one_piece_with_label_promise_and_question(
    present: bool, language: str, style: str
) -> None:
    answers = answers_on(TODAY)
    promise = answers.brief("escalated" if present else "escalated_nobody", language, FORMS[style])
    question = f"{promise}\n{answers.brief('ask_safe_to_write', language, FORMS[style])}"
    label = answers.phrase("ai_label", language)
    texts = {a.id: f"{label}\n{rendered(a, language, style)}" for a in LIBRARY.safety.values()}
    assert [id_ for id_, text in texts.items() if answers.cut_above(text, question, FORMS[style].in_danger())[1]] == []


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("language", ALL_LANGUAGES)
@pytest.mark.parametrize("status", ["set_aside", "not_saved"])
def test_a_safety_answer_fits_in_one_piece_while_the_store_is_away(status: str, language: str, style: str) -> None:
    answers = answers_on(TODAY)
    said = answers.brief(status, language, FORMS[style])
    texts = {a.id: rendered(a, language, style) for a in LIBRARY.safety.values()}
    assert [id_ for id_, text in texts.items() if answers.cut_above(text, said, FORMS[style].in_danger())[1]] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_answer_fits_one_wechat_text_with_its_label(language: str) -> None:
    label = answers_on(TODAY).phrase("ai_label", language)
    texts = {a.id: f"{label}\n{rendered(a, language, 'text')}" for a in EVERYTHING.values()}
    assert [id_ for id_, text in texts.items() if len(text.encode()) > WECHAT_LIMIT] == []


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("language", ALL_LANGUAGES)
def test_whatever_is_cut_comes_in_pieces_that_fit(language: str, style: str) -> None:
    answers, form = answers_on(TODAY), FORMS[style]
    for answer in EVERYTHING.values():
        first, rest = answers.cut(rendered(answer, language, "text"), form, language)
        assert all(form.fits(piece) for piece in (first, *rest)), answer.id


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("head", ["menu", "unsure_again", "engine_away"])
def test_the_menu_fits_in_one_piece(head: str, language: str, style: str) -> None:
    answers = answers_on(TODAY)
    tail = answers.phrase("engine_away_numbers", language) if head == "engine_away" else ""
    label = answers.phrase("ai_label", language)
    text = answers.numbered(answers.phrase(head, language), LIBRARY.menu, language, tail)
    assert FORMS[style].fits(f"{label}\n{text}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_three_long_titles_fit_beside_did_you_mean(language: str) -> None:
    answers = answers_on(TODAY)
    longest = sorted(LIBRARY.answers.values(), key=lambda answer: -len(answer.title.in_(language)))[:3]
    head, tail = answers.phrase("did_you_mean", language), answers.phrase("did_you_mean_none", language)
    text = answers.numbered(head, tuple(answer.id for answer in longest), language, tail)
    assert parts(f"{answers.phrase('ai_label', language)}\n{text}") <= MAX_PARTS


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrase_fits_an_sms(language: str) -> None:
    answers = answers_on(TODAY)
    assert [key for key in LIBRARY.phrases if parts(answers.phrase(key, language)) > MAX_PARTS] == []


# How old it is


@pytest.mark.parametrize(("days", "warned"), [(0, False), (1, True)])
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_answer_past_its_review_date_says_so(language: str, days: int, warned: bool) -> None:
    answer = LIBRARY.answers["wages/unpaid"]
    text = rendered(answer, language, "sms", answer.review_by + timedelta(days=days))
    assert (LIBRARY.phrases["expired"].in_(language) in text) is warned


def test_the_expired_answers_are_listed() -> None:
    last = max(answer.review_by for answer in EVERYTHING.values())
    assert sorted(LIBRARY.expired(last + timedelta(days=1))) == sorted(EVERYTHING)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_hotline_in_an_answer_is_told_with_the_date_of_its_source(language: str, style: str) -> None:
    undated = []
    for answer in LIBRARY.answers.values() if style == "sms" else EVERYTHING.values():
        numbers = {key for table, key in PLACEHOLDER.findall(getattr(answer, style).in_(language)) if table == "tel"}
        said = rendered(answer, language, style)
        undated += [
            (answer.id, key)
            for key in numbers | ({answer.call} if answer.call else set())
            if not _dated(said, key, language)
        ]
    assert undated == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_safety_sms_tells_the_oldest_and_the_newest_date_of_its_numbers(language: str) -> None:
    for answer in LIBRARY.safety.values():
        keys = {key for table, key in PLACEHOLDER.findall(answer.sms.in_(language)) if table == "tel"}
        dates = sorted(LIBRARY.hotlines[key].as_of for key in keys if LIBRARY.hotlines[key].as_of != "undated")
        said = rendered(answer, language, "sms")
        assert dates[0] in said
        assert dates[-1] in said


def _dated(text: str, key: str, language: str) -> bool:
    """The date of a hotline stands in the text, or inside a span that does."""
    as_of = LIBRARY.hotlines[key].as_of
    if as_of == "undated":
        return LIBRARY.phrases["undated"].in_(language) in text
    spans = re.findall(r"(\d{4}(?:-\d\d)?)(?:–| to )(\d{4}(?:-\d\d)?)", text)
    return as_of in text or any(first <= as_of <= last for first, last in spans)


def test_no_hotline_is_shown_as_a_figure_without_its_date() -> None:
    calls = {key: line.number for key, line in LIBRARY.hotlines.items() if len(line.number) >= 5}
    hidden = {
        f: key for f, figure in LIBRARY.figures.items() for key, number in calls.items() if number in str(figure.value)
    }
    undated = []
    for answer in EVERYTHING.values():
        for style, language, text in bodies(answer):
            used = PLACEHOLDER.findall(text)
            undated += [
                (answer.id, style, language, key)
                for t, key in used
                if t == "fig" and key in hidden and ("tel", hidden[key]) not in used
            ]
    assert undated == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_number_to_call_stands_alone_on_the_last_line(language: str) -> None:
    calling = [answer for answer in EVERYTHING.values() if answer.call]
    last = {answer.id: rendered(answer, language, "sms").split("\n")[-1] for answer in calling}
    assert [a.id for a in calling if last[a.id] != LIBRARY.hotlines[str(a.call)].number] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_for_a_broken_store_give_the_numbers_with_their_dates(language: str) -> None:
    text = Renderer(LIBRARY).phrase("store_away", language)
    assert [key for key in ("cn_110", "cn_12110", "cn_12333") if not _dated(text, key, language)] == []


# Broken files

TABLES = ["phrases.yml", "menu.yml", "data/law.yml", "data/hotlines.yml", "data/places.yml", "data/minimum_wage.yml"]


@pytest.fixture
def folder(content_copy: Path) -> Path:
    """A copy of the content that a test may change."""
    return content_copy


def refusal(folder: Path) -> str:
    with pytest.raises(ContentError) as refused:
        load_library(folder)
    return str(refused.value)


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_an_unbroken_copy_is_accepted(folder: Path) -> None:
    assert set(load_library(folder).answers) == set(LIBRARY.answers)


@pytest.mark.parametrize("source", ["law.nonsense", "law.flexhours", "rumour.heard", "hotline.cn_0"])
def test_an_unknown_or_hidden_source_is_refused(folder: Path, source: str) -> None:
    replace(folder / "answers/wages/unpaid.yml", "sources: [", f"sources: [{source}, ")
    said = refusal(folder)
    assert "wages/unpaid" in said
    assert source in said


@pytest.mark.parametrize("gap", ["tel.cn_0", "fig.nonsense", "law.written_contract"])
def test_an_unknown_placeholder_is_refused(folder: Path, gap: str) -> None:
    replace(folder / "answers/wages/unpaid.yml", "  zh: |\n", f"  zh: |\n    {{{{ {gap} }}}}\n")
    said = refusal(folder)
    assert "wages/unpaid" in said
    assert gap in said


@pytest.mark.parametrize("gap", ["{{ tel.CN_110 }}", "{{ cn_110 }}", "{ tel.cn_110 }", "{{ tel.cn_110 }"])
def test_a_misspelt_placeholder_is_refused(folder: Path, gap: str) -> None:
    replace(folder / "answers/wages/unpaid.yml", "  zh: |\n", f"  zh: |\n    {gap}\n")
    assert "wages/unpaid" in refusal(folder)


@pytest.mark.parametrize("key", ["store_away", "engine_away_numbers"])
def test_an_unknown_number_in_a_phrase_is_refused(folder: Path, key: str) -> None:
    replace(folder / "phrases.yml", f"\n{key}:", "\nold_text: {zh: x, en: x}\n" + f"{key}:")
    text = (folder / "phrases.yml").read_text(encoding="utf-8")
    before, after = text.split(f"\n{key}:")
    (folder / "phrases.yml").write_text(
        f"{before}\n{key}:" + after.replace("tel.cn_110}", "tel.cn_0}", 1), encoding="utf-8"
    )
    assert key in refusal(folder)


@pytest.mark.parametrize(("form", "length"), [("text:\n  zh", 421), ("sms:\n  zh", 151)])
def test_a_text_that_is_too_long_is_refused(folder: Path, form: str, length: int) -> None:
    replace(folder / "answers/wages/unpaid.yml", f"{form}: |\n", f"{form}: |\n    {'长' * length}\n")
    said = refusal(folder)
    assert "wages/unpaid" in said
    assert "characters" in said


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("id: wages/unpaid", "id: wages/paid", "wages/paid"),
        ("title: {zh", "titel: {zh", "titel"),
        ("confidence: high", "confidence: certain", "confidence"),
        ("review_by:", "reviewed_by:", "review_by"),
        ("jurisdiction: CN", "jurisdiction: DE", "jurisdiction"),
        ("sms:\n", "smm:\n", "sms"),
        ("related: [", "related: [wages/nonsense, ", "wages/nonsense"),
        ("text:\n", "call: cn_0\ntext:\n", "cn_0"),
        ("id: wages/unpaid", "id: [", "unpaid.yml"),
    ],
)
def test_a_broken_answer_is_named(folder: Path, old: str, new: str, named: str) -> None:
    path = folder / "answers/wages/unpaid.yml"
    path.write_text(re.sub(r"confidence: \w+", "confidence: high", path.read_text(encoding="utf-8")), encoding="utf-8")
    replace(path, old, new)
    said = refusal(folder)
    assert "unpaid" in said
    assert named in said


@pytest.mark.parametrize("name", [*TABLES, "answers/wages/unpaid.yml", "safety/violence.yml"])
@pytest.mark.parametrize("content", [b"", b"a: [", "工资".encode("gbk")], ids=["empty", "no yaml", "no utf-8"])
def test_an_unreadable_file_is_named(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    assert Path(name).name in refusal(folder)


@pytest.mark.parametrize("name", [*TABLES, "data/figures/common.yml"])
@pytest.mark.parametrize("content", ["- 工资", "工资: 工资", "工资"], ids=["list", "other keys", "text"])
def test_a_file_of_another_shape_is_named(folder: Path, name: str, content: str) -> None:
    (folder / name).write_text(content, encoding="utf-8")
    assert Path(name).name in refusal(folder)


@pytest.mark.parametrize("name", ["phrases.yml", "data/hotlines.yml", "data/services.yml", "data/danger_signs.yml"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert Path(name).name in refusal(folder)


def test_a_library_without_safety_answers_is_refused(folder: Path) -> None:
    shutil.rmtree(folder / "safety")
    assert "safety" in refusal(folder)


def test_a_menu_entry_without_answer_is_refused(folder: Path) -> None:
    replace(folder / "menu.yml", "- wages/unpaid", "- wages/nonsense")
    assert "wages/nonsense" in refusal(folder)


def test_a_menu_of_more_than_nine_is_refused(folder: Path) -> None:
    replace(folder / "menu.yml", "- wages/unpaid", "- wages/unpaid\n  - wages/piece_rate\n  - wages/construction")
    assert "menu" in refusal(folder)


def test_a_figure_that_is_defined_twice_is_named(folder: Path) -> None:
    (folder / "data/figures/zz.yml").write_text("min_age: {value: 15, source: law.min_age}", encoding="utf-8")
    assert "min_age" in refusal(folder)


def test_a_figure_without_a_known_source_is_refused(folder: Path) -> None:
    (folder / "data/figures/zz.yml").write_text("new_age: {value: 15, source: law.nonsense}", encoding="utf-8")
    assert "new_age" in refusal(folder)


def test_a_place_in_no_province_is_refused(folder: Path) -> None:
    replace(folder / "data/places.yml", "- id: JS\n", "- id: ZZ.town\n  name: {zh: 某城, en: Town}\n- id: JS\n")
    assert "ZZ.town" in refusal(folder)


def test_all_problems_are_told_at_once(folder: Path) -> None:
    replace(folder / "answers/wages/unpaid.yml", "sources: [", "sources: [law.nonsense, ")
    replace(folder / "menu.yml", "- wages/overtime_pay", "- wages/nonsense")
    said = refusal(folder)
    assert "law.nonsense" in said
    assert "wages/nonsense" in said

"""An answer's life: its words are signed, translated, due, expired; and every figure stands in a data file."""

import re
import shutil
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from bot.cli import main
from bot.core.content import ContentError, Library, load_library
from bot.core.content.render import Renderer
from bot.core.content.review import DUE_BEFORE, WITHHELD_AFTER, hard_to_read, standings, state, translation_state
from bot.core.content.translations import TRANSLATED, revision_of
from bot.desk.preview import write_preview
from bot.desk.signing import sign_answer, sign_translation
from bot.wiring import CONTENT

LIBRARY = load_library(CONTENT)
UNPAID = LIBRARY.answers["wages/unpaid"]
TODAY = UNPAID.review_by - timedelta(days=100)
RARE_BUT_NEEDED = frozenset("湄莞")
"""In the names of the Mekong and of Dongguan."""


class Noon:
    """A clock that stands still."""

    def __init__(self, day: date) -> None:
        self._day = day

    def now(self) -> datetime:
        return datetime(self._day.year, self._day.month, self._day.day, 12, tzinfo=timezone.utc)


@pytest.fixture
def folder(content_copy: Path) -> Path:
    """A copy of the content that a test may change."""
    return content_copy


def unpaid(folder: Path) -> Path:
    return folder / "answers" / "wages" / "unpaid.yml"


def put_in(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def refusal(folder: Path) -> str:
    with pytest.raises(ContentError) as refused:
        load_library(folder)
    return str(refused.value)


def translate(folder: Path, language: str = "vi", **changes: object) -> Path:
    """A translation of wages/unpaid, made from the English text itself so that its figures are right."""
    row: dict[str, object] = {
        "id": "wages/unpaid",
        "of": revision_of(UNPAID),
        "by": "A translator",
        "date": "2026-11-22",
        "title": "Không trả lương",
        "text": "Về lương:\n" + UNPAID.text.en,
        "sms": "Ve luong.",
        **changes,
    }
    path = folder / "translations" / language / "wages" / "unpaid.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(row, allow_unicode=True), encoding="utf-8")
    return path


# Every figure in a data file


@pytest.mark.parametrize("planted", ["3", "３", "两年", "十五天", "百元", "半个月"])
def test_a_planted_figure_in_chinese_is_refused(folder: Path, planted: str) -> None:
    put_in(unpaid(folder), "  zh: |\n", f"  zh: |\n    要在{planted}内去。\n")
    assert planted in refusal(folder)


@pytest.mark.parametrize("planted", ["3", "two years", "half a month", "Thirty days", "twelve hours"])
def test_a_planted_figure_in_english_is_refused(folder: Path, planted: str) -> None:
    put_in(unpaid(folder), "  en: |\n", f"  en: |\n    Go within {planted}.\n")
    assert planted in refusal(folder)


@pytest.mark.parametrize(
    ("language", "planted"),
    [
        ("vi", "hai năm"),
        ("th", "สองปี"),
        ("my", "သုံးရက်"),
        ("km", "ពីរឆ្នាំ"),
        ("lo", "ສອງປີ"),
        ("my", "၃"),
        ("th", "๓"),
        ("vi", "3"),
    ],
)
def test_a_planted_figure_in_a_translation_is_refused(folder: Path, language: str, planted: str) -> None:
    translate(folder, language, sms=f"x {planted} x")
    said = refusal(folder)
    assert planted in said
    assert f"translations/{language}/wages/unpaid.yml" in said


@pytest.mark.parametrize("written", ["reply 1", "Send 2", "回1", "回复2"])
def test_a_number_to_send_and_numbered_steps_are_no_figures(folder: Path, written: str) -> None:
    put_in(unpaid(folder), "  en: |\n", f"  en: |\n    1. Do it.\n    Then {written} now.\n")
    load_library(folder)


@pytest.mark.parametrize("harmless", ["第一天", "最后一天", "一起"])
def test_words_that_only_look_like_amounts_pass(folder: Path, harmless: str) -> None:
    put_in(unpaid(folder), "  zh: |\n", f"  zh: |\n    从{harmless}来。\n")
    load_library(folder)


def test_figures_that_differ_between_chinese_and_english_are_refused(folder: Path) -> None:
    put_in(unpaid(folder), "  zh: |\n", "  zh: |\n    {{ fig.min_age }}\n")
    said = refusal(folder)
    assert "fig.min_age" in said
    assert "zh and en" in said


def test_changing_a_figure_is_changing_one_file(folder: Path) -> None:
    put_in(folder / "data" / "figures" / "common.yml", "arb_limit_years: {value: 1,", "arb_limit_years: {value: 7,")
    library = load_library(folder)
    for language in ("zh", "en"):
        said = Renderer(library).answer(library.answers["wages/unpaid"], language, "text", TODAY)
        assert re.search(r"\b7 year|7年", said)


# How plainly it is written


def test_no_sentence_is_hard_to_read() -> None:
    assert hard_to_read(LIBRARY) == []


def test_a_long_sentence_is_found(folder: Path) -> None:
    put_in(unpaid(folder), "  en: |\n", "  en: |\n    " + "so " * 26 + "on.\n")
    assert [hard.answer for hard in hard_to_read(load_library(folder))] == ["wages/unpaid"]


def test_chinese_texts_use_common_characters() -> None:
    texts = [(a.id, text) for a in LIBRARY.everything.values() for text in (a.title.zh, a.text.zh, a.sms.zh)]
    assert [(id_, c) for id_, text in texts for c in text if _rare(c) and c not in RARE_BUT_NEEDED] == []


def _rare(character: str) -> bool:
    """Whether a Chinese character is outside the 3,755 of GB 2312's first level, which everybody learns."""
    return "\u4e00" <= character <= "\u9fff" and character.encode("gb2312", "replace")[0] not in range(0xB0, 0xD8)


# Its life


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (-DUE_BEFORE.days, "published"),
        (-DUE_BEFORE.days + 1, "due"),
        (0, "due"),
        (1, "expired"),
        (WITHHELD_AFTER.days, "expired"),
        (WITHHELD_AFTER.days + 1, "withheld"),
    ],
)
def test_the_state_of_an_answer_follows_its_review_date(days: int, expected: str) -> None:
    assert state(UNPAID, UNPAID.review_by + timedelta(days=days)) == expected


def test_nothing_here_was_changed_since_its_review() -> None:
    assert [row.answer.id for row in standings(LIBRARY, TODAY) if row.state == "draft"] == []


def test_an_answer_whose_words_changed_is_not_sent_until_it_is_signed(folder: Path) -> None:
    put_in(unpaid(folder), "  en: |\n", "  en: |\n    New words.\n")
    library = load_library(folder)
    said = Renderer(library).answer(library.answers["wages/unpaid"], "en", "text", TODAY)
    assert "New words" not in said
    assert library.phrases["withheld"].en.split(".")[0] in said
    assert said.endswith("12333")
    sign_answer(folder, library, "wages/unpaid", "Li Fa", TODAY, lawyer=True)
    library = load_library(folder)
    assert "New words" in Renderer(library).answer(library.answers["wages/unpaid"], "en", "text", TODAY)
    assert library.answers["wages/unpaid"].reviewed.legal_sign_off == "Li Fa"


def test_an_answer_long_past_its_date_is_not_sent() -> None:
    day = UNPAID.review_by + WITHHELD_AFTER + timedelta(days=1)
    said = Renderer(LIBRARY).answer(UNPAID, "zh", "text", day)
    assert UNPAID.text.zh.split("\n")[1][:6] not in said
    assert said.endswith("12333")


def test_words_to_somebody_in_danger_are_always_sent(folder: Path) -> None:
    put_in(folder / "safety" / "violence.yml", "  en: |\n", "  en: |\n    Changed.\n")
    library = load_library(folder)
    answer = library.safety["safety/violence"]
    day = answer.review_by + WITHHELD_AFTER + timedelta(days=1)
    assert Renderer(library).answer(answer, "en", "text", day).startswith("Changed.")


# Signing


def test_signing_changes_two_lines_and_no_others(folder: Path) -> None:
    before = unpaid(folder).read_text(encoding="utf-8").split("\n")
    sign_answer(folder, load_library(folder), "wages/unpaid", "Chen Editor", TODAY, lawyer=False)
    after = unpaid(folder).read_text(encoding="utf-8").split("\n")
    changed = [new.split(":")[0] for old, new in zip(before, after, strict=True) if old != new]
    assert changed == ["reviewed", "review_by"]
    assert state(load_library(folder).answers["wages/unpaid"], TODAY) == "published"


def test_a_lawyers_name_is_kept_for_the_same_words_and_lost_with_new_ones(folder: Path) -> None:
    sign_answer(folder, load_library(folder), "wages/unpaid", "Li Fa", TODAY, lawyer=True)
    sign_answer(folder, load_library(folder), "wages/unpaid", "Chen Editor", TODAY, lawyer=False)
    assert load_library(folder).answers["wages/unpaid"].reviewed.legal_sign_off == "Li Fa"
    put_in(unpaid(folder), "  en: |\n", "  en: |\n    New words.\n")
    sign_answer(folder, load_library(folder), "wages/unpaid", "Chen Editor", TODAY, lawyer=False)
    assert load_library(folder).answers["wages/unpaid"].reviewed.legal_sign_off == "awaiting"


@pytest.mark.parametrize("name", ['a"}', "a\nb", "", "a: b"])
def test_a_name_that_would_break_the_file_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(ContentError, match="letters"):
        sign_answer(folder, load_library(folder), "wages/unpaid", name, TODAY, lawyer=False)


def test_an_unknown_answer_cannot_be_signed(folder: Path) -> None:
    with pytest.raises(ContentError, match="wages/nothing"):
        sign_answer(folder, load_library(folder), "wages/nothing", "A", TODAY, lawyer=False)
    with pytest.raises(ContentError, match="not translated"):
        sign_translation(folder, load_library(folder), "talk/greet", "vi", "A")


# Translations


def test_a_translation_is_sent_in_its_language(folder: Path) -> None:
    translate(folder)
    library = load_library(folder)
    said = Renderer(library).answer(library.answers["wages/unpaid"], "vi", "text", TODAY)
    assert said.startswith("Về lương")


def test_a_stale_translation_gives_way_to_english_until_somebody_signs(folder: Path) -> None:
    translate(folder, of="00000000")
    library = load_library(folder)
    answer = library.answers["wages/unpaid"]
    assert translation_state(library, answer, "vi") == "stale"
    assert Renderer(library).answer(answer, "vi", "text", TODAY).startswith("About your wages")
    put = folder / "translations" / "vi" / "wages" / "unpaid.yml"
    put.write_text(put.read_text(encoding="utf-8") + "native_sign_off: awaiting\n", encoding="utf-8")
    sign_translation(folder, library, "wages/unpaid", "vi", "Nguyen Thi Hoa")
    library = load_library(folder)
    assert translation_state(library, library.answers["wages/unpaid"], "vi") == "unchecked"
    assert library.translations.answers["vi", "wages/unpaid"].native_sign_off == "Nguyen Thi Hoa"


@pytest.mark.parametrize("language", TRANSLATED)
def test_stale_words_to_somebody_in_danger_stay_in_her_language(folder: Path, language: str) -> None:
    put_in(folder / "safety" / "violence.yml", "  en: |\n", "  en: |\n    Changed.\n")
    library = load_library(folder)
    answer = library.safety["safety/violence"]
    assert translation_state(library, answer, language) == "stale"
    assert answer.text.in_(language) != answer.text.en


def test_new_figures_make_no_translation_stale(folder: Path) -> None:
    translate(folder)
    put_in(folder / "data" / "figures" / "common.yml", "arb_limit_years: {value: 1,", "arb_limit_years: {value: 7,")
    library = load_library(folder)
    answer = library.answers["wages/unpaid"]
    assert translation_state(library, answer, "vi") == "unchecked"
    assert " 7 " in Renderer(library).answer(answer, "vi", "text", TODAY)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": "wages/other"}, "wages/other"),
        ({"text": "Về lương."}, "leaves out"),
        ({"sms": "{{ fig.min_age }}"}, "fig.min_age"),
        ({"text": "x" * 1501}, "1501 characters"),
        ({"title": "x" * 41}, "41 characters"),
        ({"sms": "{{ fig.nonsense }}"}, "fig.nonsense"),
        ({"extra": "x"}, "extra"),
    ],
)
def test_a_broken_translation_is_named(folder: Path, changes: dict[str, object], said: str) -> None:
    translate(folder, **changes)
    refused = refusal(folder)
    assert "wages/unpaid.yml" in refused
    assert said in refused


def test_a_translation_of_nothing_is_named(folder: Path) -> None:
    path = translate(folder, id="wages/nothing")
    path.rename(path.with_name("nothing.yml"))
    assert "translations/vi/wages/nothing.yml" in refusal(folder)


def test_a_phrase_that_lost_its_gap_in_translation_is_named(folder: Path) -> None:
    put_in(folder / "translations" / "vi" / "phrases.yml", "{dates}", "")
    assert "numbers_as_of" in refusal(folder)


# The site to read it all


def test_the_preview_shows_every_answer_as_it_is_sent(tmp_path: Path) -> None:
    count = write_preview(LIBRARY, Noon(TODAY), tmp_path)
    assert len(list(tmp_path.glob("*.html"))) == count == len(LIBRARY.everything) + 2
    page = (tmp_path / "wages.unpaid.html").read_text(encoding="utf-8")
    assert Renderer(LIBRARY).answer(UNPAID, "zh", "sms", TODAY).split("\n")[1] in page
    assert LIBRARY.facts["arb_limit"].articles in page
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert all(f'href="{answer.replace("/", ".")}.html"' in index for answer in LIBRARY.everything)


def test_every_link_of_the_preview_leads_somewhere(tmp_path: Path) -> None:
    write_preview(LIBRARY, Noon(TODAY), tmp_path)
    links = {
        link for page in tmp_path.glob("*.html") for link in re.findall(r'href="([^"]+)"', page.read_text("utf-8"))
    }
    assert [link for link in links if not (tmp_path / link).exists()] == []


# The commands


def test_the_desk_works_from_the_command_line(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(CONTENT / "screen", folder / "screen")
    put_in(unpaid(folder), "  en: |\n", "  en: |\n    New words.\n")
    runner = CliRunner()
    checked = runner.invoke(main, ["content", "check", str(folder)])
    assert checked.exit_code == 0
    assert "wages/unpaid" in checked.output
    status = runner.invoke(main, ["content", "status", str(folder)])
    assert re.search(r"draft +wages/unpaid", status.output)
    signed = runner.invoke(main, ["content", "sign", "wages/unpaid", "--by", "Chen", "--folder", str(folder)])
    assert signed.exit_code == 0
    assert "wages/unpaid" not in runner.invoke(main, ["content", "status", str(folder)]).output


def test_a_library_is_one_thing() -> None:
    assert isinstance(LIBRARY, Library)
    assert set(LIBRARY.everything) == set(LIBRARY.answers) | set(LIBRARY.safety)

"""The screen finds a cry in any disguise, weighs it by its context, and never takes its own fault for safety."""

import functools
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.screen import Screen, Verdict
from bot.core.screen.lexicon import Entry, Lexicon, LexiconError, Pattern, Rule, load
from bot.wiring import CONTENT, load_screen

HELP = {"id": "t.help", "kind": "violence", "level": 1, "terms": ["救命"], "example": "救命"}
HELP_BY_SOUND = HELP | {"sound": True}
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=200)


def rule(effect: str = "harmless", scope: str = "clause", pattern: str = "电影", **more: Any) -> dict[str, Any]:
    return {"id": "t.rule", "effect": effect, "scope": scope, "patterns": [pattern], "says": "about a film"} | more


def write(folder: Path, name: str, data: object) -> None:
    (folder / name).write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of data files with one cry for help."""
    write(tmp_path, "lexicon.zh.yml", [HELP])
    return tmp_path


def screen(folder: Path, *entries: dict[str, Any], rules: tuple[dict[str, Any], ...] = (), **words: Any) -> Screen:
    """A screen of a few entries of the test's own."""
    write(folder, "lexicon.zh.yml", list(entries) or [HELP])
    if rules:
        write(folder, "context.zh.yml", list(rules))
    if words:
        write(folder, "words.zh.yml", words)
    return Screen.from_folder(folder)


# What is found


@pytest.mark.parametrize(
    "message", ["救命", "救命啊", "快来救命", "救 命", "救\u200b命", "救.命", "你好。\n救命！！！"]
)
def test_a_term_is_found_anywhere_and_however_disguised(folder: Path, message: str) -> None:
    assert screen(folder)(message).level == 1


@given(before=st.text(max_size=100), after=st.text(max_size=100))
@settings(deadline=None)
def test_a_cry_is_found_whatever_stands_around_it(before: str, after: str) -> None:
    entry = Entry("t.help", "violence", 1, ("救命",), (), sound=False, firm=False, example="救命", counter="")
    assert Screen(Lexicon((entry,), ()))(f"{before}。救命。{after}").level == 1


@pytest.mark.parametrize("message", ["", "工资", "救护车", "命"])
def test_what_is_not_in_the_lexicon_is_information(folder: Path, message: str) -> None:
    assert screen(folder)(message) == Verdict(4, False, (), (), "zh")


def test_a_pattern_is_found(folder: Path) -> None:
    found = screen(folder, HELP | {"patterns": ["被.{0,3}打"]})("我被老公打了")
    assert found.level == 1


def test_a_pattern_may_use_a_group_of_words(folder: Path) -> None:
    found = screen(folder, HELP | {"patterns": ["{zh_he}打我"]}, zh_he=["老公", "老板"])("老板打我")
    assert found.level == 1


@pytest.mark.parametrize(
    ("message", "level"), [("sos", 1), ("sos.", 1), ("please, sos now", 1), ("SOS", 1), ("isosceles", 4)]
)
def test_a_latin_term_must_be_a_whole_word(folder: Path, message: str, level: int) -> None:
    assert screen(folder, HELP | {"terms": ["sos"]})(message).level == level


@pytest.mark.parametrize("message", ["sos!", "sos!!!", "SOS！", "!sos"])
def test_an_exclamation_mark_does_not_hide_a_latin_term(folder: Path, message: str) -> None:
    assert screen(folder, HELP | {"terms": ["sos"]})(message).level == 1


def test_the_most_serious_hit_decides(folder: Path) -> None:
    calm = HELP | {"id": "t.calm", "kind": "trafficking", "level": 2, "terms": ["被卖"]}
    found = screen(folder, calm, HELP)("我被卖了救命")
    assert (found.level, found.kinds) == (1, ("violence", "trafficking"))


def test_a_term_that_only_asks_does_not_call_a_human(folder: Path) -> None:
    found = screen(folder, HELP | {"level": "check"})("救命")
    assert (found.level, found.check, found.escalates) == (4, True, False)


def test_the_gentle_question_is_not_asked_beside_an_alarm(folder: Path) -> None:
    found = screen(folder, HELP, HELP | {"id": "t.ask", "level": "check", "terms": ["难受"]})("难受，救命")
    assert (found.level, found.check) == (1, False)


def test_the_reason_names_the_words_and_the_entry(folder: Path) -> None:
    assert screen(folder)("快来救命啊").reasons == ("says “救命” (violence, t.help): level 1",)


def test_a_verdict_tells_the_language(folder: Path) -> None:
    asks = screen(folder)
    assert (asks("my boss").language, asks("1", default="en").language) == ("en", "en")


# By its sound


@pytest.mark.parametrize(
    "message", ["jiuming", "JIU MING", "jiu-ming", "jiuming jiuming", "jiuming!", "wo yao jiuming"]
)
def test_a_term_is_heard_in_pinyin(folder: Path, message: str) -> None:
    assert screen(folder, HELP_BY_SOUND)(message).level == 1


@pytest.mark.parametrize("message", ["jiuming a", "jiuming。", "jiuming😭", "快来 jiuming", "“jiuming”"])
def test_a_term_is_heard_in_pinyin_beside_other_characters(folder: Path, message: str) -> None:
    assert screen(folder, HELP_BY_SOUND)(message).level == 1


def test_a_short_term_written_with_other_characters_only_asks(folder: Path) -> None:
    found = screen(folder, HELP_BY_SOUND)("究命")
    assert (found.level, found.check) == (4, True)


def test_a_long_term_written_with_other_characters_counts_in_full(folder: Path) -> None:
    assert screen(folder, HELP_BY_SOUND | {"terms": ["他要打死我"]})("塌要打死我").level == 1


def test_a_term_that_is_not_marked_is_not_heard(folder: Path) -> None:
    assert screen(folder)("究命") == Verdict(4, False, (), (), "zh")


def test_a_heard_term_is_told_as_heard(folder: Path) -> None:
    assert screen(folder, HELP_BY_SOUND)("究命").reasons[0].startswith("sounds like “救命”")


def test_a_heard_term_is_weighed_in_its_own_clause(folder: Path) -> None:
    assert screen(folder, HELP_BY_SOUND, rules=(rule(),))("昨天看了电影。究命").check


# Its context


def test_a_harmless_context_excuses_a_hit(folder: Path) -> None:
    found = screen(folder, rules=(rule(),))("电影里有人喊救命")
    assert (found.level, found.check) == (4, False)


def test_an_excused_hit_still_leaves_its_reason(folder: Path) -> None:
    found = screen(folder, rules=(rule(),))("电影里有人喊救命")
    assert found.reasons == ("says “救命” (violence, t.help), taken as harmless: about a film",)


def test_a_doubtful_context_asks(folder: Path) -> None:
    found = screen(folder, rules=(rule("check"),))("电影里有人喊救命")
    assert (found.level, found.check) == (4, True)


def test_somebody_else_in_danger_keeps_the_level_and_adds_the_kind(folder: Path) -> None:
    found = screen(folder, rules=(rule("third_party", pattern="妹妹"),))("妹妹喊救命")
    assert (found.level, found.kinds) == (1, ("violence", "third_party"))


@pytest.mark.parametrize(
    ("scope", "message", "level"),
    [
        ("clause", "看电影，救命", 1),
        ("clause", "救命，看电影", 1),
        ("clause", "电影里喊救命，好看", 4),
        ("sentence", "看电影，救命", 4),
        ("sentence", "看电影。救命", 1),
        ("message", "看电影。救命", 4),
    ],
)
def test_a_rule_reaches_as_far_as_its_scope(folder: Path, scope: str, message: str, level: int) -> None:
    assert screen(folder, rules=(rule(scope=scope),))(message).level == level


@pytest.mark.parametrize("message", ["看电影\n救命", "看电影. 救命"])
def test_a_new_line_or_a_full_stop_ends_what_a_rule_reaches(folder: Path, message: str) -> None:
    assert screen(folder, rules=(rule(scope="sentence"),))(message).level == 1


def test_a_rule_concerns_only_its_kinds(folder: Path) -> None:
    assert screen(folder, rules=(rule(kinds=["suicide"]),))("电影里有人喊救命").level == 1


def test_a_second_cry_outside_the_harmless_clause_counts(folder: Path) -> None:
    assert screen(folder, rules=(rule(),))("电影里有人喊救命。救命").level == 1


def test_no_rule_weakens_a_firm_entry(folder: Path) -> None:
    assert screen(folder, HELP | {"firm": True}, rules=(rule(scope="message"),))("电影，救命").level == 1


class CountedPattern:
    """In the place of a compiled pattern: counts how often it is searched for."""

    def __init__(self) -> None:
        self.searches = 0

    def search(self, text: str) -> None:
        self.searches += 1


def test_a_rule_is_tried_once_for_a_clause_however_often_the_cry_is_repeated() -> None:
    entry = Entry("t.help", "violence", 1, ("救命",), (), sound=False, firm=False, example="救命", counter="")
    pattern: Any = CountedPattern()
    counted = Rule(
        "t.rule", "harmless", "message", (Pattern(pattern, frozenset()),), frozenset({"violence"}), says="x", example=""
    )
    Screen(Lexicon((entry,), (counted,)))("救命" * 300)
    assert pattern.searches <= 3


# A fault inside


def test_a_fault_inside_reads_as_unsure_and_never_as_safe(folder: Path) -> None:
    broken: Any = None
    found = screen(folder)(broken, default="en")
    assert (found.check, found.language) == (True, "en")


def test_a_fault_inside_is_told_without_the_words(folder: Path) -> None:
    class Failing(CountedPattern):
        def search(self, text: str) -> None:
            raise RuntimeError(text)

    entry = Entry("t.help", "violence", 1, ("救命",), (), sound=False, firm=False, example="救命", counter="")
    pattern: Any = Failing()
    failing = Rule(
        "t.rule", "harmless", "clause", (Pattern(pattern, frozenset()),), frozenset({"violence"}), says="x", example=""
    )
    found = Screen(Lexicon((entry,), (failing,)))("我在东莞救命")
    assert found.level == 1, "what was found stands when the rules that might excuse it fail"
    assert found.faults == ("the context rules failed (RuntimeError): treated as unsure",)
    assert not any("东莞" in reason for reason in found.reasons)


# Broken data files


def refusal(folder: Path) -> str:
    with pytest.raises(LexiconError) as refused:
        load(folder)
    return str(refused.value)


@pytest.mark.parametrize("name", ["words.zh.yml", "lexicon.zh.yml", "context.zh.yml"])
@pytest.mark.parametrize("content", [b"", b"a: [", "救命".encode("gbk")], ids=["empty", "no yaml", "no utf-8"])
def test_an_unreadable_file_is_named(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    assert name in refusal(folder)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "sadness"},
        {"level": 5},
        {"level": None},
        {"terms": []},
        {"example": ""},
        {"term": ["救命"]},
        {"patterns": ["(unclosed"]},
        {"patterns": ["{nobody}打我"]},
    ],
    ids=str,
)
def test_a_broken_entry_is_named_with_its_file(folder: Path, wrong: dict[str, Any]) -> None:
    write(folder, "lexicon.zh.yml", [HELP | wrong])
    said = refusal(folder)
    assert "lexicon.zh.yml" in said
    assert "t.help" in said


@pytest.mark.parametrize(
    "wrong", [{"terms": "救命"}, {"patterns": "救命"}, {"terms": [""]}, {"patterns": ["(?:救命)?"]}], ids=str
)
def test_an_entry_that_would_fire_everywhere_is_refused(folder: Path, wrong: dict[str, Any]) -> None:
    write(folder, "lexicon.zh.yml", [HELP | wrong])
    assert "lexicon.zh.yml" in refusal(folder)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("lexicon.zh.yml", {"t.help": HELP}),
        ("lexicon.zh.yml", ["救命"]),
        ("lexicon.zh.yml", [{k: v for k, v in HELP.items() if k != "id"}]),
        ("context.zh.yml", ["电影"]),
        ("context.zh.yml", [{k: v for k, v in rule().items() if k != "id"}]),
        ("words.zh.yml", ["老公"]),
        ("words.zh.yml", {"zh_laugh": [233]}),
    ],
)
def test_a_file_of_another_shape_is_named(folder: Path, name: str, data: object) -> None:
    write(folder, name, data)
    assert name in refusal(folder)


@pytest.mark.parametrize(
    "wrong", [{"effect": "ignore"}, {"scope": "page"}, {"patterns": []}, {"says": ""}, {"patterns": ["("]}], ids=str
)
def test_a_broken_rule_is_named_with_its_file(folder: Path, wrong: dict[str, Any]) -> None:
    write(folder, "context.zh.yml", [rule() | wrong])
    said = refusal(folder)
    assert "context.zh.yml" in said
    assert "t.rule" in said


@pytest.mark.parametrize("wrong", [{"kind": ["suicide"]}, {"kinds": ["suicid"]}, {"kinds": "suicide"}], ids=str)
def test_a_rule_with_a_misspelt_limit_is_refused(folder: Path, wrong: dict[str, Any]) -> None:
    write(folder, "context.zh.yml", [rule() | wrong])
    assert "context.zh.yml" in refusal(folder)


def test_an_id_that_is_used_twice_is_named(folder: Path) -> None:
    write(folder, "lexicon.en.yml", [HELP])
    assert "t.help" in refusal(folder)


def test_a_folder_without_lexicon_is_refused(tmp_path: Path) -> None:
    assert "no lexicon" in refusal(tmp_path)


# The real lexicon

REAL = load(CONTENT / "screen")


@functools.lru_cache(maxsize=1)
def real_screen() -> Screen:
    return Screen(REAL)


@pytest.fixture
def real() -> Screen:
    return real_screen()


def hit(verdict: Verdict) -> bool:
    return verdict.escalates or verdict.check


@pytest.mark.parametrize("entry", REAL.entries, ids=lambda entry: entry.id)
def test_every_entry_s_example_fires(real: Screen, entry: Entry) -> None:
    verdict = real(entry.example)
    assert hit(verdict) if entry.level == 0 else verdict.level <= entry.level


@pytest.mark.parametrize("entry", REAL.entries, ids=lambda entry: entry.id)
def test_every_entry_hears_its_own_example(real: Screen, entry: Entry) -> None:
    assert [reason for reason in real(entry.example).reasons if f", {entry.id})" in reason]


@pytest.mark.parametrize("entry", [entry for entry in REAL.entries if entry.counter], ids=lambda entry: entry.id)
def test_no_counter_example_calls_a_human(real: Screen, entry: Entry) -> None:
    assert not real(entry.counter).escalates


@pytest.mark.parametrize(
    "excuse", [r for r in REAL.rules if r.example and r.effect != "third_party"], ids=lambda excuse: excuse.id
)
def test_no_example_of_an_excuse_calls_a_human(real: Screen, excuse: Rule) -> None:
    assert not real(excuse.example).escalates


def test_no_entry_fires_on_nothing() -> None:
    assert [entry.id for entry in REAL.entries if any(p.compiled.search("") for p in entry.patterns)] == []


@pytest.mark.parametrize("mark", ["!", "！！！", "。", ".", "...", "😭", "  ", "\n"])
def test_a_mark_after_a_cry_never_takes_it_away(real: Screen, mark: str) -> None:
    cries = [entry.example for entry in REAL.entries if hit(real(entry.example))]
    assert [cry for cry in cries if not hit(real(cry + mark))] == []


def full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


@pytest.mark.parametrize("change", [str.upper, str.title, full_width])
def test_the_form_of_its_letters_never_takes_a_cry_away(real: Screen, change: Any) -> None:
    cries = [entry.example for entry in REAL.entries if hit(real(entry.example))]
    assert [cry for cry in cries if not hit(real(change(cry)))] == []


@pytest.mark.parametrize(
    "message", ["救命", "救救我", "他打我", "我被关起来了", "我想死", "help me", "he locked me in", "i want to die"]
)
def test_the_plainest_cries_call_a_human(real: Screen, message: str) -> None:
    assert real(message).escalates


PLAINEST = ["救命", "究命", "jiu ming", "救救我", "🆘", "sos", "help me", "我想死", "他打我", "我被关起来了", "4了算了"]


@pytest.mark.parametrize("message", PLAINEST)
def test_the_reader_of_meaning_leaves_the_plainest_cries_alone(message: str) -> None:
    assert screen_with_reader()(message).escalates


@functools.cache
def screen_with_reader() -> Screen:
    return load_screen()


@pytest.mark.parametrize(
    "message", ["老板不发工资怎么办", "最低工资是多少", "how is overtime paid", "你好", "1", "谢谢", "东莞"]
)
def test_the_plainest_questions_alarm_nobody(real: Screen, message: str) -> None:
    assert not hit(real(message))


@given(ANY_TEXT)
@settings(deadline=None, max_examples=200)
def test_no_text_breaks_the_screen(text: str) -> None:
    assert not [reason for reason in real_screen()(text).reasons if reason.startswith("the screen failed")]


@pytest.mark.parametrize("unit", ["a", "我", "my ", "the girl ", "被我老公", "a.", "1a$", "\u0301", "\n"])
def test_a_text_at_the_limit_is_screened_to_its_end(real: Screen, unit: str) -> None:
    assert real((unit * 4_000)[:1_000] + "。救命").level == 1


def test_the_words_in_a_reason_are_kept_short(real: Screen) -> None:
    quoted = [re.findall("“(.*?)”", reason) for reason in real("他把我打得起不来，" + "救命" * 20).reasons]
    assert max(len(words) for found in quoted for words in found) <= 40

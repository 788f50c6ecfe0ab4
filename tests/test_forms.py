"""Each form stands whole in three places (content, domain, rules), and every result can be said."""

import itertools
from datetime import date
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.content import load_library
from bot.core.content.forms import STILL, UNKNOWN, Field, Form
from bot.core.content.results import Results
from bot.service.answers import FORMS
from bot.settings import ROOT
from bot.wiring import CONTENT

LIBRARY = load_library(CONTENT)
RESULTS = Results(LIBRARY)
TODAY = date(2026, 11, 22)
DOMAIN = yaml.safe_load((ROOT / "stories" / "domain.yml").read_text(encoding="utf-8"))
RULES = yaml.safe_load((ROOT / "stories" / "forms.yml").read_text(encoding="utf-8"))["rules"]
EACH = pytest.mark.parametrize("form", LIBRARY.forms.values(), ids=LIBRARY.forms)
LANGUAGES = pytest.mark.parametrize("language", ["zh", "en"])


def answers(field: Field) -> st.SearchStrategy[Any]:
    """Every value that a field can have."""
    amount = st.floats(0, 100_000).map(lambda x: round(x, 2))
    values: dict[str, st.SearchStrategy[Any]] = {
        "place": st.sampled_from(sorted(LIBRARY.places.places)),
        "choice": st.sampled_from([option.id for option in field.options] or [""]),
        "yes_no": st.sampled_from(["yes", "no"]),
        "no_yes": st.sampled_from(["yes", "no"]),
        "month": st.sampled_from(["2026-11", "2026-09", "2025-11", "2025-10"]),
        "left": st.sampled_from([STILL, "2026-10", "2025-11", "2020-02"]),
    }
    return values.get(field.type, amount) | st.just(UNKNOWN)


def steps(rule: dict[str, Any]) -> list[str]:
    return [
        str(step.get("intent") or step.get("action")) for step in rule["steps"] if "intent" in step or "action" in step
    ]


@EACH
def test_the_engine_asks_the_fields_in_their_order(form: Form) -> None:
    assert DOMAIN["forms"][f"{form.id}_form"]["required_slots"] == [form.slot(field) for field in form.fields]
    for field in form.fields:
        question = DOMAIN["responses"][f"utter_ask_{form.id}_form_{form.slot(field)}"]
        assert question == [{"text": f"form/{form.id}/{field.id}"}]
    assert DOMAIN["responses"][f"utter_{form.id}_result"] == [{"text": f"form/{form.id}"}]


@EACH
def test_a_field_is_filled_only_by_an_answer_to_it(form: Form) -> None:
    for field in form.fields:
        mappings = DOMAIN["slots"][form.slot(field)]["mappings"]
        if field.type != "place":
            condition = [{"active_loop": f"{form.id}_form"}]
            assert mappings == [{"type": "from_entity", "entity": form.slot(field), "conditions": condition}]


@EACH
def test_no_form_traps(form: Form) -> None:
    loop = f"{form.id}_form"
    inside = [steps(rule) for rule in RULES if rule.get("condition") == [{"active_loop": loop}]]
    assert ["ask", "utter_ask", loop] in inside
    assert ["distress", "action_deactivate_loop", "utter_distress"] in inside
    assert ["leave_form", "action_deactivate_loop", "utter_form_left"] in inside
    assert ["nlu_fallback", "utter_form_unclear", loop] in inside
    assert [loop, f"utter_{form.id}_result"] in inside
    assert [f"start_{form.id}", loop] in [steps(rule) for rule in RULES]


@EACH
@LANGUAGES
def test_nothing_known_still_gives_a_result(form: Form, language: str) -> None:
    text = RESULTS.text(form.id, {}, language, TODAY)
    assert len(text) > 30
    assert "{" not in text


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_every_answer_gives_a_result_without_gaps_that_fits_wechat(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(list(LIBRARY.forms.values())))
    values = {field.id: data.draw(answers(field)) for field in form.fields}
    for language in ("zh", "en"):
        text = RESULTS.text(form.id, values, language, TODAY)
        assert "{" not in text
        assert FORMS["text"].fits(text)


@EACH
@LANGUAGES
def test_every_question_fits_an_sms_of_three_parts(form: Form, language: str) -> None:
    for field in form.fields:
        labels = "".join(option.in_(language) for option in field.options)
        assert FORMS["sms"].fits(field.ask.in_(language) + labels)


def said(form: str, language: str = "zh", **values: str | float) -> str:
    return RESULTS.text(form, values, language, TODAY)


def test_overtime_is_worked_out_in_the_open() -> None:
    text = said("overtime_pay", wage=3480.0, workday=40.0, restday=16.0, holiday=UNKNOWN)
    assert "3480 ÷ 21.75天 ÷ 8小时 = 20元" in text
    assert "40小时 × 20 × 150% = 1200元" in text
    assert "1840元" in text
    assert "36小时" in text


def test_severance_of_an_unlawful_dismissal_is_twice_n_and_never_three_times() -> None:
    text = said("severance", reason="unlawful", years=27.0, wage=5000.0)
    assert "12500元" in text
    assert "25000元" in text
    assert "37500" not in text


def test_whoever_leaves_by_wish_is_promised_nothing() -> None:
    assert "元" not in said("severance", reason="own", years=60.0, wage=5000.0)


@pytest.mark.parametrize(
    ("yes", "verdict"),
    [
        ([], "没看到这些危险信号"), (["high_pay"], "要小心"), (["high_pay", "no_name"], "很危险"), (["fee"], "很危险"),
        (["secret"], "先别去"), (["changed", "fee"], "先别去"),
    ],
)  # fmt: skip
def test_the_worst_sign_gives_the_verdict(yes: list[str], verdict: str) -> None:
    fields = [field.id for field in LIBRARY.forms["job_offer_check"].fields]
    assert verdict in said("job_offer_check", **{f: "yes" if f in yes else "no" for f in fields}).splitlines()[0]


def test_more_signs_never_make_an_offer_safer() -> None:
    fields = [field.id for field in LIBRARY.forms["job_offer_check"].fields]
    order = ["没看到", "要小心", "很危险", "先别去"]

    def rank(signs: set[str]) -> int:
        first = said("job_offer_check", **{f: "yes" if f in signs else "no" for f in fields}).splitlines()[0]
        return next(n for n, words in enumerate(order) if words in first)

    for size in range(3):
        for signs in itertools.combinations(fields, size):
            assert all(rank({*signs, more}) >= rank(set(signs)) for more in fields)


def test_a_deadline_that_may_have_passed_is_said_with_what_restarts_it() -> None:
    assert "时间会重新算" in said("wages_claim", left="2025-03", months=2.0)
    assert "2027-09" in said("wages_claim", left="2026-09", months=2.0)


def test_everything_done_leaves_nothing_on_the_list() -> None:
    done = {f.id: "no" if f.type == "no_yes" else "yes" for f in LIBRARY.forms["before_you_go"].fields}
    assert said("before_you_go", **done).startswith("都准备好了")
    assert "还差1样" in said("before_you_go", **{**done, "paid": "yes"})


def test_help_near_me_names_the_place_and_the_number_for_the_need() -> None:
    text = said("services_near_me", place="YN.kunming", need="women")
    assert text.startswith("在昆明")
    assert "12338" in text


def test_double_pay_without_a_contract_shows_its_working() -> None:
    text = said("double_wage", months=8.0, wage=5000.0)
    assert "7个月 × 5000元 = 35000元" in text
    assert "没有到期日" not in text
    assert "11个月 × 5000元 = 55000元" in said("double_wage", months=30.0, wage=5000.0)
    assert "没有到期日" in said("double_wage", months=12.0, wage=5000.0)
    assert "元 =" not in said("double_wage", months=1.0, wage=5000.0)


def test_leave_that_was_not_given_is_paid_at_three_times_the_day() -> None:
    text = said("annual_leave", steady="yes", years=36.0, days=5.0, wage=4350.0)
    assert "4350 ÷ 21.75 = 200元" in text
    assert "3000元" in text
    assert "2000元" in text
    assert "200元" in said("annual_leave", steady="yes", years=36.0, days=50.0, wage=4350.0).replace("2000元", "")
    assert "元" not in said("annual_leave", steady="no", years=36.0, days=5.0, wage=4350.0)


def test_pay_under_the_minimum_of_a_city_is_said_with_what_is_missing() -> None:
    assert "少了100元" in said("pay_check", place="GD.guangzhou", wage=2400.0)
    assert "没有低于它" in said("pay_check", place="GD.guangzhou", wage=2500.0)


def test_pay_in_a_province_with_levels_is_unsure_between_them() -> None:
    assert "还少" not in said("pay_check", place="GD", wage=2000.0)
    assert "看你在哪一档" in said("pay_check", place="GD", wage=2000.0)
    assert "最低的一档还少50元" in said("pay_check", place="GD", wage=1700.0)
    assert "没有低于最高的一档" in said("pay_check", place="GD", wage=9000.0)


def test_where_only_the_first_level_is_known_nobody_is_told_that_the_pay_is_enough_or_under() -> None:
    first_only = next(p for p in LIBRARY.places.provinces.values() if p.quote == "first_month" and len(p.tiers) > 1)
    text = said("pay_check", place=first_only.code, wage=500.0)
    assert "看你在哪一档" in text
    assert "还少" not in text


def test_the_deadline_of_an_injury_is_said_as_a_month() -> None:
    text = said("injury_deadline", when="2026-09")
    assert "2027-09" in text
    assert "公司的30天已经过了" in text
    assert "已经过了" in said("injury_deadline", when="2025-10")
    assert "12348" in said("injury_deadline", when="2025-10")


@pytest.mark.parametrize("form", ["overtime_pay", "severance", "double_wage", "annual_leave", "injury_deadline"])
def test_a_result_with_figures_of_the_law_says_of_which_day_they_are(form: str) -> None:
    assert str(LIBRARY.forms[form].effective) in said(form)

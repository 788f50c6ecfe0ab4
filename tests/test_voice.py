"""Proves that a counsellor is told when somebody else may be writing, and that fragments are read together."""

from collections.abc import Iterator

import pytest
import responses

from bot.core.message import CounsellorId
from bot.core.screen.voice import changed
from bot.settings import Settings
from bot.wiring import Site
from tests.people_who_write import CRY, PAY, EngineStub, Person, site_on


@pytest.fixture
def mei(settings: Settings) -> Iterator[Person]:
    with site_on(settings) as site, responses.RequestsMock(assert_all_requests_are_fired=False) as web:
        web.add_passthru("unix://")
        EngineStub(web).says(PAY)
        yield Person(site)


def remarks(site: Site, person: Person) -> str:
    assert person.referral is not None
    lines = site.referrals.transcript(person.referral, CounsellorId("c1"))
    return "\n".join(line.text for line in lines if line.who == "screen")


@pytest.mark.parametrize(
    "text", ["没事了", "我开玩笑的", "刚才乱发的，别当真", "just kidding", "never mind, all is fine", "不用来了别报警"]
)
def test_taking_everything_back_is_noticed(text: str) -> None:
    assert "takes back" in (changed(text, "zh", "zh") or "")


@pytest.mark.parametrize("text", ["他又在敲门", "我在三楼", "please hurry", "1", "工资什么时候发"])
def test_going_on_is_not(text: str) -> None:
    assert changed(text, "zh", "zh") is None


def test_another_language_is_noticed_but_not_in_a_word() -> None:
    assert "another language" in (changed("who is this please", "en", "zh") or "")
    assert changed("ok", "en", "zh") is None


def test_the_counsellor_reads_that_the_voice_changed(mei: Person) -> None:
    mei.says(CRY)
    mei.says("没事了，刚才乱发的")
    assert "takes back" in remarks(mei.site, mei)


def test_a_changed_voice_without_danger_before_is_nobodys_matter(mei: Person) -> None:
    mei.says("你好")
    mei.says("没事了，刚才乱发的")
    assert mei.referral is None


def test_a_danger_told_in_fragments_is_heard(mei: Person) -> None:
    mei.says("门是从外面")
    mei.says("锁着的 我")
    mei.says("出不去 三天了 没有饭")
    assert mei.referral is not None


def test_answers_to_questions_of_ours_are_no_fragments(mei: Person) -> None:
    mei.says("你好")
    person = mei.site.people.name("wechat", mei.address)
    mei.site.sessions.save(person, mei.site.sessions.load(person).but(asked="which", before=()))
    mei.says("锁着的 我")
    assert mei.site.sessions.load(person).before == ()

"""Every form walked to its end in both languages, over the signed webhook and the real dialogue engine."""

import secrets
from collections.abc import Sequence

import pytest

from tests.e2e.service import Desk, Service

pytestmark = pytest.mark.slow

WALKS: dict[str, tuple[Sequence[str], Sequence[str]]] = {
    "wages claim, zh": (
        ("老板三个月没发工资了", "1", "东莞", "2", "三个月", "没签", "只有聊天记录", "还在"),
        ("东莞，建筑工地、装修，欠3个月", "双倍工资", "总包先给", "截屏", "还没开始算"),
    ),
    "wages claim, en": (
        (
            "my boss has not paid me for two months",
            "yes",
            "shenzhen",
            "a restaurant",
            "2",
            "no",
            "payslips",
            "i don't know",
        ),
        ("Shenzhen, factory, shop or company, 2 months owed", "Photograph payslips", "within 1 year of leaving"),
    ),
    "overtime, zh": (
        ("加班费怎么算", "好的", "3480块", "40", "十六个小时", "没有"),
        ("= 20元", "1200元", "640元", "1840元"),
    ),
    "overtime, en": (
        ("how is overtime pay calculated", "1", "3480", "40 hours", "none", "8"),
        ("= 20 yuan", "1200 yuan", "480 yuan", "1680 yuan"),
    ),
    "severance, zh": (
        ("公司把我辞退了能赔多少", "1", "突然叫我走", "两年三个月", "五千"),
        ("2.5个月工资 = 12500元", "25000元"),
    ),
    "severance, en": (
        ("i was fired, how much compensation do i get", "1", "3", "3 years", "4000"),
        ("3 months' wage = 12000 yuan", "does not renew"),
    ),
    "minimum wage, zh": (("最低工资是多少", "广州"), ("2500元", "2025-03-01")),
    "minimum wage, en": (("what is the minimum wage", "i don't know"), ("12333",)),
    "job offer, zh": (
        ("有人介绍我去国外做客服一个月两万，靠谱吗", "1", "是", "没有", "有", "2", "不知道", "3", "没有", "2"),
        ("很危险", "用旅游等签证", "还有2个问题你不知道"),
    ),
    "job offer, en": (
        ("is this job offer real? salary very high, they pay the flight", "1", *("no",) * 7, "yes"),
        ("do not go", "secrecy"),
    ),
    "before you go, zh": (
        ("第一次出门打工要准备什么", "1", "有", "没有", "没查", "存了", "1", "约好了", "没有"),
        ("还差2样", "发给家里人"),
    ),
    "before you go, en": (
        ("what should i prepare before i leave home to work", "1", *("yes",) * 6, "no"),
        ("You are well prepared",),
    ),
    "services, zh": (("附近有没有能帮忙的地方", "昆明", "妇女和孩子"), ("在昆明", "12338")),
    "services, en": (("where can i get help near me", "kunming", "2"), ("Help in Kunming", "12348")),
}


@pytest.mark.parametrize("name", WALKS)
def test_a_form_is_walked_to_its_end(service: Service, name: str) -> None:
    messages, wanted = WALKS[name]
    openid = f"openid-walk-{secrets.token_hex(6)}"
    said = [service.wechat(openid, message, True) for message in messages]
    missing = [words for words in wanted if words not in said[-1]]
    assert missing == [], "\n--\n".join(f"> {asked}\n{told}" for asked, told in zip(messages, said, strict=True))


@pytest.mark.parametrize(
    ("begin", "question", "between", "answer", "nonsense"),
    [
        ("加班费怎么算", "一个月正常工资多少", "老板扣了我的身份证怎么办", "证", "那啥哈呀嘞"),
        ("老板三个月没发工资了", "哪个城市", "老板扣了我的身份证怎么办", "证", "那啥哈呀嘞"),
        ("公司把我辞退了能赔多少", "怎么结束的", "老板扣了我的身份证怎么办", "证", "那啥哈呀嘞"),
        (
            "how is overtime pay calculated",
            "normal monthly wage",
            "my boss fined me 200 for being late, is it allowed",
            "fine",
            "asdf qwer",
        ),
    ],
)
def test_no_form_traps(service: Service, begin: str, question: str, between: str, answer: str, nonsense: str) -> None:
    """Another question is answered and the form asks again; so it does after nonsense; "stop" leaves it."""
    openid = f"openid-trap-{secrets.token_hex(6)}"
    service.wechat(openid, begin, False)
    assert question in service.wechat(openid, "1", False)
    told = service.wechat(openid, between, False)
    assert answer in told
    assert question in told
    assert question in service.wechat(openid, nonsense, False)
    assert question not in service.wechat(openid, "退出", False)
    assert question not in service.wechat(openid, "你好", False)


def test_a_cry_inside_a_form_leaves_it_and_opens_a_referral(service: Service) -> None:
    openid = f"openid-cry-{secrets.token_hex(6)}"
    service.wechat(openid, "加班费怎么算", False)
    service.wechat(openid, "1", False)
    told = service.wechat(openid, "他们把我锁在宿舍里，不让我出去", False)
    assert "110" in told
    assert "正常工资" not in told
    assert Desk.sign_in(service).waiting()


def test_a_form_begun_again_asks_anew(service: Service) -> None:
    openid = f"openid-again-{secrets.token_hex(6)}"
    for _ in range(2):
        service.wechat(openid, "加班费怎么算", False)
        assert "正常工资多少" in service.wechat(openid, "1", False)
        for answer in ("3480", "40", "0"):
            service.wechat(openid, answer, False)
        assert "1200元" in service.wechat(openid, "0", False)


def test_a_follow_up_is_understood_in_its_context(service: Service) -> None:
    openid = f"openid-follow-{secrets.token_hex(6)}"
    service.wechat(openid, "老板三个月没发工资了", False)
    told = service.wechat(openid, "那要是没合同呢", False)
    assert "合同" in told


def test_two_questions_in_one_message_are_both_heard(service: Service) -> None:
    told = service.wechat(f"openid-two-{secrets.token_hex(6)}", "加班费怎么算？还有老板扣我身份证合法吗？", False)
    assert "加班" in told
    assert "证件" in told or "证" in told

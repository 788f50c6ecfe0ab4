"""An invented year is like a real one: whole, in order, readable by the service, and never put over real data."""

import functools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from bot.core.message import CounsellorId
from bot.desk.simulate import fill, simulated_site
from bot.desk.year import KEPT_MS, OUTCOMES, Case, Plan, Year
from bot.settings import Settings, SettingsError
from bot.store.filling import SiteNotEmpty, refuse_used
from bot.wiring import Site

REFERRALS, MESSAGES = 200, 4000
NOW = 1_800_000_000_000


def plan(keep_words: bool = False, seed: int = 1) -> Plan:
    return Plan(REFERRALS, MESSAGES, seed, NOW, ("c1", "c2"), keep_words)


def cases(drawn: Plan) -> list[Case]:
    year = Year(drawn)
    return [year.case(number) for number in range(drawn.referrals)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with an invented year in it, for all tests here: none may rely on what another left alone."""
    cheap = functools.partial(PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bot.store.staff.PasswordHasher", cheap)
        with simulated_site(tmp_path_factory.mktemp("year")) as site:
            fill(site, REFERRALS, MESSAGES, seed=1, keep_words=False, say=lambda _: None)
            yield site
            site.store.client.close()


def test_the_same_seed_draws_the_same_year_and_another_seed_another() -> None:
    assert cases(plan()) == cases(plan())
    assert cases(plan()) != cases(plan(seed=2))


def test_every_referral_is_in_a_state_that_its_times_allow() -> None:
    drawn = cases(plan())
    assert Counter(case.state for case in drawn)["waiting"] == 30
    assert Counter(case.state for case in drawn)["claimed"] == 15
    for case in drawn:
        times = [t for t in (case.opened, case.taken, case.ended, case.retired) if t]
        assert times == sorted(times)
        assert times[-1] <= NOW
        assert [line.at for line in case.lines] == sorted(line.at for line in case.lines)
        assert (case.state == "retired") == bool(case.ended and case.ended + KEPT_MS < NOW)


def test_nobody_waits_twice() -> None:
    open_ = [case.caller for case in cases(plan()) if case.state in ("waiting", "claimed")]
    assert len(set(open_)) == len(open_)
    assert not {case.caller for case in cases(plan()) if case.ended} & set(open_)


def test_the_lines_of_a_year_are_those_asked_for_but_for_those_who_wait() -> None:
    lines = sum(len(case.lines) for case in cases(plan()) if case.state != "waiting")
    assert MESSAGES * 0.8 < lines < MESSAGES * 0.9


def test_kept_words_leave_nothing_retired() -> None:
    assert {case.state for case in cases(plan(keep_words=True))} == {"waiting", "claimed", "resolved"}


def test_the_audit_of_an_invented_year_is_whole_and_sealed(site: Site) -> None:
    found = site.audit.verify()
    assert found.entries >= found.sealed > 5 * REFERRALS


def test_the_service_reads_and_works_on_in_it(site: Site) -> None:
    assert (site.referrals.counts(), len(site.staff.everyone())) == ((30, 15), 12)
    me = site.staff.everyone()[0]
    claim = site.referrals.claim("mine", me.id)
    assert claim
    referral = site.referrals.get(claim.referral)
    assert referral
    lines = site.referrals.transcript(referral, me.id)
    assert (len(lines), "erased" in lines[0].text) == (referral.lines, False)
    assert site.people.address(referral.person)
    site.referrals.send("hello", claim, "hello")
    site.referrals.resolve("end", claim, "helped", "bye")
    assert site.audit.verify().entries > site.audit.verify().sealed


def test_what_was_retired_names_nobody_and_has_no_words(site: Site) -> None:
    ids = [row.id for row in site.record.ended(OUTCOMES, count=1000)]
    assert len(ids) == REFERRALS - 45  # the one that ended since is not in the record, which nobody has followed
    rows = [site.store.hash("referral", id_) for id_ in ids]
    retired = [row for row in rows if row["state"] == "retired"]
    assert len(retired) > 100
    assert {row["person"] for row in retired} == {""}
    assert [row["id"] for row in retired if site.store.client.exists(site.store.keys("transcript", row["id"]))] == []


def test_the_record_and_the_counts_cover_the_year(site: Site) -> None:
    keys = site.store.client.scan_iter(match=site.store.keys("record", "20*"))
    months = [site.record.month(key.rpartition(":")[2]) for key in keys]
    assert len(months) >= 12
    assert sum(level.opened for month in months for level in month) == REFERRALS
    assert sum(1 for _ in site.verdicts.all()) > 5
    assert site.helped.of(site.helped.month())


def test_a_site_that_holds_anything_is_refused(settings: Settings) -> None:
    site = Site(settings)
    refuse_used(site.store)
    site.staff.be_present(CounsellorId("c1"))
    with pytest.raises(SiteNotEmpty):
        refuse_used(site.store)
    site.store.client.close()


def test_the_site_of_a_real_service_is_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.desk.simulate.build_site", lambda _: Site(settings))
    with pytest.raises(SettingsError), simulated_site(None):
        pass


def test_the_site_in_a_folder_is_the_one_that_a_run_there_finds(tmp_path: Path) -> None:
    with simulated_site(tmp_path) as site:
        refuse = site.staff.any()
    assert (refuse, (tmp_path / "secrets.env").exists(), (tmp_path / "first-sign-in.json").exists()) == (True,) * 3
    with pytest.raises(SiteNotEmpty), simulated_site(tmp_path):
        pass

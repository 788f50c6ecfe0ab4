"""Where there is no room for a cry for help its sender is told what is true, and it goes in when there is room."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.settings import Settings
from bot.store.embedded import EmbeddedStore, EmbeddedStoreError
from bot.wiring import Site
from tests.fault.faults_store import fill, small_disk
from tests.people_who_write import CRY, Person, phrase, site_on

pytestmark = pytest.mark.slow


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 8):
        yield tmp_path / "disk"


def site_with(settings: Settings, store: EmbeddedStore, data: Path) -> Settings:
    return settings.model_copy(update={"redis_url": store.url, "data_dir": data})


def cries_in(site: Site) -> int:
    return len(site.referrals.waiting())


def test_a_store_on_a_full_disk_sets_cries_aside_and_says_so(disk: Path, settings: Settings, tmp_path: Path) -> None:
    with EmbeddedStore(disk / "store") as store, site_on(site_with(settings, store, tmp_path / "data")) as site:
        Person(site).says(CRY)
        fill(disk / "ballast")
        before = Person(site)
        told = before.says(CRY)
        assert phrase(site, "set_aside") in told
        assert site.spool.count() == 1
        (disk / "ballast").unlink()
        store.revive()
        site.upkeep.empty_spool()
        assert cries_in(site) == 2
        assert before.referral


def test_where_nothing_can_be_written_nobody_is_told_that_it_was(disk: Path, settings: Settings) -> None:
    with EmbeddedStore(disk / "store") as store, site_on(site_with(settings, store, disk / "data")) as site:
        assert phrase(site, "not_saved") not in Person(site).says(CRY)
        fill(disk / "ballast")
        told = Person(site).says(CRY)
        assert phrase(site, "not_saved") in told
        assert "110" in told
        with contextlib.suppress(EmbeddedStoreError):  # a sentence if anything
            store.revive()
        (disk / "ballast").unlink()
        store.revive()
        assert phrase(site, "not_saved") not in Person(site).says(CRY)
        assert cries_in(site) == 2


def test_a_store_without_memory_sets_cries_aside_and_says_so(settings: Settings, tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path / "store") as store, site_on(site_with(settings, store, tmp_path / "data")) as site:
        client = site.store.client
        client.config_set("maxmemory", 1)
        assert phrase(site, "set_aside") in Person(site).says(CRY)
        client.config_set("maxmemory", 0)
        site.upkeep.empty_spool()
        assert cries_in(site) == 1

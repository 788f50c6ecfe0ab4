"""docker-compose.yml keeps its promises: two published services, nobody is root, nothing writes but volumes."""

from typing import Any

import pytest
import yaml

from bot.settings import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]


def test_the_five_processes_are_there() -> None:
    assert set(SERVICES) == {"redis", "rasa", "gateway", "console", "worker"}


def test_only_gateway_and_console_publish_ports_and_only_on_loopback() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"gateway", "console"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_service_is_root_or_writes_outside_its_volumes(name: str) -> None:
    service = SERVICES[name]
    assert service["user"] == "10001:10001"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["restart"] == "always"


def test_store_and_engine_have_no_way_out() -> None:
    assert COMPOSE["networks"]["back"]["internal"] is True
    assert SERVICES["redis"]["networks"] == SERVICES["rasa"]["networks"] == ["back"]


def test_the_store_keeps_every_write_and_evicts_nothing() -> None:
    command = SERVICES["redis"]["command"]
    for option in ("--appendonly yes", "--appendfsync always", "--maxmemory-policy noeviction"):
        assert option in " ".join(command.split())


def test_every_file_that_an_image_copies_exists() -> None:
    for service in SERVICES.values():
        if "build" in service:
            lines = (ROOT / service["build"]["dockerfile"]).read_text().splitlines()
            for source in (line.split()[1] for line in lines if line.startswith("COPY ")):
                assert (ROOT / source).exists(), source

"""What the documents say is compared with the code: commands, settings, files, pictures, keys."""

import re
from pathlib import Path

import pytest

from bot.cli import main
from bot.settings import ROOT, Settings
from bot.store import keys

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
OTHER_SETTINGS = {
    "ANLU_RASA_STORE_KEY",
    "ANLU_HOME",
    "ANLU_CACHE",
    "ANLU_GATEWAY_PORT",
    "ANLU_CONSOLE_PORT",
    "ANLU_RASA_PORT",
    "ANLU_RASA_PYTHON",
    "ANLU_SHOTS",
    "ANLU_ENV_FILE",
}


def every_page() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def command_paths() -> set[str]:
    paths = set()
    for name, command in main.commands.items():
        paths.add(name)
        paths |= {f"{name} {sub}" for sub in getattr(command, "commands", {})}
    return paths


def test_every_make_command_in_the_documents_exists() -> None:
    named = set(re.findall(r"(?:^|`)make (?:-s )?([a-z-]+)", every_page(), re.MULTILINE))
    assert named
    assert named <= make_targets()


def test_every_anlu_command_in_the_documents_exists() -> None:
    named = set(re.findall(r'ARGS="([a-z-]+(?: [a-z]+)?)', every_page())) - {"-k referral"}
    named |= set(re.findall(r"bot\.cli ([a-z-]+(?: [a-z]+)?)", every_page()))
    known = command_paths()
    unknown = {words for words in named if not words.startswith("-") and not ({words, words.split()[0]} & known)}
    assert named
    assert unknown == set()


def test_the_settings_page_lists_every_setting_with_its_meaning() -> None:
    page = (ROOT / "docs" / "SETTINGS.md").read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        assert f"| `ANLU_{name.upper()}` |" in page
        assert str(field.description) in page


def test_no_document_names_a_setting_that_does_not_exist() -> None:
    known = {f"ANLU_{name.upper()}" for name in Settings.model_fields} | OTHER_SETTINGS
    sources = every_page() + (ROOT / "docker-compose.yml").read_text() + (ROOT / "bot" / "anlu.env.example").read_text()
    assert set(re.findall(r"ANLU_[A-Z_]*[A-Z]", sources)) <= known


def test_the_example_of_an_environment_file_has_every_setting_that_compose_does_not_set() -> None:
    example = (ROOT / "bot" / "anlu.env.example").read_text()
    set_by_compose = {"redis_url", "rasa_url", "data_dir", "simulator"}
    for name in set(Settings.model_fields) - set_by_compose:
        assert f"ANLU_{name.upper()}=" in example


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_links_to_exists(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


def test_every_file_named_in_the_threat_table_exists() -> None:
    rows = (ROOT / "docs" / "THREATS.md").read_text(encoding="utf-8")
    for cell in re.findall(r"`((?:bot|channels|content|tests)/[^`]+)`", rows):
        assert (ROOT / cell).exists(), cell


def test_every_key_that_the_code_builds_is_documented() -> None:
    documented = set(re.findall(r"\{site\}:([a-z]+)", keys.__doc__ or ""))
    used = set()
    for path in (ROOT / "bot" / "store" / "scripts").glob("*.lua"):
        used |= set(re.findall(r"P \.\. '([a-z]+)", path.read_text()))
    for path in (ROOT / "bot" / "store").glob("*.py"):
        used |= set(re.findall(r'keys\("([a-z]+)"', path.read_text()))
    assert used
    assert used <= documented


def test_the_number_of_unsigned_answers_in_the_readme_is_true() -> None:
    from bot.core.content import load_library

    awaiting = load_library(ROOT / "content").awaiting_legal_sign_off()
    assert f"All {awaiting} still await" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_nothing_in_the_repository_names_a_package_registry_or_a_folder_of_one_machine() -> None:
    suspects = re.compile(r"(files\.pythonhosted|pypi\.org|/root/|/home/[a-z]+/|/work/)")
    texts = [p for p in ROOT.rglob("*") if p.suffix in {".py", ".txt", ".md", ".yml", ".toml", ".in", ".lua"}]
    own = [p for p in texts if not {".git", "var", ".rasa", ".hypothesis"} & set(p.relative_to(ROOT).parts)]
    assert own
    assert [str(p) for p in own if p != Path(__file__) and suspects.search(p.read_text(encoding="utf-8"))] == []

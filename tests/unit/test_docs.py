"""What the pages for users show is true: commands and flags exist, links lead somewhere, configurations load."""

import re
from pathlib import Path

import pytest
import typer
import typer.core

from adlake import cli, job, pipeline
from adlake.config import ConsentConfig, IdentityConfig, MaintenanceConfig, load_config
from adlake.config.crm import COLUMNS
from adlake.consent import BASES
from adlake.contracts import tables
from tests.doc_commands import BLOCK, ROOT, Command, blocks, commands, inline_commands, pages

# What the shell or another program does; everything else in a console block must be ours or make's.
FOREIGN = {"openssl", "chmod", "source", "npm", "python"}
CONFIGURED = ("docs/guides/own-files.md", "docs/guides/maintenance.md", "docs/guides/consent.md")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")
WRITTEN = [
    Command("here", ("adlake", "run", "--bogus")),
    Command("here", ("adlake", "status", "extra")),
    Command("here", ("adlake", "identity", "bogus")),
    Command("here", ("adlake", "identity", "explain", "--id-key", "k1:a", "--bogus")),
]


@pytest.fixture
def config(tmp_path):
    # the guides show one file in parts: what must stand in it, then what may
    texts = [block.text for page in CONFIGURED for block in blocks("yaml") if block.page == page]
    path = tmp_path / "lake.yaml"
    path.write_text("".join(texts))
    return path


def understand(command, config):
    """Nothing; the command line and its flags exist.

    Raises:
        Exception: of Typer's, or SystemExit: they do not.
    """
    _, name, *arguments = command.words
    group = typer.main.get_command(cli.app)
    found = group.get_command(typer.Context(group), name)
    if isinstance(found, typer.core.TyperGroup):
        name, *arguments = arguments
        found = found.get_command(typer.Context(found), name)
    assert found is not None, f"{command}: no such command"
    if name == "job":
        step, *flags = arguments
        job.parse(step, [str(config) if flag == "lake.yaml" else flag for flag in flags])
        return
    with found.make_context(name, arguments) as context:
        if context.params.get("first"):
            pipeline.steps_from(context.params["first"])


def ours(program):
    return sorted({command for command in commands() if command.words[0] == program}, key=str)


@pytest.mark.parametrize("command", ours("adlake"), ids=str)
def test_every_command_that_is_shown_exists(command, config):
    if command.words[1:] != ("--help",):
        understand(command, config)


@pytest.mark.parametrize("command", sorted(set(inline_commands()), key=str), ids=str)
def test_every_command_in_the_text_exists(command, config):
    if command.words[1:] != ("--help",):
        understand(command, config)


@pytest.mark.parametrize("command", WRITTEN, ids=str)
def test_a_command_that_does_not_exist_would_be_found(command, config):
    with pytest.raises(Exception, match=r"bogus|extra"):
        understand(command, config)


def test_there_are_commands_to_check():
    assert len(ours("adlake")) >= 12
    assert {command.words[1] for command in ours("make")} >= {"demo", "test"}


@pytest.mark.parametrize("command", ours("make"), ids=str)
def test_every_target_of_make_exists(command):
    targets = re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert command.words[1] in targets


@pytest.mark.parametrize("command", ours("spark-submit"), ids=str)
def test_every_script_that_is_submitted_exists(command, config):
    _, script, *flags = command.words
    assert (ROOT / script).is_file()
    understand(Command(command.page, ("adlake", "job", Path(script).stem, *flags)), config)


def test_no_other_program_is_shown():
    assert {command.words[0] for command in commands()} <= FOREIGN | {"adlake", "make", "spark-submit"}


@pytest.mark.parametrize("page", pages())
def test_commands_stand_in_console_blocks(page):
    """Only those are checked."""
    for match in BLOCK.finditer(pages()[page]):
        if match["language"] != "console":
            assert not re.search(r"^(\$ )?(adlake|make) ", match["text"], re.MULTILINE)


@pytest.mark.parametrize("page", pages())
def test_every_link_leads_somewhere(page):
    for target in LINK.findall(pages()[page]):
        assert (ROOT / page).parent.joinpath(target).exists(), target


def test_the_configuration_that_is_shown_loads(config):
    found = load_config(config)
    assert (found.tenant, found.lake) == ("herald", str(config.parent / "lake"))
    assert found.content.sections["sport"] == "483"
    assert found.maintenance == MaintenanceConfig()


def test_the_keys_of_a_rotation_that_are_shown_load(tmp_path):
    (shown,) = [block for block in blocks("yaml") if block.page == "docs/guides/identity.md"]
    where = "lake: ./lake\nlanding: ./landing\ntenant: herald\nnetwork_time_zone: Europe/Berlin\n"
    (tmp_path / "lake.yaml").write_text(where + shown.text)
    found = load_config(tmp_path / "lake.yaml").identity
    assert (found.key_version, [old.key_version for old in found.old_keys]) == ("k2", ["k1"])


def test_the_limits_that_are_shown_are_the_defaults(config):
    shown = load_config(config).identity
    own = IdentityConfig(key_file=shown.key_file)
    assert shown == own
    assert f"| `identity.max_people` | {own.max_people} |" in pages()["docs/guides/identity.md"]
    assert f"| `identity.max_devices` | {own.max_devices} |" in pages()["docs/guides/identity.md"]


def test_the_consent_policy_that_is_shown_has_the_defaults(config):
    shown = load_config(config).consent
    assert sorted(shown.vendors) == ["audience-count", "google"]
    assert sorted(shown.contexts) == ["com.herald/privacy"]
    own = {"vendors": {}, "contexts": {}, "version": ConsentConfig().version}
    assert shown.model_copy(update=own) == ConsentConfig()


def test_what_is_decided_of_the_event_that_is_shown(capsys):
    (block,) = [block for block in blocks("python") if block.page == "docs/guides/consent.md"]
    exec(compile(block.text, block.page, "exec"), {})  # noqa: S102 our own page
    printed = capsys.readouterr().out.strip()
    assert f"It prints `{printed}`" in pages()[block.page]


def test_every_basis_that_is_named_exists():
    page = pages()["docs/guides/consent.md"]
    named = set(re.findall(r"`((?:gpp|invalid):[a-z0-9_]+|tcf|us_privacy|coppa|age|gpc|no_law|no_signal)`", page))
    assert named <= set(BASES) | {"age", "coppa"}
    assert {basis for basis in BASES if ":" not in basis} <= named


def test_the_mapping_of_contacts_that_is_shown_loads(config):
    (mapping,) = [block for block in blocks("yaml") if block.page == "docs/guides/contacts.md"]
    with config.open("a") as file:
        file.write(mapping.text)
    found = load_config(config).crm
    assert {folder: files.kind for folder, files in found.files.items()} == {
        "members": "contacts",
        "activity": "newsletter_activity",
        "campaigns": "newsletter_campaigns",
    }
    shown = {name for files in found.files.values() for name in files.columns.given}
    assert shown == {name for names in COLUMNS.values() for name in names}


def test_every_table_that_is_named_has_a_contract():
    named = {
        f"{layer}.{name}"
        for text in pages().values()
        for layer, name in re.findall(r"\b(bronze|silver|vault|gold|quarantine)/([a-z_]+[a-z])\b(?!\.)", text)
    }
    assert named
    assert named <= set(tables())

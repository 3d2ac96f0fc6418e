"""The command line: thin commands over the library. Imports wait until a command needs them.

This module and `job.py` are the only ones that read argv and the environment.
"""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from adlake.errors import AdlakeError, UsageError
from adlake.pipeline import JOBS, STEPS, steps_from
from adlake.version import VERSION

INTERRUPTED = 130
DEMO_EVENTS, DEMO_SEED = 20_000, 7


class _Commands(TyperGroup):
    """Commands whose failures are one line and an exit code."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 Typer keeps the types to itself
        """What the command returns.

        Raises:
            Exit: the command failed in a way that adlake knows, or was interrupted.
        """
        try:
            return super().invoke(ctx)
        except AdlakeError as error:
            typer.echo(f"adlake: {error}", err=True)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            typer.echo("adlake: interrupted; what was committed stays, and the next run goes on from there.", err=True)
            raise typer.Exit(INTERRUPTED) from None


# Pretty tracebacks show local variables, and with them what must not be on a screen.
app = typer.Typer(cls=_Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
identity = typer.Typer(no_args_is_help=True, help="Ask who is who.")
app.add_typer(identity, name="identity")

Text = str | None
ConfigFile = Annotated[Path, typer.Option("--config", metavar="FILE", help="The lake's lake.yaml.")]
SomeConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Default: lake.yaml, where there is one.")
]
Lake = Annotated[Text, typer.Option(metavar="URI", help="Use this lake instead of the one in lake.yaml.")]
Landing = Annotated[Text, typer.Option(metavar="URI", help="Use this landing zone instead.")]
Tenant = Annotated[Text, typer.Option(metavar="NAME", help="Use this tenant instead.")]
AsOf = Annotated[
    Text, typer.Option(metavar="TIME", help="The moment the run stands for, ISO 8601 with zone. Default: now.")
]
First = Annotated[Text, typer.Option("--from", metavar="STEP", help=f"Begin with this step: {', '.join(STEPS)}.")]
Rebuild = Annotated[
    bool, typer.Option("--rebuild", help="Recompute all that the layer before still holds, not only what is new.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print it for machines.")]
HeldBatch = Annotated[str, typer.Option("--batch", metavar="ID", help="The held batch; `adlake status` names it.")]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why it is right as it is; kept and shown.")]
TableName = Annotated[
    Text, typer.Option("--table", metavar="NAME", help="Only this table. Default: all it is held in.")
]
DemoFolder = Annotated[
    Path, typer.Option("--lake", metavar="DIR", help="Folder for everything; that of an earlier demo is replaced.")
]
JudgedTable = Annotated[Text, typer.Option("--table", metavar="NAME", help="All about one, as silver.gam_impressions.")]
IdKey = Annotated[str, typer.Option("--id-key", metavar="KEY", help="As id_key stands in silver and gold.")]
NewFolder = Annotated[Path, typer.Argument(metavar="DIR", help="Where the files go; must hold no earlier ones.")]
Events = Annotated[int, typer.Option(min=0, metavar="N", help="Records of all event files together.")]
Seed = Annotated[int, typer.Option(metavar="S", help="Decides what is made up: the same seed gives the same files.")]
JobName = Annotated[Text, typer.Argument(metavar="NAME [FLAGS]...", help=f"One of {', '.join(JOBS)}, then its flags.")]
Version = Annotated[bool, typer.Option("--version", help="Show the version.", is_eager=True)]


@app.callback(invoke_without_command=True)
def about(*, version: Version = False) -> None:
    """Advertising logs in, a governed Delta lake out: every row accounted for."""
    if version:
        typer.echo(f"adlake {VERSION}")
        raise typer.Exit


@app.command()
def demo(lake: DemoFolder = Path("adlake-demo"), events: Events = DEMO_EVENTS, seed: Seed = DEMO_SEED) -> None:
    """Generate input, run every step on it twice, and compare the result with the truth."""
    from adlake.console import show_demo, watch  # noqa: PLC0415
    from adlake.demo import run_demo  # noqa: PLC0415
    from adlake.interrupts import interruptible  # noqa: PLC0415

    with watch("make up input") as notify, interruptible():
        result = run_demo(lake, events=events, seed=seed, environ=os.environ, notify=notify)
    show_demo(result, sys.argv[0])
    raise typer.Exit(result.exit_code)


@app.command()
def run(
    *,
    config: ConfigFile = Path("lake.yaml"),
    lake: Lake = None,
    landing: Landing = None,
    tenant: Tenant = None,
    as_of: AsOf = None,
    first: First = None,
    rebuild: Rebuild = False,
) -> None:
    """Process what is new, by all steps or by those from one on."""
    from adlake.config import load_config  # noqa: PLC0415
    from adlake.console import show_run, watch  # noqa: PLC0415
    from adlake.interrupts import interruptible  # noqa: PLC0415
    from adlake.job import execute, moment  # noqa: PLC0415
    from adlake.session import Spark  # noqa: PLC0415

    steps = steps_from(first or None)
    settings = load_config(config, {"lake": lake, "landing": landing, "tenant": tenant})
    at = moment(as_of) if as_of else None
    spark = Spark(settings, os.environ)
    with watch("look for new files") as notify, interruptible():
        try:
            report = execute(steps, spark, settings, as_of=at, rebuild=rebuild, notify=notify)
        finally:
            spark.stop()
    show_run(report, settings.lake)
    raise typer.Exit(report.exit_code)


@app.command(
    # everything behind the name belongs to the job, --help included
    context_settings={
        "allow_extra_args": True,
        "ignore_unknown_options": True,
        "allow_interspersed_args": False,
        "help_option_names": [],
    },
    options_metavar="",
)
def job(ctx: typer.Context, name: JobName = None) -> None:
    """Run one job exactly as its script in jobs/ does; `adlake job NAME --help` shows its flags."""
    if name in {None, "", "--help"}:
        typer.echo(ctx.get_help())
        raise typer.Exit(0 if name else UsageError.exit_code)
    if name not in JOBS:
        raise UsageError("UNKNOWN_JOB", "no such job", where="adlake job", found=repr(name), wanted=", ".join(JOBS))
    from adlake.job import main as run_job  # noqa: PLC0415

    raise typer.Exit(run_job(name, ctx.args))


@app.command()
def status(config: ConfigFile = Path("lake.yaml"), *, as_json: AsJson = False) -> None:
    """Show how the lake stands: what is in it, how fresh, what was refused and why, what is not finished."""
    from adlake.config import load_config  # noqa: PLC0415
    from adlake.console import show_status  # noqa: PLC0415
    from adlake.lake import Lake as OpenLake  # noqa: PLC0415
    from adlake.status import read_status  # noqa: PLC0415

    found = read_status(OpenLake(load_config(config)))
    if as_json:
        typer.echo(json.dumps(found.as_dict(), indent=2))
    else:
        show_status(found, str(config))


@app.command()
def quality(config: ConfigFile = Path("lake.yaml"), *, table: JudgedTable = None, as_json: AsJson = False) -> None:
    """Show what the quality gate said: held batches and their way out, rules, numbers and how they moved."""
    from adlake.config import load_config  # noqa: PLC0415
    from adlake.console import show_quality  # noqa: PLC0415
    from adlake.lake import Lake as OpenLake  # noqa: PLC0415
    from adlake.quality.overview import read_quality  # noqa: PLC0415

    found = read_quality(OpenLake(load_config(config)), table or None)
    if as_json:
        typer.echo(json.dumps(found.as_dict(), indent=2))
    else:
        show_quality(found, table or None, str(config))


@identity.command()
def explain(id_key: IdKey, config: ConfigFile = Path("lake.yaml"), *, as_json: AsJson = False) -> None:
    """Show which identifiers are one person with this one, and the links that say so."""
    from adlake.config import load_config  # noqa: PLC0415
    from adlake.console import show_explanation  # noqa: PLC0415
    from adlake.explanation import explain as explanation_of  # noqa: PLC0415
    from adlake.lake import Lake as OpenLake  # noqa: PLC0415

    found = explanation_of(OpenLake(load_config(config)), id_key)
    if as_json:
        typer.echo(json.dumps(found.as_dict(), indent=2))
    else:
        show_explanation(found)


@app.command()
def release(
    *,
    batch: HeldBatch,
    reason: Reason,
    table: TableName = None,
    config: ConfigFile = Path("lake.yaml"),
    as_of: AsOf = None,
) -> None:
    """Publish a batch that a quality gate holds, for the verdict that holds it now, and keep the reason."""
    from adlake.config import load_config  # noqa: PLC0415
    from adlake.console import show_run, watch  # noqa: PLC0415
    from adlake.interrupts import interruptible  # noqa: PLC0415
    from adlake.job import execute, moment  # noqa: PLC0415
    from adlake.lake import Lake as OpenLake  # noqa: PLC0415
    from adlake.ledger import Ledger  # noqa: PLC0415
    from adlake.release import verdicts_on  # noqa: PLC0415
    from adlake.session import Spark  # noqa: PLC0415
    from adlake.wish import Release  # noqa: PLC0415

    settings = load_config(config)
    wish = Release(batch, reason, table)
    held = {record.step for record in verdicts_on(Ledger(OpenLake(settings)), wish)}
    first = next(name for name in STEPS if name in held)
    at = moment(as_of) if as_of else None
    spark = Spark(settings, os.environ)
    with watch("look for the held batch") as notify, interruptible():
        try:
            report = execute(steps_from(first), spark, settings, as_of=at, notify=notify, wish=wish)
        finally:
            spark.stop()
    show_run(report, settings.lake)
    raise typer.Exit(report.exit_code)


@app.command()
def validate(config: SomeConfigFile = None) -> None:
    """Check configuration, table contracts and suites of rules: all faults at once, with file and place."""
    from adlake import contracts  # noqa: PLC0415
    from adlake.config import config_faults  # noqa: PLC0415
    from adlake.quality.suite import judged_whole, suite_faults, suites  # noqa: PLC0415

    path = config or (Path("lake.yaml") if Path("lake.yaml").is_file() else None)
    of_contracts = contracts.faults()
    # a suite is held against the contract of its table
    of_suites = [] if of_contracts else suite_faults()
    faults = [*(config_faults(path) if path else []), *of_contracts, *of_suites]
    if faults:
        typer.echo("\n".join(map(str, faults)), err=True)
        typer.echo(f"adlake: {len(faults)} fault{'s' if len(faults) > 1 else ''} found", err=True)
        raise typer.Exit(UsageError.exit_code)
    for name, rule in judged_whole():
        typer.echo(f"{name}: {rule.id} is judged for the whole batch, by {rule.kind}; it cannot point at rows.")
    checked = f"{len(contracts.tables())} contracts and {len(suites())} suites"
    typer.echo(f"No fault in {path} and {checked}." if path else f"No fault in {checked}; there is no lake.yaml here.")


@app.command()
def generate(directory: NewFolder, events: Events = DEMO_EVENTS, seed: Seed = DEMO_SEED) -> None:
    """Write made-up landing files in the real formats, the truth about them, and a lake.yaml that runs them."""
    from adlake.console import watch  # noqa: PLC0415
    from adlake.generator import generate as write_files  # noqa: PLC0415

    with watch("make up input") as notify:
        write_files(directory, events=events, seed=seed, progress=lambda what, *counts: notify(what, "", *counts))
    typer.echo(f"{events:,} events in {directory}/landing and {directory}/second_delivery, the truth in truth.json.")
    typer.echo(f"Run them: adlake run --config {directory}/lake.yaml")


@app.command()
def setup() -> None:
    """Fetch the jars that Spark needs and prepare Java for a quick start; a second call does none of it again."""
    from adlake.preparation import prepare  # noqa: PLC0415

    prepare(os.environ, rehearse, tell=typer.echo)


def rehearse(options: str) -> None:
    """Nothing; a small run has loaded the classes that real runs load.

    Args:
        options: flags for Java. They go in by the environment of this process, which is made for the rehearsal.
    """
    from adlake.preparation import run_a_little  # noqa: PLC0415

    os.environ["SPARK_SUBMIT_OPTS"] = options
    run_a_little(os.environ)


def main() -> None:
    """Nothing; the process ends with the command's exit code."""
    app(prog_name="adlake")

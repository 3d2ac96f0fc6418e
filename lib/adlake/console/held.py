"""Held batches: what holds them, since when, and the line to copy."""

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console

from adlake.console.text import BAD, age, moment, print_lines
from adlake.quality.chronicle import HeldBatch
from adlake.quality.wording import STANDINGS, WAYS_OUT, release_command


def show_held(console: Console, held: Sequence[HeldBatch], now: datetime, config: str) -> None:
    """Print each held batch with its way out; nothing where none is held.

    Args:
        console: to print on.
        held: the longest held first.
        now: that ages are counted to.
        config: path of lake.yaml, for the commands.
    """
    if not held:
        return
    console.print("Held back by the quality gate; readers see nothing of it:", style=BAD)
    for batch in held:
        verdict = batch.verdict
        name = f"batch {verdict.batch_id}" if verdict.batch_id else "a change of no batch"
        print_lines(console, f"  {verdict.table}, {name}")
        since = f"since {moment(batch.since_utc)} ({age(batch.since_utc, now)})"
        what = ", ".join(batch.rules) or "the whole gate"
        print_lines(console, f"    {STANDINGS[verdict.state]} {since}: {what}")
        if verdict.reason:
            print_lines(console, f"    {verdict.reason}")
        command = release_command(batch, config)
        print_lines(console, f"    {WAYS_OUT[verdict.state]}", *([f"    {command}"] if command else []))
    console.print()

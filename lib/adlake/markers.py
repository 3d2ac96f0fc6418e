"""What commits say of the work that they finish, as Delta's transaction ids and versions."""

from collections.abc import Iterable, Mapping, Sequence


def marker(step: str, table: str, of: str) -> str:
    """The transaction id of a batch that is done, or of an upstream table up to whose version a commit accounts."""
    return f"{step}/{table}/{of}"


def markers(step: str, table: str, batches: Iterable[str], upstream: Mapping[str, int] | None = None) -> dict[str, int]:
    """Everything that a commit records.

    Args:
        step: that commits.
        table: that it commits to.
        batches: that are done with it.
        upstream: versions of the tables that it is made of, by qualified name.
    """
    consumed = {marker(step, table, source): version for source, version in (upstream or {}).items()}
    return consumed | {marker(step, table, batch): 1 for batch in batches}


def newest(batches: Sequence[str]) -> str:
    """The batch that accounts and verdicts name; empty when there is none.

    Args:
        batches: oldest first.
    """
    return batches[-1] if batches else ""

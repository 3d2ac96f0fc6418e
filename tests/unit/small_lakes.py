"""Delta tables made without Spark: versions of a table that say of themselves what adlake's commits say."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, QueryBuilder, Transaction, write_deltalake

from adlake.account import Account
from adlake.contracts import table
from adlake.lake import Lake


def commit(
    lake: Lake,
    name: str,
    rows: Sequence[Mapping[str, Any]],
    meta: Mapping[str, Any] | str | None = None,
    *,
    markers: Mapping[str, int] | None = None,
    mode: str = "append",
) -> None:
    """Make one version of a table; what it says of itself and its markers stand where Spark puts them.

    Args:
        lake: where the table lives.
        name: of the contract; only its partitioning matters, the rows bring their own columns.
        rows: what the version adds, or holds when the mode is `overwrite`.
        meta: the user metadata, as a document or as text; None writes none, as a commit by hand does.
        markers: transaction versions by application id.
        mode: of delta-rs.
    """
    contract = table(name)
    said = meta if meta is None or isinstance(meta, str) else json.dumps(meta)
    properties = CommitProperties(
        custom_metadata=None if said is None else {"userMetadata": said},
        app_transactions=[Transaction(app_id, version) for app_id, version in (markers or {}).items()] or None,
    )
    columns = [column for column in contract.partition_by if column in rows[0]]
    write_deltalake(
        lake.storage.uri(contract.path),
        pa.Table.from_pylist(list(rows)),
        mode=mode,
        partition_by=columns or None,
        commit_properties=properties,
    )


def said(
    name: str,
    batch: str,
    slices: Sequence[str] | None = (),
    *,
    step: str = "build_silver",
    account: Account | None = None,
    run: str = "r1",
) -> dict[str, Any]:
    """What a commit of adlake says of itself."""
    return {
        "run": run,
        "step": step,
        "table": name,
        "batch": batch,
        "account": (account or Account(0, 0)).as_dict(),
        "slices": None if slices is None else list(slices),
        "seconds": 1.5,
        "cpu_seconds": 2.5,
    }


def rows_of(lake: Lake, name: str) -> list[dict[str, Any]]:
    """The rows of a table as delta-rs gives them, in no promised order."""
    found = pa.table(QueryBuilder().register("rows", lake.delta(table(name))).execute("select * from rows"))
    return found.to_pylist()

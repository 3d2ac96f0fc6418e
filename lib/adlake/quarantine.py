"""Rows that a rule refused, whole and with the reason: one schema for all tables, one table per silver table."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from adlake.account import Account
from adlake.census import take_census
from adlake.contracts import Table, table
from adlake.datafile import DataFile
from adlake.errors import AccountError
from adlake.lake import Lake
from adlake.markers import markers
from adlake.publish import Candidate, write_candidate
from adlake.quality.verdict import Judgement
from adlake.run import Run, Spent
from adlake.sources.source import MALFORMED, REFUSAL
from adlake.tables import read_files

NO_KEYS = "array<string>"
RULE_IDS = "_rule_ids"
TO_THE_MICROSECOND = "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX"


@dataclass(frozen=True)
class Refused:
    """Refused rows of one batch and step, written but not committed.

    Attributes:
        candidate: None when there is nothing to write and nothing of an earlier try to remove.
        by_rule: rows by the rule that owns them.
        by_file: rows by landing file.
        kept: rows of earlier tries that the candidate holds again; the numbers above leave them out.
    """

    candidate: Candidate | None
    step: str
    batch_id: str
    by_rule: Mapping[str, int]
    by_file: Mapping[str, int]
    kept: int = 0

    @classmethod
    def write(
        cls,
        run: Run,
        name: str,
        batch_id: str,
        step: str,
        *,
        rows: DataFrame | None,
        all_batches: bool = False,
        only_files: Collection[str] | None = None,
    ) -> "Refused":
        """The refused rows as a candidate that replaces what an earlier try of this batch and step left.

        With `all_batches` the rows are those of every batch, and what the step ever refused is replaced. With
        `only_files` the rows of all other landing files stay as they are.
        """
        contract = table(f"quarantine.{name}")
        earlier = _files_of(run.lake, contract, None if all_batches else batch_id, step)
        if rows is None and not earlier:
            return cls(None, step, batch_id, {}, {})
        stamped = None if rows is None else rows.withColumn("quarantined_at_utc", F.lit(run.now).cast("timestamp"))
        if only_files is not None and earlier:
            others = read_files(run.session, run.lake, contract, earlier).where(~F.col("file").isin(list(only_files)))
            stamped = others if stamped is None else stamped.unionByName(others)
        candidate = write_candidate(run.session, run.lake, contract, stamped, replaces=earlier)
        census = take_census(candidate.frame(run.session), contract, [F.col("rule_id"), F.col("file")])
        census.check(contract, candidate.rows)
        groups = tuple(group for group in census.groups if only_files is None or group["file"] in only_files)
        own = replace(census, groups=groups)
        kept = census.rows - own.rows
        return cls(candidate, step, batch_id, own.rows_by("rule_id"), own.rows_by("file"), kept)

    def check_files(self, expected: Mapping[str, int]) -> None:
        """Nothing when each file's refused rows are as many as expected.

        Raises:
            AccountError: a file's records do not add up (FILE_OPEN).
        """
        open_files = sorted(path for path in {*expected, *self.by_file} if expected.get(path) != self.by_file.get(path))
        if open_files:
            path = open_files[0]
            raise AccountError(
                "FILE_OPEN",
                f"records of {len(open_files)} file(s) are not accounted for; nothing was committed",
                where=path,
                found=f"{self.by_file.get(path, 0)} refused",
                wanted=f"{expected.get(path, 0)} refused",
                way_out="The file changed while it was read: deliver it again, then run again.",
            )


def refused_records(records: DataFrame, contract: Table, batch_id: str, step: str) -> DataFrame:
    """Quarantine rows for records that the reader could not take: the raw line, without any key."""
    return _quarantine_rows(
        records,
        contract,
        batch_id=F.lit(batch_id),
        step=step,
        rule_id=F.col(REFUSAL),
        rule_ids=F.array(REFUSAL),
        record=F.col(MALFORMED),
        id_keys=F.array().cast(NO_KEYS),
    )


def refused_rows(rows: DataFrame, contract: Table, step: str, id_keys: Column) -> DataFrame:
    """Quarantine rows for bronze rows that broke rules: the row as JSON; the first broken rule owns it.

    Args:
        rows: bronze rows with the names of all rules that they break, in order, as `_rule_ids`; at least one each.
        contract: the silver contract that refused them.
        step: the step that refused them.
        id_keys: keyed identifiers of the row.
    """
    record = F.struct(*[name for name in rows.columns if name != RULE_IDS])
    return _quarantine_rows(
        rows,
        contract,
        batch_id=F.col("_batch_id"),
        step=step,
        rule_id=F.element_at(RULE_IDS, 1),
        rule_ids=F.col(RULE_IDS),
        record=F.to_json(record, {"timestampFormat": TO_THE_MICROSECOND}),
        id_keys=id_keys,
    )


def publish_with_refused(
    run: Run,
    refused: Refused,
    candidate: Candidate,
    account: Account,
    *,
    slices: Sequence[str] | None = (),
    spent: Spent,
    judgement: Judgement | None = None,
) -> None:
    """Commit the refused rows of a batch, then the table that refused them; its account is checked before both.

    Raises:
        AccountError: the account does not add up; nothing is committed.
    """
    name, batch_id, step = candidate.table.qualified, refused.batch_id, refused.step
    account.check(f"{name}, batch {batch_id}")
    _publish_refused(run, refused, spent)
    run.publish(
        candidate,
        step=step,
        batch_id=batch_id,
        account=account,
        markers=markers(step, name, [batch_id]),
        slices=slices,
        spent=spent,
        judgement=judgement,
    )


def _publish_refused(run: Run, refused: Refused, spent: Spent) -> None:
    """Commit the refused rows, before the table that refused them."""
    if refused.candidate is None:
        return
    candidate = refused.candidate
    account = Account(
        sum(refused.by_rule.values()),
        candidate.rows - refused.kept,
        superseded=candidate.removed_rows - refused.kept,
    )
    step, batch_id = refused.step, refused.batch_id
    done = markers(step, candidate.table.qualified, [batch_id])
    run.publish(candidate, step=step, batch_id=batch_id, account=account, markers=done, spent=spent)


def _quarantine_rows(rows: DataFrame, contract: Table, *, step: str, **columns: Column) -> DataFrame:
    named = {name: column.alias(name) for name, column in columns.items()}
    return rows.select(
        named["batch_id"],
        F.lit(step).alias("step"),
        F.lit(contract.qualified).alias("table"),
        F.col("_file").alias("file"),
        F.col("_position").alias("position"),
        named["rule_id"],
        named["rule_ids"],
        named["record"],
        F.lit(contract.version).alias("contract_version"),
        named["id_keys"],
    )


def _files_of(lake: Lake, contract: Table, batch_id: str | None, step: str) -> list[DataFile]:
    """Committed quarantine files of a step and one batch (or all), found without a JVM."""
    wanted = {"step": step} if batch_id is None else {"step": step, "batch_id": batch_id}
    return [file for file in lake.files(contract) if wanted.items() <= file.partition.items()]

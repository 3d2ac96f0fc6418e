"""States of contacts over time, and the newest of each person."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F


def newest_contacts(states: DataFrame) -> DataFrame:
    """The newest state of each person in each source.

    Leave out later states first to get what was known at a time.

    Args:
        states: rows of vault/contacts or silver/contact_states, any number of each person.

    Returns:
        One row per source and person, all columns. Of equal as-of times the later delivered row wins.
    """
    newest_first = [F.desc(name) for name in ("as_of_at_utc", "_batch_id", "_file", "_position")]
    of_person = Window.partitionBy("source", "contact_id_key").orderBy(*newest_first)
    ranked = states.withColumn("_rank", F.row_number().over(of_person))
    return ranked.where("_rank = 1").drop("_rank")

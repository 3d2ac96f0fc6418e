"""Snowplow enriched events: 131 tab-separated columns without a header, times in UTC, contexts as JSON.

Column order and meaning: the enriched event of the Snowplow analytics SDKs. Of one `event_id` the earliest
`collector_tstamp`, then `etl_tstamp`, counts (dbt-snowplow-web 0.15.2).
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from adlake.config import Config
from adlake.contracts import Table, table
from adlake.decisions import SIGNALS, as_text
from adlake.identity import IdentityKey
from adlake.landing import Layout
from adlake.sources import urls
from adlake.sources.agents import bot_reason, with_robots_known
from adlake.sources.delimited import read_records
from adlake.sources.nested import once, struct
from adlake.sources.source import Check, LandedFile, Refinement, Source, is_out_of_time

RECORD_TYPE = "EnrichedEvent"
SUFFIXES = (".tsv", ".tsv.gz", ".gz", ".txt")
CONTEXTS, PAGE_VIEW_ID = "__contexts", "__page_view_id"
WEB_PAGE_SCHEMA = "iglu:com.snowplowanalytics.snowplow/web_page/"


def record_type_of(path: str) -> str | None:
    """Every text file of the folder is a file of enriched events."""
    return RECORD_TYPE if path.endswith(SUFFIXES) else None


def layout_of(_: str, __: str) -> Layout:
    """The one layout of the format: tab, the columns of the bronze contract in their order, no header."""
    columns = [name for name in table("bronze.page_events").column_names if not name.startswith("_")]
    return Layout("\t", tuple(columns), has_header=False)


def read(spark: SparkSession, contract: Table, root: str, files: Sequence[LandedFile]) -> DataFrame:
    """Bronze rows of the files; the format quotes nothing, so JSON keeps its own quotes."""
    return read_records(spark, contract, root, files, quote="")


def _event_time() -> Column:
    return F.coalesce("derived_tstamp", "collector_tstamp")


def records(rows: DataFrame, config: Config) -> DataFrame:
    """The rows with what transforming them takes: page view id, whether the agent is a robot's, and words of consent.

    Of consent speaks the first context that the configuration names.
    """
    configured = {f"iglu:{name}/": context.model_dump() for name, context in config.consent.contexts.items()}
    contexts = F.from_json("contexts", _contexts_type(configured.values()))["data"]
    # as a column of its own the JSON is read once; within conditions it would be read for each of their branches
    found = once(contexts, lambda all_: struct(page=_first(all_, WEB_PAGE_SCHEMA), word=_first(all_, *configured)))
    known = with_robots_known(rows, F.col("useragent")).withColumn(CONTEXTS, found)
    named = known.withColumn(PAGE_VIEW_ID, F.col(CONTEXTS)["page"]["data"]["id"])
    said = {SIGNALS: _signals(F.col(CONTEXTS)["word"], configured)} if configured else {}
    return named.withColumns(said).drop(CONTEXTS)


def _contexts_type(configured: Iterable[Mapping[str, str]]) -> T.StructType:
    """Contexts with the fields that are asked for; a value that is no text stays as it is written."""
    fields = {"id"}.union(*(fields.values() for fields in configured))
    data = T.StructType([T.StructField(field, T.StringType()) for field in sorted(fields)])
    entry = T.StructType().add("schema", "string").add("data", data)
    return T.StructType().add("data", T.ArrayType(entry))


def _first(contexts: Column, *schemas: str) -> Column:
    """The first context whose schema begins like one of these."""

    def is_one(entry: Column) -> Column:
        return reduce(or_, [entry["schema"].startswith(schema) for schema in schemas], F.lit(False))

    return F.get(F.filter(contexts, is_one), F.lit(0))


def _signals(word: Column, configured: Mapping[str, Mapping[str, str]]) -> Column:
    """What a context says, as text, by the fields of its schema; null for none."""
    said = [
        F.when(word["schema"].startswith(schema), as_text({name: word["data"][of] for name, of in fields.items()}))
        for schema, fields in configured.items()
    ]
    return F.coalesce(*said)


def _keys(identity: IdentityKey) -> tuple[Column, Column, Column]:
    login = identity.key("login", F.col("user_id"))
    return login, identity.key("domain", F.col("domain_userid")), identity.key("network", F.col("network_userid"))


def _identifiers(identity: IdentityKey) -> Column:
    return F.array_compact(F.array(*_keys(identity)))


def page_events(rows: DataFrame, identity: IdentityKey) -> DataFrame:
    """Page events of `records`, one per event id, in the hour of `derived_tstamp` (else `collector_tstamp`)."""
    login_key, domain_key, network_key = _keys(identity)
    address = F.col("page_url")
    reason = bot_reason(F.col("derived_contexts"))
    return rows.select(
        "event_id",
        "event",
        "event_name",
        "app_id",
        "platform",
        F.col("collector_tstamp").alias("collector_at_utc"),
        F.col("etl_tstamp").alias("etl_at_utc"),
        _event_time().alias("event_at_utc"),
        F.to_date(_event_time()).alias("event_date"),
        F.col(PAGE_VIEW_ID).alias("page_view_id"),
        urls.site(address).alias("site"),
        urls.page_url(address).alias("page_url"),
        urls.section(address).alias("section"),
        *[F.col(f"mkt_{part}").alias(f"utm_{part}") for part in ("source", "medium", "campaign", "term", "content")],
        F.regexp_replace(F.lower("refr_urlhost"), r"^www\.", "").alias("referrer_site"),
        "refr_medium",
        F.col("domain_sessionid").alias("domain_session_id"),
        F.col("domain_sessionidx").alias("domain_session_index"),
        "geo_country",
        F.col("dvce_type").alias("device_type"),
        F.col("br_family").alias("browser_family"),
        "os_family",
        "pp_yoffset_max",
        "doc_height",
        F.col("br_viewheight").alias("viewport_height"),
        reason.isNotNull().alias("is_bot"),
        reason.alias("bot_reason"),
        login_key.alias("login_id_key"),
        domain_key.alias("domain_id_key"),
        network_key.alias("network_id_key"),
        F.coalesce(login_key, domain_key, network_key).alias("id_key"),
        *[name for name in rows.columns if name == SIGNALS],
        "_batch_id",
        "_file",
        "_position",
    )


def _is_no_object(column: str) -> Column:
    """Whether the text is anything but one JSON object; as the only entry of an array nothing may follow it."""
    entries = F.json_array_length(F.concat(F.lit("["), column, F.lit("]")))
    return F.col(column).isNotNull() & (F.coalesce(entries != 1, F.lit(True)) | ~F.ltrim(column).startswith("{"))


_RULES = [
    Check("event_id_missing", lambda: F.col("event_id").isNull() | (F.trim("event_id") == "")),
    Check("collector_time_missing", lambda: F.col("collector_tstamp").isNull()),
    Check("event_time_invalid", lambda: is_out_of_time(_event_time())),
    Check("contexts_malformed", lambda: _is_no_object("contexts")),
]

SNOWPLOW = Source(
    name="snowplow",
    record_types={RECORD_TYPE: "page_events"},
    record_type_of=record_type_of,
    layout_of=layout_of,
    read=read,
    refinements={"silver.page_events": Refinement(_RULES, [], page_events, _identifiers, records)},
)

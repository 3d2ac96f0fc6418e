"""Header bids as the ad server saw them: price buckets among the key-values of an impression.

Prebid.js sends the best bid as `hb_pb` and those of single bidders as `hb_pb_<bidder>`, in units of the network
currency per 1000 impressions. A bucket is cut down to its step and capped, so it is a lower bound of the bid.
"""

from collections.abc import Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F

from adlake.config import Config, PriceGranularity

# A price, and no key such as hb_pb_cat_dur with more in its value; cpm_micros of a bigint hold it.
BUCKET = r"(?:^|;)\s*hb_pb(?:_[^=;]*)?\s*=\s*([0-9]{1,6}(?:\.[0-9]{1,6})?)\s*(?=;|$)"
BUCKET_TYPE = "decimal(12,6)"
MICROS = 1_000_000
CAP_MICROS: Mapping[PriceGranularity, int] = {
    "low": 5 * MICROS,
    "medium": 20 * MICROS,
    "high": 20 * MICROS,
    "auto": 20 * MICROS,
    "dense": 20 * MICROS,
}


def best_header_bid_cpm_micros(custom_targeting: str) -> Column:
    """Micros per 1000 impressions of the best header bid in the key-values; null when there is no readable bucket.

    Args:
        custom_targeting: column of `k=v;k=v`, in which a key may come several times.
    """
    # most rows have none, and looking for one key is cheaper than a pattern
    told = F.when(F.contains(F.col(custom_targeting), F.lit("hb_pb")), F.col(custom_targeting))
    buckets = F.regexp_extract_all(told, F.lit(BUCKET), F.lit(1))
    return (F.array_max(F.transform(buckets, lambda text: text.cast(BUCKET_TYPE))) * MICROS).cast("bigint")


def is_capped(cpm_micros: Column, config: Config) -> Column:
    """Whether a bucket lies at the cap of its granularity: the bid may have been any amount above."""
    return cpm_micros >= CAP_MICROS[config.price_granularity]

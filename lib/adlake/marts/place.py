"""Where something happened: on a site, or in an app."""

from pyspark.sql import Column
from pyspark.sql import functions as F


def site_or_app() -> tuple[Column, Column]:
    """`site`, which is the app's bundle where there is no site, and `is_app`, which tells the two apart."""
    is_app = F.col("site").isNull() & F.col("app_bundle").isNotNull()
    return F.coalesce("site", "app_bundle").alias("site"), is_app.alias("is_app")

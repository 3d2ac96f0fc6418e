"""Extended identifiers: what others call the user of an OpenRTB request, and by which agent type.

Sources: OpenRTB 2.6 3.2.27 and 3.2.28 (`user.eids`), the place of 2.5 (`user.ext.eids`); AdCOM 1.0, List: Agent Types.
"""

from pyspark.sql import Column
from pyspark.sql import functions as F

from adlake.identity import EID_KINDS, names_somebody
from adlake.sources.nested import once, struct

# Every two identifiers of an auction are a link: with device and user id these make 45. The best kinds are kept.
MOST = 8
LISTED = "array<struct<source:string,uids:array<struct<id:string,atype:string>>>>"
# 1 is of a browser or device, 2 of an app's installation, 3 of a person; from 500 on every vendor has its own.
KIND_OF_TYPE = {"1": "device_eid", "2": "app_eid", "3": "person_eid"}


def named(user: Column) -> Column:
    """The extended identifiers of a user, as {named, left_out}: the first `MOST`, and how many more there are.

    `named` is an array of {kind, identifier}, those of the best kind first; the identifier is that of the source behind
    the source's name (OpenRTB 2.6 3.2.27: a domain, so that case does not count). Those of the place of 2.6 and of 2.5
    are taken together, each once; one without a source or that names nobody is none.
    """
    found = F.concat(*[F.coalesce(place, F.array().cast(LISTED)) for place in (user["eids"], user["ext"]["eids"])])
    texts = F.transform(found, lambda eid: F.transform(eid["uids"], lambda uid: _eid(eid["source"], uid)))
    # as texts, which Spark tells apart by their hash; structs it compares each with each
    each = F.array_distinct(F.array_compact(F.flatten(F.array_compact(texts))))
    return once(
        F.sort_array(each),
        lambda ranked: struct(
            named=F.transform(F.slice(ranked, 1, MOST), _of_text),
            left_out=F.greatest(F.size(ranked) - MOST, F.lit(0)),
        ),
    )


def _eid(source: Column, uid: Column) -> Column:
    """The rank of its kind, the source and the identifier as one text; null for one that names nobody."""
    kinds = [F.when(F.trim(uid["atype"]) == code, _rank(kind)) for code, kind in KIND_OF_TYPE.items()]
    domain = F.nullif(F.lower(F.trim(source)), F.lit(""))
    return F.when(
        names_somebody(uid["id"]) & domain.isNotNull(),
        F.concat(F.coalesce(*kinds, _rank("eid")), domain, F.lit(":"), uid["id"]),
    )


def _rank(kind: str) -> Column:
    return F.lit(str(EID_KINDS.index(kind)))


def _of_text(text: Column) -> Column:
    kinds = F.array(*map(F.lit, EID_KINDS))
    return struct(kind=F.get(kinds, F.substring(text, 1, 1).cast("int")), identifier=F.substr(text, F.lit(2)))

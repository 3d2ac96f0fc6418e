"""Two small sound contracts, and a way to break them in one place."""

GOOD = """\
apiVersion: v3.2.0
kind: DataContract
id: adlake.gold.visits
name: gold.visits
version: 2.1.0
status: active
description:
  purpose: Visits per hour.
schema:
  - name: visits
    physicalType: table
    description: Visits per hour.
    dataGranularityDescription: one hour and site
    customProperties:
      - {property: layer, value: gold}
      - {property: slice, value: {column: hour_utc, unit: hour}}
      - {property: retentionDays, value: 90}
      - {property: statsColumns, value: [hour_utc, visits]}
      - property: deltaProperties
        value: {delta.enableDeletionVectors: "false", delta.checkpointInterval: "5"}
    properties:
      - name: site
        description: Host of the page.
        logicalType: string
        physicalType: string
        required: false
        primaryKey: true
        primaryKeyPosition: 2
        customProperties:
          - {property: personalData, value: behaviour}
      - name: hour_utc
        description: Begin of the hour.
        logicalType: timestamp
        physicalType: timestamp
        required: true
        primaryKey: true
        primaryKeyPosition: 1
        customProperties:
          - {property: personalData, value: none}
          - {property: timeZone, value: UTC}
      - name: day
        description: Day of the hour.
        logicalType: date
        physicalType: date
        required: true
        partitioned: true
        partitionKeyPosition: 1
        customProperties:
          - {property: personalData, value: none}
      - name: visits
        description: Visits.
        logicalType: integer
        physicalType: bigint
        required: true
        customProperties:
          - {property: personalData, value: none}
          - {property: unit, value: visits}
      - name: visitor_key
        description: Keyed hash of the last visitor.
        logicalType: string
        physicalType: string
        required: false
        customProperties:
          - {property: personalData, value: keyed}
          - {property: sourceField, value: user_id}
      - name: by_device
        description: Visits by kind of device.
        logicalType: map
        physicalType: map<string,bigint>
        map:
          key: {logicalType: string, physicalType: string}
          value: {logicalType: integer, physicalType: bigint}
        required: false
        customProperties:
          - {property: personalData, value: none}
"""

SILVER = """\
apiVersion: v3.2.0
kind: DataContract
id: adlake.silver.clicks
name: silver.clicks
version: 1.0.0
status: active
description:
  purpose: Clicks.
schema:
  - name: clicks
    physicalType: table
    description: Clicks.
    dataGranularityDescription: one click
    customProperties:
      - {property: layer, value: silver}
      - {property: madeFrom, value: [bronze.clicks]}
      - {property: winnerOrder, value: [seen_at_utc nulls last, id]}
      - {property: dedupDays, value: 2}
      - {property: statsColumns, value: []}
    properties:
      - name: id
        description: Id.
        logicalType: string
        physicalType: string
        required: true
        primaryKey: true
        primaryKeyPosition: 1
        customProperties:
          - {property: personalData, value: none}
      - name: seen_at_utc
        description: When the click was seen.
        logicalType: timestamp
        physicalType: timestamp
        required: false
        customProperties:
          - {property: personalData, value: none}
          - {property: timeZone, value: UTC}
"""


def put(root, layer, name, text):
    """Write a contract below a folder of contracts and say where it is."""
    path = root / layer / f"{name}.odcs.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def changed(text, old, new):
    """The text with one place changed; a test whose place is not there must not pass."""
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
    return text.replace(old, new)

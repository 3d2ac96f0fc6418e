"""The contracts that adlake ships: sound, complete, in the standard, and with exactly the columns that were agreed."""

import csv
import gzip
import json
import re
from datetime import datetime
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
import yaml
from open_data_contract_standard.model import OpenDataContractStandard

from adlake import contracts
from adlake.resources import folder

REAL = Path(__file__).parents[3] / "shared" / "real" / "clickstream"
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason="the real clickstream files are not on this machine")

FILES = sorted(folder("schemas").glob("*/*.yaml"))
SHIPPED = [f"{path.parent.name}.{path.name.split('.', 1)[0]}" for path in FILES]

GAM_EVENTS = ("gam_active_views", "gam_clicks", "gam_impressions", "gam_requests")
SOURCES = ("gam_active_views", "gam_clicks", "gam_impressions", "gam_line_items", "gam_requests", "page_events")
PREBID = ("auctions", "bids")
CRM = ("contacts", "newsletter_activity", "newsletter_campaigns")
REFUSING = (*SOURCES, *CRM, "contact_states", "prebid_auctions", *PREBID, "fx_rates")

BRONZE_END = "_batch_id string, _file string, _position bigint, _record_type string, _ingested_at_utc timestamp"
SILVER_END = "_batch_id string, _file string, _position bigint"

GAM_TYPES = {
    "TimeUsec2": "bigint",
    "EventTimeUsec2": "bigint",
    "SellerReservePrice": "decimal(18,9)",
    "EstimatedBackfillRevenue": "decimal(18,9)",
}
GAM_FIELDS = """
Time TimeUsec2 KeyPart EventTimeUsec2 EventKeyPart ImpressionId BackfillKeyPart AdUnitId RequestedAdUnitSizes
MobileAppId RefererURL Domain GfpContentId IsInterstitial IsCompanion VideoPosition PodPosition VideoFallbackPosition
NativeFormat NativeStyle ChildNetworkCode ServingRestriction Product AdvertiserId OrderId LineItemId CreativeId
CreativeVersion CreativeSize CreativeSizeDelivered Advertiser Buyer DealId DealType AdxAccountId SellerReservePrice
EstimatedBackfillRevenue YieldGroupNames YieldGroupCompanyId OptimizationType UserId PublisherProvidedID
UserIdentifierStatus PpidPresence AudienceSegmentIds CountryId Country RegionId Region MetroId Metro CityId City
PostalCodeId PostalCode BrowserId Browser OSId OS OSVersion BandWidth BandwidthId BandwidthGroupId DeviceCategory
MobileDevice MobileCapability MobileCarrier RequestLanguage CustomTargeting TargetedCustomCriteria
"""
GAM = GAM_FIELDS.split()
GAM_FLAGS = {
    "gam_requests": ["IsFilledRequest"],
    "gam_impressions": ["ActiveViewEligibleImpression"],
    "gam_clicks": [],
    "gam_active_views": ["MeasurableImpression", "ViewableImpression"],
}

# The enriched event in the order of Snowplow's analytics SDKs.
SNOWPLOW_FIELDS = """
app_id platform etl_tstamp collector_tstamp dvce_created_tstamp event event_id txn_id name_tracker v_tracker
v_collector v_etl user_id user_ipaddress user_fingerprint domain_userid domain_sessionidx network_userid geo_country
geo_region geo_city geo_zipcode geo_latitude geo_longitude geo_region_name ip_isp ip_organization ip_domain
ip_netspeed page_url page_title page_referrer page_urlscheme page_urlhost page_urlport page_urlpath page_urlquery
page_urlfragment refr_urlscheme refr_urlhost refr_urlport refr_urlpath refr_urlquery refr_urlfragment refr_medium
refr_source refr_term mkt_medium mkt_source mkt_term mkt_content mkt_campaign contexts se_category se_action se_label
se_property se_value unstruct_event tr_orderid tr_affiliation tr_total tr_tax tr_shipping tr_city tr_state tr_country
ti_orderid ti_sku ti_name ti_category ti_price ti_quantity pp_xoffset_min pp_xoffset_max pp_yoffset_min
pp_yoffset_max useragent br_name br_family br_version br_type br_renderengine br_lang br_features_pdf
br_features_flash br_features_java br_features_director br_features_quicktime br_features_realplayer
br_features_windowsmedia br_features_gears br_features_silverlight br_cookies br_colordepth br_viewwidth
br_viewheight os_name os_family os_manufacturer os_timezone dvce_type dvce_ismobile dvce_screenwidth
dvce_screenheight doc_charset doc_width doc_height tr_currency tr_total_base tr_tax_base tr_shipping_base ti_currency
ti_price_base base_currency geo_timezone mkt_clickid mkt_network etl_tags dvce_sent_tstamp refr_domain_userid
refr_dvce_tstamp derived_contexts domain_sessionid derived_tstamp event_vendor event_name event_format event_version
event_fingerprint true_tstamp
"""
SNOWPLOW = SNOWPLOW_FIELDS.split()
SNOWPLOW_TYPES = {
    **dict.fromkeys((name for name in SNOWPLOW if name.endswith("_tstamp")), "timestamp"),
    **dict.fromkeys((name for name in SNOWPLOW if name.startswith("pp_")), "int"),
    **dict.fromkeys(("br_viewwidth", "br_viewheight", "doc_width", "doc_height"), "int"),
    **dict.fromkeys(("dvce_screenwidth", "dvce_screenheight", "domain_sessionidx"), "int"),
    **dict.fromkeys(("geo_latitude", "geo_longitude"), "double"),
}


def _one_line(kind):
    return kind.replace("\n", "")


SILVER_GAM = """event_date date, is_backfill boolean, product string, ad_unit_id string, line_item_id string,
order_id string, advertiser_id string, creative_id string, deal_id string, deal_type string, creative_size string,
site string, page_url string, section string, country string, region string, device_category string, browser string,
os string, custom_targeting string, gam_user_id_key string, ppid_id_key string, id_key string"""
QUERY = "key_part string, query_at_utc timestamp"
EVENT = f"{QUERY}, event_key_part string, event_at_utc timestamp"

# What the file adapter and OpenRTB call it; only the fields that silver needs.
NON_BIDS = "array<struct<seat:string,nonbid:array<struct<impid:string,statuscode:int>>>>"
BID = """struct<id:string,impid:string,price:double,crid:string,dealid:string,adomain:array<string>,w:int,h:int,
ext:struct<origbidcpm:double,origbidcur:string,prebid:struct<targeting:map<string,string>,
meta:struct<adaptercode:string>,events:struct<win:string,imp:string>>>>"""
BID_RESPONSE = f"""struct<id:string,cur:string,nbr:int,seatbid:array<struct<seat:string,bid:array<{BID}>>>,
ext:struct<errors:map<string,array<struct<code:int,message:string>>>,responsetimemillis:map<string,int>,
seatnonbid:{NON_BIDS},prebid:struct<auctiontimestamp:bigint,seatnonbid:{NON_BIDS}>>>"""
BID_REQUEST = """struct<id:string,imp:array<struct<id:string,tagid:string,bidfloor:double,bidfloorcur:string,
banner:struct<w:int,h:int,format:array<struct<w:int,h:int>>>,video:struct<w:int,h:int>,audio:struct<minduration:int>,
native:struct<ver:string>,ext:map<string,string>>>,
site:struct<domain:string,page:string,publisher:struct<id:string>>,app:struct<bundle:string,publisher:struct<id:string>>,
device:struct<ua:string,ifa:string,devicetype:int,geo:struct<country:string>>,user:struct<id:string,consent:string,yob:string,
eids:array<struct<source:string,uids:array<struct<id:string,atype:string>>>>,ext:struct<consent:string,
eids:array<struct<source:string,uids:array<struct<id:string,atype:string>>>>>>,regs:struct<gdpr:string,gpp:string,gpp_sid:string,us_privacy:string,coppa:string,gpc:string,
ext:struct<gdpr:string,gpp:string,gpp_sid:string,us_privacy:string,gpc:string>>,at:int,tmax:int,test:int>"""

DECISION = """may_store boolean, may_personalise_ads boolean, may_profile boolean, may_measure boolean,
may_share array<string>, consent_basis string, consent_rests_on string, consent_policy_version string"""
SUBSCRIPTIONS = """newsletter_state string, subscription_state string, subscription_plan string, renewal_date date,
country string, consent_email string, consent_ad_user_data string, consent_ad_personalization string,
consent_at_utc timestamp"""
AS_OF = "as_of_at_utc timestamp, event_at_utc timestamp, event_date date"
CONTACT_KEYS = "contact_id_key string, login_id_key string, email_id_key string, id_key string"

COLUMNS = {
    "bronze.prebid_auctions": f"""type string, Status int, StartTime string, Errors array<string>,
        Account struct<id:string>, Request {_one_line(BID_REQUEST)}, Response {_one_line(BID_RESPONSE)},
        AuctionResponse {_one_line(BID_RESPONSE)}, SeatNonBid {NON_BIDS}, _record string, {BRONZE_END}""",
    "silver.auctions": f"""auction_id string, imp_id string, account string, event_at_utc timestamp, event_date date,
        site string, page_url string, section string, app_bundle string, ad_unit string, gpid string,
        media_type string, slot_size string, floor_cpm_micros bigint, floor_currency string, auction_type int,
        tmax_ms int, country string, device_type int, asks int, bids int, is_test boolean, is_bot boolean,
        bot_reason string, device_id_key string, user_id_key string, eid_keys array<struct<id_key:string,kind:string>>,
        eids_left_out int, id_key string, {DECISION}, {SILVER_END}, _index int""",
    "silver.bids": f"""auction_id string, imp_id string, bidder string, event_at_utc timestamp, event_date date,
        site string, app_bundle string, ad_unit string, slot_size string, outcome string, nonbid_code int,
        is_won boolean, bid_count int, bids_in_auction int, bid_id string, cpm_micros bigint, currency string,
        creative_id string, deal_id string, advertiser_domain string, response_ms int, is_bot boolean,
        bot_reason string, {SILVER_END}, _index int""",
    "vault.contacts": f"""source string, contact_id string, contact_id_key string, {AS_OF}, login string,
        emails array<string>, emails_invalid int, phones array<struct<e164:string,phone_region_rule:string>>,
        phones_invalid int, first_name string, last_name string, street string, postal_code string, city string,
        region string, device_ids array<string>, {SUBSCRIPTIONS}, {SILVER_END}""",
    "silver.contact_states": f"source string, {CONTACT_KEYS}, {AS_OF}, {SUBSCRIPTIONS}, {SILVER_END}",
    "silver.newsletter_activity": f"""activity_id string, source string, action string, campaign_id string,
        event_at_utc timestamp, event_date date, page_url string, site string, {CONTACT_KEYS}, {SILVER_END}""",
    "silver.newsletter_campaigns": f"""source string, campaign_id string, {AS_OF}, title string, subject string,
        sent_at_utc timestamp, {SILVER_END}""",
    "bronze.gam_line_items": """ID string, Name string, OrderId string, LineItemType string, CostType string,
        CostPerUnitInNetworkCurrency decimal(18,9), StartDateTime string, EndDateTime string, Status string,
        _extra map<string,string>, """
    + BRONZE_END,
    "silver.gam_requests": f"{QUERY}, event_at_utc timestamp, {SILVER_GAM}, is_filled boolean, {SILVER_END}",
    "silver.gam_impressions": f"""{EVENT}, {SILVER_GAM}, revenue_micros bigint, revenue_basis string,
        is_active_view_eligible boolean, {SILVER_END}""",
    "silver.gam_clicks": f"{EVENT}, {SILVER_GAM}, {SILVER_END}",
    "silver.gam_active_views": f"{EVENT}, {SILVER_GAM}, is_measurable boolean, is_viewable boolean, {SILVER_END}",
    "silver.gam_line_items": f"""snapshot_date date, line_item_id string, name string, order_id string,
        line_item_type string, cost_type string, cost_per_unit_micros bigint, {SILVER_END}""",
    "bronze.fx_rates": f"_extra map<string,string>, {BRONZE_END}",
    "silver.fx_rates": f"""rate_date date, currency string, rate_year date, usd_per_unit decimal(38,18),
        {SILVER_END}""",
    "silver.page_events": f"""event_id string, event string, event_name string, app_id string, platform string,
        collector_at_utc timestamp, etl_at_utc timestamp, event_at_utc timestamp, event_date date, page_view_id string,
        site string, page_url string, section string, utm_source string, utm_medium string, utm_campaign string,
        utm_term string, utm_content string, referrer_site string, refr_medium string, domain_session_id string,
        domain_session_index int, geo_country string, device_type string, browser_family string, os_family string,
        pp_yoffset_max int, doc_height int, viewport_height int, is_bot boolean, bot_reason string,
        login_id_key string, domain_id_key string, network_id_key string, id_key string,
        {DECISION}, {SILVER_END}""",
    "silver.consents": """event_date date, id_key string, kind string, source string, signal_at_utc timestamp,
        last_seen_at_utc timestamp, may_store boolean, may_personalise_ads boolean, may_profile boolean,
        may_measure boolean, may_share array<string>, consent_basis string, consent_policy_version string,
        events bigint""",
    "silver.identity_links": """event_date date, id_key string, linked_id_key string, kind string, linked_kind string,
        source string, first_seen_at_utc timestamp, last_seen_at_utc timestamp, events bigint, may_store boolean,
        may_personalise_ads boolean, may_profile boolean, may_measure boolean""",
    "silver.key_rotations": """event_date date, event_at_utc timestamp, old_id_key string, new_id_key string,
        kind string""",
    "silver.user_keys": """id_key string, kind string, user_key string, linked_people bigint, linked_devices bigint,
        is_cut boolean, cut_reason string""",
    "gold.yield_hourly": """hour_utc timestamp, event_date date, site string, ad_unit_id string, channel string,
        device_category string, country string, requests bigint, unfilled bigint, impressions bigint, clicks bigint,
        eligible bigint, measurable bigint, viewable bigint, revenue_reported_micros bigint,
        revenue_rate_card_micros bigint, revenue_micros bigint, revenue_unknown_impressions bigint,
        header_bid_impressions bigint, header_bid_micros bigint, capped_header_bids bigint,
        pressed_revenue_micros bigint, pressed_unknown_impressions bigint, users_sketch binary""",
    "gold.bidder_daily": """event_date date, bidder string, site string, is_app boolean, slot_size string, asks bigint,
        bids bigint, no_bids bigint, timeouts bigint, errors bigint, rejections bigint, auction_slots_0_bids bigint,
        auction_slots_1_bids bigint, auction_slots_2_bids bigint, auction_slots_3_bids bigint,
        auction_slots_4_bids bigint, auction_slots_5_plus_bids bigint, wins bigint, bids_unconverted bigint,
        wins_unconverted bigint, responses bigint, nonbid_codes map<string,bigint>, bid_cpm_micros bigint,
        win_cpm_micros bigint, win_revenue_micros bigint, oldest_rate_date date,
        response_ms_histogram array<bigint>""",
    "gold.traffic_daily": """event_date date, site string, is_app boolean, bot_reason string, page_events bigint,
        page_views bigint, auction_slots bigint""",
    "gold.user_days": """id_key string, event_date date, visits bigint, page_views bigint, impressions bigint,
        clicks bigint, revenue_micros bigint, revenue_unknown_impressions bigint, sections array<string>,
        section_page_views map<string,bigint>, device_events map<string,bigint>, country_events map<string,bigint>,
        first_seen_at_utc timestamp, last_seen_at_utc timestamp""",
    "gold.page_views": """page_view_id string, event_date date, id_key string, session_id string,
        session_started_at_utc timestamp, started_at_utc timestamp, ended_at_utc timestamp, site string,
        page_url string, section string, device string, country string, referrer_site string, refr_medium string,
        page_pings bigint, engaged_seconds bigint, duration_seconds bigint, is_engaged boolean, scroll_percent int""",
    "gold.sessions": """session_id string, event_date date, id_key string, started_at_utc timestamp,
        ended_at_utc timestamp, site string, landing_page_url string, landing_section string, device string,
        country string, source string, medium string, campaign string, referrer_site string, refr_medium string,
        events bigint, page_views bigint, page_pings bigint, conversions bigint, engaged_seconds bigint,
        duration_seconds bigint, is_engaged boolean, is_engaged_snowplow boolean, is_bounced boolean""",
    "gold.user_features": """id_key string, as_of_date date, recency_days int, visits_1d bigint, visits_7d bigint,
        visits_30d bigint, visits_90d bigint, active_days_1d bigint, active_days_7d bigint, active_days_30d bigint,
        active_days_90d bigint, page_views bigint, impressions bigint, clicks bigint, ad_revenue_micros bigint,
        ads_per_visit double, content_affinity map<string,double>, device_share map<string,double>,
        country_share map<string,double>, newsletter_state string, subscription_state string,
        subscription_plan string, days_to_renewal int""",
    "ops.runs": """run_id string, started_at_utc timestamp, finished_at_utc timestamp, steps array<string>,
        exit_code int, batches array<string>, files_set_aside bigint, seconds double, cpu_seconds double,
        adlake_version string""",
    "ops.files": """run_id string, batch_id string, source string, table string, record_type string, path string,
        size_bytes bigint, modified_at_utc timestamp, content_sha256 string, records bigint, delimiter string,
        line_end string, header array<string>, state string, reason string, replaces_batch_id string,
        at_utc timestamp""",
    "ops.accounts": """run_id string, batch_id string, step string, table string, version bigint, read bigint,
        published bigint, duplicates bigint, superseded bigint, restored bigint, replayed bigint,
        quarantined map<string,bigint>, filtered map<string,bigint>, seconds double, cpu_seconds double,
        committed_at_utc timestamp""",
    "ops.verdicts": """run_id string, batch_id string, step string, table string, rule string, state string,
        fingerprint string, suite string, reason string, released string, version bigint, rows bigint,
        is_batch boolean, on_fail string, outcome string, unexpected bigint, judged bigint, observed double,
        least double, most double, as_of_utc timestamp, at_utc timestamp""",
    "ops.releases": """run_id string, batch_id string, step string, table string, fingerprint string, reason string,
        at_utc timestamp""",
    "quarantine.replays": """replay_batch_id string, table string, batch_id string, file string, position bigint,
        index int, outcome string, rule_id string, replayed_at_utc timestamp""",
    "bronze.page_events": ", ".join(f"{name} {SNOWPLOW_TYPES.get(name, 'string')}" for name in SNOWPLOW)
    + f", {BRONZE_END}",
}
for _table, _flags in GAM_FLAGS.items():
    COLUMNS[f"bronze.{_table}"] = (
        ", ".join(f"{name} {GAM_TYPES.get(name, 'string')}" for name in [*GAM, *_flags])
        + f", _extra map<string,string>, {BRONZE_END}"
    )
for _table in CRM:
    COLUMNS[f"bronze.{_table}"] = f"values map<string,string>, {BRONZE_END}"
for _table in REFUSING:
    COLUMNS[f"quarantine.{_table}"] = """batch_id string, step string, table string, file string, position bigint,
        rule_id string, rule_ids array<string>, record string, contract_version string, id_keys array<string>,
        quarantined_at_utc timestamp"""

AS_OF_TABLES = ("vault.contacts", "silver.contact_states", "silver.newsletter_campaigns")
DELIVERED = ("_batch_id", "_file", "_position")
REFUSED = ("batch_id", "table", "file", "position")
EVENT_KEY = ("key_part", "query_at_utc", "event_key_part", "event_at_utc")
KEYS = {
    **{f"bronze.{name}": DELIVERED for name in (*SOURCES, *CRM)},
    **{f"silver.{name}": EVENT_KEY for name in GAM_EVENTS},
    "bronze.prebid_auctions": DELIVERED,
    "bronze.fx_rates": DELIVERED,
    "silver.fx_rates": ("rate_date", "currency"),
    "gold.bidder_daily": ("event_date", "bidder", "site", "is_app", "slot_size"),
    "gold.traffic_daily": ("event_date", "site", "is_app", "bot_reason"),
    "silver.auctions": ("auction_id", "imp_id"),
    "silver.bids": ("auction_id", "imp_id", "bidder"),
    **{f"quarantine.{name}": REFUSED for name in REFUSING},
    "vault.contacts": ("source", "contact_id", "as_of_at_utc"),
    "silver.contact_states": ("source", "contact_id_key", "as_of_at_utc"),
    "silver.newsletter_activity": ("activity_id",),
    "silver.newsletter_campaigns": ("source", "campaign_id", "as_of_at_utc"),
    "silver.gam_requests": ("key_part", "query_at_utc"),
    "silver.gam_line_items": ("snapshot_date", "line_item_id"),
    "silver.page_events": ("event_id",),
    "silver.consents": ("event_date", "id_key", "source", "signal_at_utc"),
    "silver.identity_links": ("event_date", "id_key", "linked_id_key", "source"),
    "silver.key_rotations": ("old_id_key", "new_id_key"),
    "silver.user_keys": ("id_key",),
    "gold.yield_hourly": ("hour_utc", "site", "ad_unit_id", "channel", "device_category", "country"),
    "gold.user_days": ("id_key", "event_date"),
    "gold.page_views": ("page_view_id", "event_date"),
    "gold.sessions": ("session_id", "event_date"),
    "gold.user_features": ("id_key", "as_of_date"),
    "ops.runs": ("run_id",),
    "ops.files": ("run_id", "path", "state"),
    "ops.accounts": ("run_id", "batch_id", "step", "table"),
    "ops.verdicts": ("run_id", "batch_id", "step", "table", "rule"),
    "ops.releases": ("run_id", "batch_id", "step", "table", "fingerprint"),
    "quarantine.replays": ("replay_batch_id", "table", "batch_id", "file", "position", "index"),
}
PARTITIONS = {
    **{f"silver.{name}": ("event_date",) for name in (*SOURCES, *PREBID, *CRM, "contact_states")},
    **{f"quarantine.{name}": ("batch_id", "step") for name in REFUSING},
    "vault.contacts": ("event_date",),
    "silver.gam_line_items": ("snapshot_date",),
    "silver.consents": ("event_date",),
    "silver.identity_links": ("event_date",),
    "silver.key_rotations": ("event_date",),
    "silver.user_keys": (),
    "gold.yield_hourly": ("event_date",),
    "gold.user_days": ("event_date",),
    "gold.page_views": ("event_date",),
    "gold.sessions": ("event_date",),
    "gold.user_features": ("as_of_date",),
    "gold.bidder_daily": ("event_date",),
    "gold.traffic_daily": ("event_date",),
    "silver.fx_rates": ("rate_year",),
}
STATISTICS = {
    **{f"bronze.{name}": ("_batch_id", "_file", "TimeUsec2", "EventTimeUsec2") for name in GAM_EVENTS},
    **{f"silver.{name}": ("event_at_utc", "_batch_id", "_file") for name in (*SOURCES, *PREBID)},
    "bronze.prebid_auctions": ("_batch_id", "_file", "StartTime"),
    **{f"quarantine.{name}": ("table", "file", "quarantined_at_utc") for name in REFUSING},
    **{f"bronze.{name}": ("_batch_id", "_file") for name in CRM},
    **dict.fromkeys(AS_OF_TABLES, ("as_of_at_utc", "_batch_id", "_file")),
    "silver.newsletter_activity": ("event_at_utc", "_batch_id", "_file"),
    "bronze.gam_requests": ("_batch_id", "_file", "TimeUsec2"),
    "bronze.gam_line_items": ("_batch_id", "_file"),
    "bronze.page_events": ("_batch_id", "_file", "derived_tstamp", "collector_tstamp"),
    "silver.gam_line_items": ("line_item_id", "_batch_id", "_file"),
    "silver.consents": (),
    "silver.identity_links": (),
    "silver.key_rotations": (),
    "silver.user_keys": (),
    "gold.yield_hourly": ("hour_utc",),
    "gold.user_days": (),
    "gold.page_views": (),
    "gold.sessions": (),
    "gold.bidder_daily": ("bidder",),
    "gold.traffic_daily": ("bot_reason",),
    "bronze.fx_rates": ("_batch_id", "_file"),
    "silver.fx_rates": ("rate_date", "currency", "_batch_id", "_file"),
    "gold.user_features": (),
    "ops.runs": ("run_id", "started_at_utc"),
    "ops.files": ("run_id", "batch_id", "path", "at_utc"),
    "ops.accounts": ("run_id", "batch_id", "step", "table", "committed_at_utc"),
    "ops.verdicts": ("run_id", "batch_id", "step", "table", "at_utc"),
    "ops.releases": ("run_id", "batch_id", "step", "table", "at_utc"),
    "quarantine.replays": ("table", "replayed_at_utc"),
}
RETENTION_DAYS = {"bronze": 30, "quarantine": 30, "silver": 395, "vault": 395, "gold": 395, "ops": 730}


def every_column(*layers):
    """Pairs of table and column, of the named layers or of all."""
    tables = contracts.tables().values()
    return [(table, column) for table in tables if not layers or table.layer in layers for column in table.columns]


def test_the_tables_are_the_agreed_ones():
    assert sorted(contracts.tables()) == sorted(COLUMNS)


def test_no_contract_has_a_fault():
    assert [str(fault) for fault in contracts.faults()] == []


def test_q08_quarantine_keeps_rows_shorter_than_what_is_made_of_them_and_knows_whose_they_are():
    found = [contracts.table(f"quarantine.{name}") for name in REFUSING]
    assert {one.retention_days for one in found} == {30}
    kept = [one.retention_days for one in contracts.tables().values() if one.layer in {"silver", "gold"}]
    assert min(days for days in kept if days is not None) > 30
    # what erasure will look for
    assert {(one.column("id_keys").type, one.column("id_keys").personal) for one in found} == {
        ("array<string>", "keyed")
    }


@pytest.mark.parametrize("path", FILES, ids=SHIPPED)
def test_a_contract_is_valid_by_the_schema_of_the_standard(path):
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    schema = json.loads(files("open_data_contract_standard").joinpath("schema.json").read_text(encoding="utf-8"))
    faults = jsonschema.Draft201909Validator(schema).iter_errors(document)
    assert [f"{fault.json_path}: {fault.message}" for fault in faults] == []


@pytest.mark.parametrize("path", FILES, ids=SHIPPED)
def test_a_contract_says_to_the_standards_own_model_what_it_says_to_us(path):
    theirs = OpenDataContractStandard.from_file(str(path))
    ours = contracts.load_table(path)
    assert theirs.name == ours.qualified
    assert [(column.name, column.physicalType) for column in theirs.schema_[0].properties] == [
        (column.name, column.type) for column in ours.columns
    ]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_table_has_exactly_the_agreed_columns_in_their_order(name):
    found = [f"{column.name} {column.type}" for column in contracts.table(name).columns]
    assert found == re.split(r",\s+", COLUMNS[name])


def test_page_events_have_the_131_columns_of_snowplow_and_ours():
    names = contracts.table("bronze.page_events").column_names
    assert names[:131] == tuple(SNOWPLOW)
    assert names[131:] == ("_batch_id", "_file", "_position", "_record_type", "_ingested_at_utc")


@pytest.mark.parametrize("name", SHIPPED)
def test_a_table_has_the_agreed_key_partitions_and_statistics(name):
    table = contracts.table(name)
    assert table.key == KEYS[name]
    assert table.partition_by == PARTITIONS.get(name, ())
    assert table.stats_columns == STATISTICS[name]


def test_the_first_delivered_of_equal_keys_wins_of_page_events_the_first_collected():
    assert {table.name: table.winner_order for table in contracts.tables().values() if table.winner_order} == {
        **dict.fromkeys((*SOURCES, *CRM, "contact_states", "fx_rates"), ("_file", "_position")),
        "page_events": ("collector_at_utc", "etl_at_utc nulls last", "_file", "_position"),
        **dict.fromkeys(PREBID, ("_file", "_position", "_index")),
    }


def test_only_page_events_are_looked_up_in_other_days():
    assert {name: table.dedup_days for name, table in contracts.tables().items() if table.dedup_days} == {
        "silver.page_events": 2
    }


def test_restricted_layers_expire_first_and_sums_over_people_never():
    for name, table in contracts.tables().items():
        sums = {"gold.yield_hourly", "gold.bidder_daily", "gold.traffic_daily"}
        wanted = None if name in sums else RETENTION_DAYS[table.layer]
        assert table.retention_days == wanted, name


def test_changes_are_counted_by_hour_where_gold_follows_them_by_hour():
    found = {name: table.slice for name, table in contracts.tables().items() if table.slice}
    hours = dict.fromkeys((f"silver.{name}" for name in (*SOURCES, *PREBID)), contracts.Slice("event_at_utc", "hour"))
    assert found == {
        **hours,
        **dict.fromkeys(AS_OF_TABLES, contracts.Slice("event_date", "day")),
        "silver.newsletter_activity": contracts.Slice("event_at_utc", "hour"),
        "silver.gam_line_items": contracts.Slice("snapshot_date", "day"),
        "gold.yield_hourly": contracts.Slice("hour_utc", "hour"),
        "gold.user_days": contracts.Slice("event_date", "day"),
        "gold.page_views": contracts.Slice("event_date", "day"),
        "gold.sessions": contracts.Slice("event_date", "day"),
        "gold.bidder_daily": contracts.Slice("event_date", "day"),
        "gold.traffic_daily": contracts.Slice("event_date", "day"),
        "silver.fx_rates": contracts.Slice("rate_date", "day"),
        "gold.user_features": contracts.Slice("as_of_date", "day"),
        "silver.consents": contracts.Slice("event_date", "day"),
        "silver.identity_links": contracts.Slice("event_date", "day"),
        "silver.key_rotations": contracts.Slice("event_date", "day"),
    }


def test_no_table_may_keep_erased_rows_in_live_files():
    assert {table.properties["delta.enableDeletionVectors"] for table in contracts.tables().values()} == {"false"}


def test_identifiers_in_clear_are_in_restricted_layers_only():
    assert {table.layer for table, column in every_column() if column.personal == "identifier"} == {
        "bronze",
        "vault",
        "quarantine",
    }


def test_the_identifiers_of_bronze_are_known_by_name():
    assert {column.name for _, column in every_column("bronze") if column.personal == "identifier"} == {
        "UserId",
        "PublisherProvidedID",
        "user_id",
        "user_ipaddress",
        "user_fingerprint",
        "domain_userid",
        "network_userid",
        "refr_domain_userid",
        "mkt_clickid",
        "Request",
        "_record",
        "values",
    }


def test_keyed_ids_are_called_keys_or_are_sketches_of_keys_and_nothing_else_is():
    named = {column.name for _, column in every_column() if re.search(r"id_keys?$|user_key$|_sketch$", column.name)}
    assert {column.name for _, column in every_column() if column.personal == "keyed"} == named


def test_every_time_is_utc_but_what_the_sources_write_in_their_own():
    zones = {(column.name, column.time_zone) for _, column in every_column() if column.time_zone not in (None, "UTC")}
    assert zones == {
        ("Time", "network time zone"),
        ("StartDateTime", "as written"),
        ("EndDateTime", "as written"),
        ("StartTime", "as written"),
        ("snapshot_date", "as named by the ad server"),
        *((name, "as dated by the publisher of the rates") for name in ("rate_date", "rate_year", "oldest_rate_date")),
        ("renewal_date", "as written"),
    }
    dated = [column for _, column in every_column() if column.type in ("date", "timestamp")]
    assert [column.name for column in dated if column.time_zone is None] == []


def test_every_number_has_a_unit():
    numbers = re.compile(r"tinyint|smallint|int|bigint|float|double|decimal\(.*\)")
    without = {
        f"{table.qualified}.{column.name}"
        for table, column in every_column()
        if numbers.fullmatch(column.type) and not column.unit
    }
    codes = {"silver.auctions.auction_type", "silver.auctions.device_type", "silver.bids.nonbid_code"}
    indexes = {"silver.auctions._index", "silver.bids._index", "quarantine.replays.index"}
    # of whatever the rule is about
    observed = {f"ops.verdicts.{name}" for name in ("observed", "least", "most")}
    assert without == {
        "ops.runs.exit_code",
        "ops.accounts.version",
        "ops.verdicts.version",
        *observed,
        "bronze.prebid_auctions.Status",
        *codes,
        *indexes,
    }


def test_every_amount_in_micros_says_so():
    micros = [column for _, column in every_column() if column.name.endswith("_micros")]
    delivered = {"floor_cpm_micros": "floor_currency", "cpm_micros": "currency"}
    assert len(micros) == 14
    for column in micros:
        assert column.unit.startswith(f"millionths of {delivered.get(column.name, 'the network currency')}")


def test_every_column_has_a_meaning_in_whole_sentences():
    poor = [column.name for _, column in every_column() if not re.fullmatch(r"[A-Z0-9].+\.", column.meaning)]
    assert poor == []


@pytest.mark.parametrize("name", [name for name in SHIPPED if name.startswith("bronze")])
def test_columns_of_a_source_keep_its_names_and_ours_begin_with_an_underscore(name):
    for column in contracts.table(name).columns:
        assert column.source_field == (None if column.name.startswith("_") else column.name)


@pytest.mark.parametrize("name", [name for name in SHIPPED if contracts.table(name).is_refined])
def test_refined_tables_name_fields_that_bronze_has(name):
    (source,) = contracts.table(name).made_from
    types = {column.name: column.type for column in contracts.table(source).columns}
    for column in contracts.table(name).columns:
        fields = column.source_field.split(", ") if column.source_field else []
        for outer, *inner in (field.split(".") for field in fields):
            assert outer in types, column.name
            missing = [part for part in inner if f"{part}:" not in types[outer] and "ext:map" not in types[outer]]
            assert missing == [], column.name


@pytest.mark.parametrize("name", SHIPPED)
def test_what_orders_or_partitions_rows_is_never_null(name):
    table = contracts.table(name)
    nulls_last = {entry.removesuffix(" nulls last") for entry in table.winner_order if entry.endswith("nulls last")}
    ordered = {entry for entry in table.winner_order if not entry.endswith("nulls last")}
    for column in table.columns:
        if column.name in ordered or column.name in table.partition_by:
            assert column.required, column.name
        if column.name in nulls_last:
            assert not column.required, column.name


@needs_real
def test_snowplows_own_test_set_has_the_columns_in_our_order():
    with gzip.open(REAL / "snowplow_web_events" / "snowplow_web_events.csv.gz", "rt", encoding="utf-8") as file:
        header = next(csv.reader(file))
    kept_elsewhere = {"contexts", "unstruct_event", "derived_contexts"}
    assert header[:128] == [name for name in SNOWPLOW if name not in kept_elsewhere]


@needs_real
def test_every_good_line_of_the_real_file_reads_by_the_types_of_the_contract():
    columns = contracts.table("bronze.page_events").columns[:131]
    readers = {"int": int, "double": float, "timestamp": lambda text: datetime.fromisoformat(text[:26])}
    with gzip.open(REAL / "enriched_events.tsv.gz", "rt", encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file]
    good = [line for line in lines if len(line) == len(columns)]
    assert (len(lines), len(good)) == (50, 48)
    for line in good:
        for column, text in zip(columns, line, strict=True):
            if text and column.type in readers:
                readers[column.type](text)
        named = dict(zip((column.name for column in columns), line, strict=True))
        assert (named["platform"], named["event_vendor"]) == ("web", "com.snowplowanalytics.snowplow")
        assert named["contexts"].startswith('{"schema":')
        assert named["derived_contexts"].startswith('{"schema":')

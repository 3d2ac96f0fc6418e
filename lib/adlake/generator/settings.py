"""The configuration that runs the generated files."""

from pathlib import Path
from typing import Any

import yaml

from adlake.generator.clocks import NETWORK_ZONE_NAME
from adlake.generator.contacts import MEMBERS, MEMBERSHIP, NEWSLETTER, SUBSCRIBERS, SUBSCRIPTION
from adlake.generator.delivery import LANDING
from adlake.generator.features import content_config
from adlake.generator.rates import LAKE_CURRENCY, fx_config
from adlake.generator.visits import session_config
from adlake.generator.who_is_who import MAX_DEVICES, MAX_PEOPLE

KEY_FILE, KEY_VERSION = "identity.key", "k1"
HEAD = "# Runs the files that `adlake generate` wrote. Paths are relative to this file.\n"
# words that the newsletter system and the subscription system do not explain
UNEXPLAINED = {"?", "CANCELLED"}


def write_settings(directory: Path) -> None:
    """Nothing; `lake.yaml` is written."""
    settings = {
        "lake": "./lake",
        "landing": f"./{LANDING}",
        "tenant": "demo",
        "network_time_zone": NETWORK_ZONE_NAME,
        "currency": LAKE_CURRENCY,
        "price_granularity": "medium",
        "quiet_seconds": 0,
        "identity": {
            "key_file": f"./{KEY_FILE}",
            "key_version": KEY_VERSION,
            "max_people": MAX_PEOPLE,
            "max_devices": MAX_DEVICES,
        },
        "content": content_config(),
        "sessions": session_config(),
        "fx": fx_config(),
        "crm": crm_config(),
    }
    text = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True, width=120)
    (directory / "lake.yaml").write_text(HEAD + text, encoding="utf-8")


def crm_config() -> dict[str, Any]:
    """What the columns mean, as lake.yaml says it."""
    agreed = {"ja": "granted", "nein": "denied"}
    return {
        "default_region": "DE",
        "files": {
            "subscribers": {
                "kind": "contacts",
                "source": SUBSCRIBERS,
                "delimiter": ";",
                "time_zone": "Europe/Berlin",
                "values": {
                    "newsletter_state": {word: state for word, state in NEWSLETTER if word not in UNEXPLAINED},
                    "subscription_state": {word: state for word, state in SUBSCRIPTION if word not in UNEXPLAINED},
                    "country": {"Schweiz": "CH"},
                    **dict.fromkeys(("consent_email", "consent_ad_user_data", "consent_ad_personalization"), agreed),
                },
                "columns": {
                    "contact_id": "Kundennr",
                    "login": "Login",
                    "email": "E-Mail",
                    "phone": "Telefon",
                    "first_name": "Vorname",
                    "last_name": "Name",
                    "street": "Strasse",
                    "postal_code": "PLZ",
                    "city": "Ort",
                    "country": "Land",
                    "device_id": "Geraet",
                    "newsletter_state": "Newsletter",
                    "subscription_state": "Abo",
                    "subscription_plan": "Tarif",
                    "renewal_date": "Verlaengerung",
                    "consent_email": "Werbung per Mail",
                    "consent_ad_user_data": "Werbedaten",
                    "consent_ad_personalization": "Personalisierung",
                    "consent_at": "Einwilligung am",
                },
            },
            "members": {
                "kind": "contacts",
                "source": MEMBERS,
                "as_of": "last_changed",
                "values": {"newsletter_state": dict(MEMBERSHIP)},
                "columns": {
                    "contact_id": "id",
                    "login": "site_login",
                    "email": "email_address",
                    "newsletter_state": "status",
                },
            },
            "campaigns": {
                "kind": "newsletter_campaigns",
                "source": MEMBERS,
                "as_of": "updated",
                "columns": {
                    "campaign_id": "id",
                    "title": "title",
                    "subject": "subject_line",
                    "sent_at": "send_time",
                },
            },
            "activity": {
                "kind": "newsletter_activity",
                "source": MEMBERS,
                "columns": {
                    "contact_id": "member_id",
                    "action": "action",
                    "event_at": "timestamp",
                    "campaign_id": "campaign_id",
                    "link": "url",
                },
            },
        },
    }

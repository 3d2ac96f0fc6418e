"""What strings of the US refuse: in the US data may be used until the person opts out, if the person had the chance.

Every refusal takes the same away: ads by interest, profiles, sharing. Storing and measuring need no leave there.
"""

from adlake.consent.us_privacy import UspString
from adlake.consent.us_sections import DID_NOT_OPT_OUT, NO_CONSENT, NOT_APPLICABLE, OPTED_OUT, UsSection

_YES, _NO = 1, 2
_SERVICE_PROVIDER_MODE = 2
_OPT_OUTS = ("sale_opt_out", "sharing_opt_out", "targeted_advertising_opt_out")
_NOTICES = (
    "sharing_notice",
    "processing_notice",
    "sale_opt_out_notice",
    "sharing_opt_out_notice",
    "targeted_advertising_opt_out_notice",
)
_SECONDARY_USES = ("personal_data_consents", "additional_data_processing_consent")


def refusal_of_section(said: UsSection) -> str | None:
    """Why a section takes ads, profiles and sharing away; None: it does not.

    gpc: "true is an opt out of sale" (Section Information, "Global Privacy Control"). known_child: the publisher knows
    of a child of an age group of the section, whether a parent consented or not. service_provider: the publisher
    declares to act for others only. no_notice: the person was not told. no_consent: to uses beyond those for which data
    was collected. no_choice: every opt-out is 0, "not applicable or no notice was provided"; a 0 beside an answer means
    nothing, as the law of one state knows no such opt-out.
    """
    opt_outs = _values(said, _OPT_OUTS)
    children = set(said.known_child_sensitive_data_consents or ())
    refusals = {
        "gpc": said.gpc is True,
        "opted_out": OPTED_OUT in opt_outs,
        "known_child": bool(children - {NOT_APPLICABLE}),
        "service_provider": said.mspa_service_provider_mode == _YES or said.mspa_mode == _SERVICE_PROVIDER_MODE,
        "no_notice": _NO in _values(said, _NOTICES),
        "no_consent": NO_CONSENT in _values(said, _SECONDARY_USES),
        "no_choice": DID_NOT_OPT_OUT not in opt_outs,
    }
    return next((reason for reason, is_given in refusals.items() if is_given), None)


def refusal_of_usp(said: UspString) -> str | None:
    """Why a US Privacy string takes ads, profiles and sharing away; None: it does not.

    opted_out: the third character is Y. no_notice: the second is N. no_choice: the third is -, which must not be where
    the law applies (US Privacy String, "US Privacy String Format").
    """
    if said.opt_out_sale == "Y":
        return "opted_out"
    if said.notice == "N":
        return "no_notice"
    return "no_choice" if said.opt_out_sale == "-" else None


def is_applicable(said: UspString) -> bool:
    """Whether the person falls under the law; 1--- says that not (US Privacy String, "US Privacy String Format")."""
    return (said.notice, said.opt_out_sale, said.lspa_covered) != ("-", "-", "-")


def _values(said: UsSection, fields: tuple[str, ...]) -> set[int | None]:
    return {getattr(said, field) for field in fields}

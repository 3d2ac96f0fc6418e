"""What may be permitted, each thing one bit of a number: four uses, and sharing with each vendor of the policy.

So what a string permits is one number, and what all signals permit together is a bitwise and.
"""

STORE, PERSONALISE_ADS, PROFILE, MEASURE = 1, 2, 4, 8
USES = {"store": STORE, "personalise_ads": PERSONALISE_ADS, "profile": PROFILE, "measure": MEASURE}
"""The uses by their name in the policy."""

NOTHING = 0
WITHOUT_ADS = STORE | MEASURE
"""What is left when a person opted out of sale, sharing or targeted advertising, or is a child: no ads by interest, no
profile, no vendor."""
WITHOUT_SHARING = STORE | PERSONALISE_ADS | PROFILE | MEASURE

_FIRST_VENDOR = 4


def vendor_bit(position: int) -> int:
    """The permission to share with a vendor, by its place in the policy, from 0 on."""
    return 1 << _FIRST_VENDOR + position


def everything(vendors: int) -> int:
    """All permissions, with so many vendors."""
    return vendor_bit(vendors) - 1

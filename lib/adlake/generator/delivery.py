"""One file hour on disk, and what becomes of its records in both batches."""

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from adlake.generator.auction_files import AuctionFile
from adlake.generator.auction_files import hazards_of as auction_hazards
from adlake.generator.auction_records import identifiers_of, word_of_auction
from adlake.generator.clocks import stream
from adlake.generator.eids import people_of
from adlake.generator.file_hour import FileHour
from adlake.generator.files import FileRows, hazards_of, write_file
from adlake.generator.outcome import Outcome
from adlake.generator.page_events import PageEvent
from adlake.generator.people import person
from adlake.generator.plan import CHANGED, ELSEWHERE, RESENT_TYPE, SAME, HourPlan, Plan
from adlake.generator.redelivery import new_version
from adlake.generator.world import World

LANDING, SECOND_DELIVERY = "landing", "second_delivery"
ROOTS = {1: LANDING, 2: SECOND_DELIVERY}


@dataclass(frozen=True)
class Target:
    """Where files go.

    Attributes:
        directory: the folder that holds both deliveries.
        now: seconds since the epoch; no file is younger.
    """

    directory: Path
    now: float

    def write(self, batch: int, path: str, text: str, hour: int) -> None:
        """A file of a delivery; older hours get older files, as when they were delivered one after the other."""
        delivered_at = (hour + 1) * 3600.0
        modified_at = min(delivered_at, self.now - 3600) if batch == 1 else self.now
        write_file(self.directory / ROOTS[batch] / path, text, modified_at)


@dataclass(frozen=True)
class Delivery:
    """The work of one process: file hours of one run.

    Attributes:
        plan: of the run.
        world: of the run.
        target: where the files go.
    """

    plan: Plan
    world: World
    target: Target

    def of(self, hours: tuple[HourPlan, ...]) -> Outcome:
        """The outcome of the hours that share a file name; their files are written."""
        made = FileHour(self.plan, self.world, hours)
        outcome = Outcome(planted=made.planted)
        for of_hour in made.auctions.values():
            outcome.planted.update({f"header_bidding.{name}": count for name, count in of_hour.planted.items()})
        hour = hours[0]
        resent = made.files[RESENT_TYPE[hour.resend]] if hour.resend else None
        for file in made.all_files:
            if file.layout is None and not file.records:
                continue
            text = file.text(stream(self.plan.seed, "order", file.path))
            self.target.write(hour.delivery, file.path, text, hour.hour)
            outcome.take(hour.delivery, file.path, file.account())
            outcome.planted.update(hazards_of(file))
            outcome.planted["files.of_two_utc_hours"] += file.layout is not None and len(hours) > 1
            if file is resent:
                self._again(hour, file, text, outcome)
            if file is not resent or hour.resend != CHANGED:
                _count(outcome, hour, file)
        for of_hour in made.auctions.values():
            self._auctions(hour, of_hour.file, outcome)
        self.world.crowd.forget()
        return outcome

    def _auctions(self, hour: HourPlan, file: AuctionFile, outcome: Outcome) -> None:
        """The outcome with a file of auction records."""
        if not file.records:
            return
        self.target.write(hour.delivery, file.path, file.text(stream(self.plan.seed, "order", file.path)), hour.hour)
        outcome.take(hour.delivery, file.path, file.account())
        outcome.planted.update({f"header_bidding.{name}": count for name, count in auction_hazards(file).items()})
        tally = outcome.both if hour.delivery == 1 else outcome.second
        tally.bidding.add(file.bidding)
        for auction, slots in (*file.published, *file.tests):
            if slots and not auction.robot:
                device, user = identifiers_of(auction)
                people = [person("device", device), person("pbs_user", user), *people_of(auction)]
                tally.links.add("auctions", auction.at, people, slots)
                tally.heard.add("auctions", auction.at, people, word_of_auction(auction), slots)
        tally.traffic.add_auctions(file.published)

    def _again(self, hour: HourPlan, file: FileRows, text: str, outcome: Outcome) -> None:
        """The outcome with the other delivery of a file."""
        if hour.resend == SAME:
            self.target.write(2, file.path, text, hour.hour)
            outcome.untaken.append(file.path)
            outcome.planted["files.unchanged_at_their_path"] += 1
        elif hour.resend == ELSEWHERE:
            name = PurePosixPath(file.path)
            again = replace(file, path=str(name.parent / "again" / name.name))
            self.target.write(hour.delivery, again.path, text, hour.hour)
            outcome.take(hour.delivery, again.path, again.account(is_copy=True))
            outcome.planted["files.again_elsewhere"] += 1
            outcome.planted["duplicates.file_again_elsewhere"] += len(file.good) + file.copies
        else:
            self._changed(hour, file, outcome)

    def _changed(self, hour: HourPlan, file: FileRows, outcome: Outcome) -> None:
        """The outcome with the new version of a file."""
        version = new_version(self.world, hour, file)
        self.target.write(2, file.path, version.file.text(stream(self.plan.seed, "changed", file.path)), hour.hour)
        outcome.take(2, version.file.path, version.file.account())
        outcome.replace_rows(file.table, superseded=len(file.good), restored=len(version.restored))
        outcome.first.add(file.table, file.good)
        outcome.second.add(file.table, version.file.good)
        outcome.second.add(file.table, version.restored)
        outcome.planted["files.changed_at_their_path"] += 1
        outcome.planted["duplicates.file_changed_at_its_path"] += version.file.copies
        outcome.planted["ad_rows.superseded"] += len(file.good)
        outcome.planted["ad_rows.restored"] += len(version.restored)


def _count(outcome: Outcome, hour: HourPlan, file: FileRows) -> None:
    tally = outcome.both if hour.delivery == 1 else outcome.second
    if file.layout is None:
        events = [event for event in file.good if isinstance(event, PageEvent)]
        tally.add_page_events(events)
        tally.traffic.add_page_events(events)
    else:
        tally.add(file.table, file.good)

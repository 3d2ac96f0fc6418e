"""The files of one file hour, filled record by record until the hour holds exactly what the plan says."""

from collections import Counter
from random import Random

from adlake.generator import refusals, repeats
from adlake.generator.auction_hours import AuctionHour
from adlake.generator.clocks import MILLIS_PER_HOUR, hour_start
from adlake.generator.columns import FILE_TYPES, PAGE_EVENTS, PLACE
from adlake.generator.files import FileRows, make_layout
from adlake.generator.page_events import PageEvent
from adlake.generator.plan import CHANGED, ELSEWHERE, RESENT_TYPE, ROWS_ADDED, ROWS_REMOVED, HourPlan, Plan
from adlake.generator.traffic import Chain, Traffic
from adlake.generator.world import World

NETWORK_CODE = "21780001"
CHAIN_RECORDS_AT_MOST = 6
FARTHEST_LATE_HOURS = 5
UNFILLED_IMPRESSION = "unfilled_impression"
KEY = PLACE["KeyPart"]


class FileHour:
    """All files of the hours that share one ad-server file name.

    Args:
        plan: of the run.
        world: of the run.
        hours: one hour, or the two of the night in which clocks go back.
    """

    def __init__(self, plan: Plan, world: World, hours: tuple[HourPlan, ...]) -> None:
        self.plan, self.world, self.hours = plan, world, hours
        self.planted: Counter[str] = Counter()
        self.files = {name: _ad_file(name, hours[0]) for name in FILE_TYPES}
        self.pages = {hour.index: _page_file(hour) for hour in hours}
        self.auctions = {hour.index: AuctionHour(world, hour) for hour in hours}
        for hour in hours:
            self._fill(hour)

    @property
    def all_files(self) -> list[FileRows]:
        """Ad-server files first."""
        return [*self.files.values(), *self.pages.values()]

    def _made(self) -> int:
        auctions = sum(of_hour.file.records for of_hour in self.auctions.values())
        return auctions + sum(file.records * file.copies_made for file in self.all_files)

    def _fill(self, hour: HourPlan) -> None:
        before = self._made()
        if hour.resend in {CHANGED, ELSEWHERE}:
            self.files[RESENT_TYPE[hour.resend]].copies_made = 2
        bound = before + hour.records - hour.copies
        if hour.resend == CHANGED:
            bound += ROWS_REMOVED - ROWS_ADDED
        traffic, draw = repeats.traffic_of(self.world, hour, repeats.MAIN)
        self._add_repeats(hour)
        self._add_late(hour)
        self._add_refused(hour)
        self._add_unreadable(hour)
        auctions = self._add_auctions(hour)
        pages = self.pages[hour.index]
        while (left := bound - self._made()) > 0:
            at = hour.hour * MILLIS_PER_HOUR + int(draw.random() * repeats.LAST_START_SECOND * 1000)
            visitor, page = traffic.visit()
            events = traffic.page_view(at, visitor, page, left)
            pages.good += events
            if events[0].bot_reason:
                continue
            # one record is left for their auction
            most = (left - len(events) - 1) // CHAIN_RECORDS_AT_MOST
            requests = max(min(2 + int(draw.random() * 5.6), most), 0)
            scenes = auctions.scenes(at * 1000, visitor, traffic.scene(visitor, page), page, requests)
            for number, scene in enumerate(scenes, 1):
                self._put(hour, traffic.chain(at * 1000 + 200_000 * number, scene))
        self._add_copies(hour)
        pages.blank_lines = hour.blank_lines
        self.files["NetworkRequests"].blank_lines += hour.blank_lines

    def _put(self, hour: HourPlan, chain: Chain) -> None:
        files = self.files
        prefix = "NetworkBackfill" if chain.is_backfill else "Network"
        files[prefix + "Requests"].good.append(chain.request)
        if chain.impression is not None:
            files[prefix + "Impressions"].good.append(chain.impression)
        if chain.active_view is not None:
            files[prefix + "ActiveViews"].good.append(chain.active_view)
        if chain.click is not None and not hour.is_clickless:
            files[prefix + "Clicks"].good.append(chain.click)

    def _add_repeats(self, hour: HourPlan) -> None:
        """Chains of which another hour tells too, whichever of the two hours this is."""
        for shared in repeats.shared_chains(self.world, hour):
            self._put(hour, shared.chain)
            self.pages[hour.index].good.append(shared.page_view)
        earlier = self.plan.before(hour)
        self._add_again(hour, earlier, 0)
        if hour.again_from is not None:
            self._add_again(hour, self.plan.hours[hour.again_from], 1 + hour.index - hour.again_from)
        for chain in repeats.carried_chains(self.world, hour):
            self.files["NetworkBackfillRequests" if chain.is_backfill else "NetworkRequests"].good.append(chain.request)
        for chain in repeats.carried_chains(self.world, earlier):
            for name, record in repeats.by_file_type(chain)[1:3]:
                self.files[name].good.append(record)
                self.planted["ad_rows.of_a_query_in_an_earlier_hour"] += 1

    def _add_auctions(self, hour: HourPlan) -> AuctionHour:
        """The auctions of the hour, as yet those alone that no page view of the hour brings."""
        auctions = self.auctions[hour.index]
        again = [] if hour.again_from is None else [self.plan.hours[hour.again_from]]
        auctions.add_repeats([self.plan.before(hour), *again])
        auctions.add_cached()
        auctions.add_late()
        auctions.add_of_robots()
        auctions.add_broken()
        auctions.add_copies()
        return auctions

    def _add_again(self, hour: HourPlan, source: HourPlan, hours_back: int) -> None:
        scope = "across_batches" if source.delivery < hour.delivery else "across_files"
        for shared in repeats.shared_chains(self.world, source):
            for name, record in shared.copies:
                if hour.is_clickless and name.endswith("Clicks"):
                    continue
                self.files[name].late_copies.append(record)
                within = source.file_hour == hour.file_hour
                self.planted[f"duplicates.{'within_file' if within else scope}"] += 1
            event = shared.page_copy
            if hours_back:
                # Earlier than the published one, and still too late: the first published wins.
                event = event._replace(collector=shared.page_view.collector - 5000, etl=None)
            self.pages[hour.index].early_copies.append(event)
            self.planted[f"duplicates.{scope}"] += 1

    def _add_late(self, hour: HourPlan) -> None:
        traffic, draw = repeats.traffic_of(self.world, hour, repeats.LATE)
        for _ in range(hour.late):
            back = 1 + int(draw.random() * FARTHEST_LATE_HOURS)
            second = draw.random() * repeats.LAST_START_SECOND
            query = int(((hour.hour - back) * 3600 + second) * 1_000_000)
            chain = traffic.chain(query, traffic.scene(*traffic.visit()))
            self._put(hour, chain)
            self.planted["ad_rows.hours_late"] += len(repeats.by_file_type(chain))

    def _add_refused(self, hour: HourPlan) -> None:
        traffic, draw = repeats.traffic_of(self.world, hour, repeats.BROKEN)
        at = hour.hour * MILLIS_PER_HOUR + int(draw.random() * 1_000_000)
        for number in range(hour.broken * 2):
            visitor, page = traffic.visit()
            scene = traffic.scene(visitor, page)
            chain = repeats.whole_chain(traffic, scene, at * 1000, is_backfill=bool(number % 2))
            for name, record, rule in refusals.broken_records(chain):
                self.files[name].refused.append((record, rule))
            if number % 2:
                event = traffic.page_view(at, visitor, page, 1)[0]
                lines = refusals.broken_events(event)
                self.pages[hour.index].refused += [((line,), rule) for line, rule in lines]
        for number in range(hour.unfilled):
            chain = repeats.whole_chain(traffic, traffic.scene(*traffic.visit()), at * 1000, is_backfill=False)
            if chain.impression is not None:
                row = refusals.unfilled_impression(chain.impression, self.world, number)
                self.files["NetworkImpressions"].filtered.append((row, UNFILLED_IMPRESSION))
        if hour.broken:
            self._add_twins(traffic, at)

    def _add_twins(self, traffic: Traffic, at: int) -> None:
        """Two impressions whose keys differ in case alone: both count."""
        chain = repeats.whole_chain(traffic, traffic.scene(*traffic.visit()), at * 1000, is_backfill=True)
        if chain.impression is not None:
            twin = refusals.with_values(chain.impression, {"KeyPart": str(chain.impression[KEY]).swapcase()})
            self.files["NetworkBackfillImpressions"].good += [chain.impression, twin]
            self.planted["ad_rows.twins_but_for_case"] += 1

    def _add_unreadable(self, hour: HourPlan) -> None:
        traffic, draw = repeats.traffic_of(self.world, hour, repeats.UNREADABLE)
        at = hour.hour * MILLIS_PER_HOUR + int(draw.random() * 1_000_000)
        for number in range(hour.malformed):
            visitor, page = traffic.visit()
            if number % 3 == 0:
                event = traffic.page_view(at, visitor, page, 1)[0]
                self.pages[hour.index].unreadable.append(refusals.unreadable_event(event, number // 3))
                continue
            chain = repeats.whole_chain(traffic, traffic.scene(visitor, page), at * 1000, is_backfill=True)
            name, record = repeats.by_file_type(chain)[number % 3 - 1]
            file = self.files[name]
            if file.layout is not None:
                file.unreadable.append(refusals.unreadable_line(file.layout, record, number))

    def _add_copies(self, hour: HourPlan) -> None:
        """Records that come twice in one file, picked from those that are published anyway."""
        traffic, draw = repeats.traffic_of(self.world, hour, repeats.COPIES)
        files = [file for file in (*self.files.values(), self.pages[hour.index]) if file.copies_made == 1]
        sizes = [len(file.good) for file in files]
        for _ in range(hour.copies):
            file = draw.choices(files, sizes)[0]
            record = file.good[int(draw.random() * len(file.good))]
            if isinstance(record, PageEvent):
                self._copy_event(file, record, traffic, draw)
            else:
                file.late_copies.append(repeats.altered(record, traffic, self.world, draw))
            self.planted["duplicates.within_file"] += 1

    @staticmethod
    def _copy_event(file: FileRows, event: PageEvent, traffic: Traffic, draw: Random) -> None:
        """A copy that stands before or after its original and loses by arrival, then enrichment, then position."""
        copy = repeats.altered_event(event, traffic, draw)
        beaten = (
            copy._replace(collector=event.collector + 1 + int(draw.random() * 300_000)),
            copy._replace(etl=None),
            copy._replace(etl=(event.etl or event.collector) + 1000),
        )
        kind = int(draw.random() * (1 + len(beaten)))
        if kind < len(beaten):
            file.early_copies.append(beaten[kind])
        else:
            file.late_copies.append(copy)


def _ad_file(name: str, hour: HourPlan) -> FileRows:
    ending = ".gz" if name.endswith("Clicks") else ".csv.gz"
    unknown = hour.has_unknown_column and name.endswith("Impressions")
    layout = make_layout(name, is_other=hour.has_other_layout, has_unknown_column=unknown)
    folder = hour_start(hour.hour).strftime("gam/%Y/%m/%d")
    return FileRows(f"{folder}/{name}_{NETWORK_CODE}_{hour.file_hour}{ending}", FILE_TYPES[name].table, layout)


def _page_file(hour: HourPlan) -> FileRows:
    return FileRows(hour_start(hour.hour).strftime("snowplow/%Y/%m/%d/%H/part-00000.tsv.gz"), PAGE_EVENTS, None)

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nurture.core.rule import Counted
from nurture.core.schedule import (
    Calendar,
    Planned,
    add_wait,
    choose_zone,
    next_day,
    next_opening,
    pause_end,
    plan_at,
    plan_next,
    too_late,
)
from nurture.core.sequence import BranchStep, EmailStep, Sequence, TaskStep, WaitStep
from nurture.core.workspace import Window

PARIS = "Europe/Paris"
EVERY_DAY = frozenset(range(7))
WORKDAYS = frozenset(range(5))
OFFICE = Window(WORKDAYS, time(9), time(17))
NIGHT = Window(frozenset({4}), time(22), time(6))


def local(text: str, zone: str = PARIS, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def create_calendar(window: Window = OFFICE, zone: str = PARIS, *holidays: str) -> Calendar:
    return Calendar(window, zone, frozenset(date.fromisoformat(day) for day in holidays))


@pytest.mark.parametrize(
    ("evening_before", "opening"),
    [
        ("2026-03-28T18:00", "2026-03-29T07:00"),
        ("2026-03-27T18:00", "2026-03-28T08:00"),
        ("2026-10-24T18:00", "2026-10-25T08:00"),
        ("2026-10-23T18:00", "2026-10-24T07:00"),
    ],
)
def test_s13_nine_in_paris_over_both_clock_changes(evening_before: str, opening: str) -> None:
    calendar = create_calendar(Window(EVERY_DAY, time(9), time(17)))
    assert next_opening(local(evening_before), calendar) == utc(opening)


@pytest.mark.parametrize(
    ("moment", "opening"),
    [
        ("2026-03-06T21:59", "2026-03-06T22:00"),
        ("2026-03-06T23:30", "2026-03-06T23:30"),
        ("2026-03-07T05:59", "2026-03-07T05:59"),
        ("2026-03-07T06:00", "2026-03-13T22:00"),
        ("2026-03-06T05:00", "2026-03-06T22:00"),
    ],
)
def test_s13_a_window_over_midnight_belongs_to_the_weekday_it_starts_on(moment: str, opening: str) -> None:
    assert next_opening(local(moment), create_calendar(NIGHT)) == local(opening)


def test_s13_a_holiday_is_skipped_with_the_weekend_behind_it() -> None:
    calendar = create_calendar(OFFICE, PARIS, "2026-05-01")
    assert next_opening(local("2026-04-30T17:00"), calendar) == local("2026-05-04T09:00")


def test_s13_a_holiday_shuts_the_night_that_starts_on_it_not_the_one_that_ends_on_it() -> None:
    window = Window(EVERY_DAY, time(22), time(6))
    calendar = create_calendar(window, PARIS, "2026-05-01")
    assert next_opening(local("2026-05-01T03:00"), calendar) == local("2026-05-01T03:00")
    assert next_opening(local("2026-05-01T06:00"), calendar) == local("2026-05-02T22:00")


def test_the_window_is_open_at_its_start_and_shut_at_its_end() -> None:
    calendar = create_calendar()
    assert next_opening(local("2026-03-05T09:00"), calendar) == local("2026-03-05T09:00")
    assert next_opening(local("2026-03-05T17:00"), calendar) == local("2026-03-06T09:00")
    assert next_opening(local("2026-03-06T17:00"), calendar) == local("2026-03-09T09:00")


def test_equal_ends_are_the_whole_local_day() -> None:
    calendar = create_calendar(Window(frozenset({0}), time(9), time(9)))
    assert next_opening(local("2026-03-09T00:00"), calendar) == local("2026-03-09T00:00")
    assert next_opening(local("2026-03-09T23:59"), calendar) == local("2026-03-09T23:59")
    assert next_opening(local("2026-03-10T00:00"), calendar) == local("2026-03-16T00:00")


@pytest.mark.parametrize(
    ("start", "zone", "day", "opening"),
    [
        (time(2, 30), PARIS, "2026-03-29", "2026-03-29T01:00"),
        (time(2, 0), PARIS, "2026-03-29", "2026-03-29T01:00"),
        (time(3, 0), PARIS, "2026-03-29", "2026-03-29T01:00"),
        (time(2, 30), PARIS, "2026-10-25", "2026-10-25T00:30"),
        (time(2, 10), "Australia/Lord_Howe", "2026-10-04", "2026-10-03T15:30"),
        (time(0, 30), "America/Santiago", "2026-09-06", "2026-09-06T04:00"),
    ],
)
def test_a_skipped_local_time_is_the_first_after_the_gap_and_a_double_one_the_first(
    start: time, zone: str, day: str, opening: str
) -> None:
    calendar = create_calendar(Window(EVERY_DAY, start, time(8)), zone)
    found = next_opening(local(f"{day}T00:00", zone) - timedelta(hours=2), calendar)
    assert found == utc(opening)


def test_a_window_that_a_clock_change_swallows_opens_the_next_day() -> None:
    calendar = create_calendar(Window(EVERY_DAY, time(2, 10), time(2, 50)))
    assert next_opening(local("2026-03-28T12:00"), calendar) == local("2026-03-30T02:10")


def test_a_day_the_date_line_swallowed_is_skipped() -> None:
    calendar = create_calendar(Window(EVERY_DAY, time(9), time(17)), "Pacific/Apia")
    found = next_opening(local("2011-12-29T17:00", "Pacific/Apia"), calendar)
    assert found == local("2011-12-31T09:00", "Pacific/Apia")


def test_a_window_without_weekdays_is_refused() -> None:
    with pytest.raises(ValueError, match="weekday"):
        next_opening(utc("2026-03-05T09:00"), create_calendar(Window(frozenset(), time(9), time(17))))


def test_a_year_of_holidays_is_waited_out() -> None:
    days = [str(date(2026, 1, 1) + timedelta(days=number)) for number in range(365)]
    found = next_opening(local("2026-01-01T00:00"), create_calendar(OFFICE, PARIS, *days))
    assert found == local("2027-01-01T09:00")


@pytest.mark.parametrize(
    ("window", "moment", "opening"),
    [
        (OFFICE, "2026-03-05T10:00", "2026-03-06T09:00"),
        (OFFICE, "2026-03-06T10:00", "2026-03-09T09:00"),
        (OFFICE, "2026-03-05T03:00", "2026-03-06T09:00"),
        (NIGHT, "2026-03-06T23:00", "2026-03-07T00:00"),
    ],
)
def test_a_cap_postpones_to_a_later_local_day(window: Window, moment: str, opening: str) -> None:
    assert next_day(local(moment), create_calendar(window)) == local(opening)


def test_a_cap_may_count_its_days_in_another_zone() -> None:
    calendar = create_calendar(Window(EVERY_DAY, time(9), time(17)), "Asia/Tokyo")
    found = next_day(utc("2026-03-05T01:00"), calendar, "America/New_York")
    assert found == utc("2026-03-05T05:00")


@pytest.mark.parametrize(
    ("start", "length", "end"),
    [
        ("2026-03-28T09:00", timedelta(days=1), "2026-03-29T09:00"),
        ("2026-03-28T09:00", timedelta(hours=23), "2026-03-29T09:00"),
        ("2026-10-24T09:00", timedelta(days=1, hours=2), "2026-10-25T11:00"),
        ("2026-10-25T01:00", timedelta(hours=3), "2026-10-25T03:00"),
        ("2026-03-28T02:30", timedelta(days=1), "2026-03-29T03:00"),
        ("2026-03-05T09:00", timedelta(seconds=2), "2026-03-05T09:00:02"),
    ],
)
def test_waits_count_days_by_the_local_clock_and_the_rest_as_it_passes(
    start: str, length: timedelta, end: str
) -> None:
    assert add_wait(local(start), length, PARIS) == local(end)


def test_no_wait_in_the_doubled_hour_does_not_go_back() -> None:
    moment = local("2026-10-25T02:30", fold=1)
    assert add_wait(moment, timedelta(0), PARIS) == moment.astimezone(UTC)


INTRO = EmailStep("intro", "pause", "intro")
PAUSE = WaitStep("pause", "more", timedelta(days=2))
MORE = WaitStep("more", "clicked", timedelta(hours=3))
CLICKED = BranchStep("clicked", Counted("click", since="intro"), "call", None)
CALL = TaskStep("call", None, "call", "Call them")
DRIP = Sequence("drip", "Drip", 1, "intro", (INTRO, PAUSE, MORE, CLICKED, CALL))


def test_entering_a_sequence_plans_its_first_mail_in_the_window() -> None:
    planned = plan_next(DRIP, None, local("2026-03-07T12:00"), create_calendar())
    assert planned == Planned(INTRO, utc("2026-03-09T08:00"))


def test_waits_add_up_and_a_branch_is_due_right_when_they_end() -> None:
    planned = plan_next(DRIP, "intro", local("2026-03-06T16:00"), create_calendar())
    assert planned == Planned(CLICKED, utc("2026-03-08T18:00"))


def test_a_chosen_branch_goes_on_or_ends() -> None:
    moment = local("2026-03-08T19:00")
    assert plan_at(DRIP, "call", moment, create_calendar()) == Planned(CALL, utc("2026-03-09T08:00"))
    assert plan_at(DRIP, None, moment, create_calendar()) is None
    assert plan_next(DRIP, "call", moment, create_calendar()) is None


def test_a_branch_has_no_single_next_step() -> None:
    with pytest.raises(ValueError, match="branch"):
        plan_next(DRIP, "clicked", utc("2026-03-08T19:00"), create_calendar())


def test_an_unknown_step_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        plan_next(DRIP, "gone", utc("2026-03-08T19:00"), create_calendar())


def test_waits_in_a_circle_are_refused() -> None:
    ring = (WaitStep("a", "b", timedelta(days=1)), WaitStep("b", "a", timedelta(days=1)))
    with pytest.raises(ValueError, match="circle"):
        plan_next(Sequence("ring", "Ring", 1, "a", ring), None, utc("2026-03-08T19:00"), create_calendar())


def test_a_chain_of_waits_alone_ends() -> None:
    chain = (WaitStep("a", "b", timedelta(days=1)), WaitStep("b", None, timedelta(days=1)))
    sequence = Sequence("chain", "Chain", 1, "a", chain)
    assert plan_next(sequence, None, utc("2026-03-08T19:00"), create_calendar()) is None


def test_the_first_real_time_zone_is_chosen() -> None:
    assert choose_zone(None, "", "Mars/Base", "Europe", "../UTC", "a\0b", PARIS, "Asia/Tokyo") == PARIS
    assert choose_zone(None, "nowhere") == "UTC"


def test_too_late_is_more_than_the_lateness() -> None:
    due, two_days = utc("2026-03-05T09:00"), timedelta(days=2)
    assert not too_late(due, due + two_days, two_days)
    assert too_late(due, due + two_days + timedelta(seconds=1), two_days)


_zones = st.sampled_from(
    [PARIS, "UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Santiago"]
)
_times = st.times().map(lambda at: at.replace(microsecond=0))
_windows = st.builds(Window, st.frozensets(st.integers(0, 6), min_size=1), _times, _times)
_holidays = st.frozensets(st.dates(date(2026, 1, 1), date(2027, 1, 1)), max_size=5)
_calendars = st.builds(Calendar, _windows, _zones, _holidays)
_moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@given(_moments, _calendars)
def test_an_opening_is_never_before_the_moment_and_stays_when_asked_again(
    moment: datetime, calendar: Calendar
) -> None:
    opening = next_opening(moment, calendar)
    assert opening >= moment
    assert next_opening(opening, calendar) == opening


@given(_moments, _calendars)
def test_an_opening_is_inside_the_window(moment: datetime, calendar: Calendar) -> None:
    opening = next_opening(moment, calendar)
    there = opening.astimezone(ZoneInfo(calendar.zone))
    # on the days of a clock change the wall clock alone cannot tell
    assume(
        there.utcoffset()
        == (there - timedelta(days=1)).utcoffset()
        == (there + timedelta(days=1)).utcoffset()
    )
    assert _shows_open(there, calendar)


@given(_moments, _calendars, st.floats(0, 1))
def test_nothing_before_an_opening_was_open(moment: datetime, calendar: Calendar, part: float) -> None:
    opening = next_opening(moment, calendar)
    assume(opening > moment)
    between = min(moment + (opening - moment) * part, opening - timedelta(microseconds=1))
    assert next_opening(between, calendar) == opening


@given(_moments, _calendars)
def test_a_postponed_mail_goes_on_a_later_local_day(moment: datetime, calendar: Calendar) -> None:
    zone = ZoneInfo(calendar.zone)
    postponed = next_day(moment, calendar)
    assert postponed.astimezone(zone).date() > moment.astimezone(zone).date()
    assert next_opening(postponed, calendar) == postponed


def _shows_open(there: datetime, calendar: Calendar) -> bool:
    """By the wall clock alone, so another way than the code's."""
    start, end, clock = calendar.window.start, calendar.window.end, there.time()
    today, yesterday = there.date(), there.date() - timedelta(days=1)
    if start == end:
        return _works(today, calendar)
    if start < end:
        return _works(today, calendar) and start <= clock < end
    return (_works(today, calendar) and clock >= start) or (_works(yesterday, calendar) and clock < end)


def _works(day: date, calendar: Calendar) -> bool:
    return day.weekday() in calendar.window.weekdays and day not in calendar.holidays


@pytest.mark.parametrize(
    ("back", "zone", "until"),
    [
        (date(2026, 3, 6), "UTC", datetime(2026, 3, 9, tzinfo=UTC)),  # a Friday: the working day is Monday
        (date(2026, 3, 9), "America/Los_Angeles", datetime(2026, 3, 10, 7, tzinfo=UTC)),
        (date(2026, 3, 1), "UTC", datetime(2026, 3, 4, 12, tzinfo=UTC)),
        (None, "UTC", datetime(2026, 3, 18, 12, tzinfo=UTC)),
    ],
)
def test_r06_a_pause_ends_one_working_day_after_the_return_where_they_are(
    back: date | None, zone: str, until: datetime
) -> None:
    assert pause_end(back, datetime(2026, 3, 4, 12, tzinfo=UTC), zone) == until

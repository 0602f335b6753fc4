from sandbox.cdp.guests import Event, Guest, Session

DAY = 24 * 3600.0
NOW = 200 * DAY


def _session(started_at: float, channel: str = "WEB") -> Session:
    return Session(
        guest_ref="g",
        channel=channel,
        point_of_sale="demo",
        started_at=started_at,
        last_event_at=started_at,
    )


def _guest(*sessions: Session) -> Guest:
    guest = Guest(created_at=0)
    for session in sessions:
        guest.begin(session)
    return guest


def test_decisions_see_the_last_forty_sessions_newest_first() -> None:
    sessions = [_session(NOW + number) for number in range(60)]
    seen = _guest(*sessions).context(NOW)["sessions"]
    assert [session["ref"] for session in seen] == [session.ref for session in sessions[:19:-1]]


def test_decisions_see_no_session_older_than_ninety_days() -> None:
    guest = _guest(_session(NOW - 91 * DAY), _session(NOW - 89 * DAY))
    assert len(guest.context(NOW)["sessions"]) == 1


def test_decisions_see_ten_offline_sessions_at_most() -> None:
    offline = [_session(NOW - number, "OFFLINE") for number in range(15)]
    seen = _guest(*offline, _session(NOW)).context(NOW)["sessions"]
    assert len([s for s in seen if s["channel"] == "OFFLINE"]) == 10
    assert len(seen) == 11


def test_a_session_keeps_its_last_hundred_events_newest_first() -> None:
    session = _session(NOW)
    for number in range(120):
        session.record(Event(str(number), "VIEW", NOW, {}))
    seen = [event["ref"] for event in session.context()["events"]]
    assert (len(seen), seen[0], seen[-1]) == (100, "119", "20")


def test_decisions_see_the_last_twenty_orders_newest_first() -> None:
    guest = _guest()
    guest.orders.extend({"ref": str(number)} for number in range(25))
    seen = [order["ref"] for order in guest.context(NOW)["orders"]]
    assert (len(seen), seen[0], seen[-1]) == (20, "24", "5")


def test_times_are_epoch_milliseconds() -> None:
    guest = _guest(_session(1.5))
    context = guest.context(2)
    assert (context["createdAt"], context["lastSeen"]) == (0, 1500)
    assert context["sessions"][0]["startedAt"] == 1500


def test_memberships_are_undefined_until_the_first_night() -> None:
    guest = _guest()
    assert "segmentMemberships" not in guest.context(NOW)
    guest.segments = ["buyers"]
    assert guest.context(NOW)["segmentMemberships"] == [{"name": "buyers"}]


def test_an_event_shows_its_content_and_not_its_address() -> None:
    message = {"type": "VIEW", "browser_id": "b", "client_key": "k", "pos": "demo", "page": "/"}
    shown = Event("ref", "VIEW", 1, {**message, "ext": {"a": 1}}).context()
    assert shown["arbitraryData"] == {"page": "/", "ext": {"a": 1}}

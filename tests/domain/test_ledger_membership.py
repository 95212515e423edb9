"""Who there is, and who follows whom."""

from msgspec import UNSET

from bussa_protocol.bodies import PersonChange
from bussa_protocol.frames.parts import Settings
from bussa_server.domain import commands
from bussa_server.domain.book import Done, PersonDone, Posted, Taken
from tests.domain.town import Town, code


def test_signing_up_makes_a_person_with_a_door_that_nobody_touched() -> None:
    town = Town()
    assert town.do(commands.SignUp("ann", "Ann", "hash")).result == PersonDone(True, "Ann", Settings(), 0)
    person = town.book.people["ann"]
    assert (person.name, person.password, person.settings, person.head) == ("Ann", "hash", Settings(), 0)
    assert town.book.changed_people == {"ann": person}
    assert town.log("ann") == []


def test_a_name_is_taken_once() -> None:
    town = Town("ann")
    assert town.do(commands.SignUp("ann", "Another", "other hash")).result == Taken()
    assert town.book.people["ann"].password is None
    assert town.book.changed_people == {}


def test_a_host_application_makes_people_and_changes_them() -> None:
    town = Town()
    put = town.do(commands.PutPerson("ann", PersonChange(dm_policy="anyone")))
    assert put.result == PersonDone(True, "ann", Settings(dm_policy="anyone"), 0)
    assert put.entries == ()
    changed = town.do(commands.PutPerson("ann", PersonChange(name="Ann", knocks=True)))
    assert changed.result == PersonDone(False, "Ann", Settings(dm_policy="anyone", knocks=True), 0)
    assert [event["type"] for event in town.told("ann")] == ["settings"]


def test_a_change_that_changes_nothing_appends_nothing() -> None:
    town = Town("ann")
    put = commands.PutPerson("ann", PersonChange(name="Ann", dm_policy="anyone", knocks=UNSET))
    assert town.do(put).result == PersonDone(False, "Ann", Settings(dm_policy="anyone"), 0)
    assert (town.log("ann"), town.book.changed_people) == ([], {})


def test_a_new_name_alone_is_no_event() -> None:
    town = Town("ann")
    town.do(commands.PutPerson("ann", PersonChange(name="Anna")))
    assert town.log("ann") == []
    assert town.book.changed_people["ann"].name == "Anna"


def test_people_of_one_batch_may_write_to_each_other() -> None:
    town = Town()
    town.do(commands.SignUp("ann", "Ann", "hash"))
    town.do(commands.PutPerson("bob", PersonChange()))
    assert code(town.send("ann", "bob")) == "not_allowed"
    town.follow("ann", "bob")
    assert isinstance(town.send("ann", "bob"), Posted)


def test_following_has_a_direction_and_appends_nothing() -> None:
    town = Town("ann", "bob", policy="followers")
    assert town.follow("ann", "bob") == Done(None)
    assert town.book.changed_follows == {("ann", "bob"): True}
    assert town.follow("ann", "bob") == Done(None)
    assert town.book.changed_follows == {}
    assert (town.side("ann", "bob").follows, town.side("bob", "ann").follows) == (True, False)
    assert isinstance(town.send("ann", "bob"), Posted)
    town.follow("ann", "bob", False)
    assert town.book.changed_follows == {("ann", "bob"): False}
    assert code(town.send("ann", "bob")) == "not_allowed"
    assert [event["type"] for event in town.told("ann") + town.told("bob")] == ["message", "message"]


def test_nobody_follows_himself_or_nobody() -> None:
    town = Town("ann")
    assert code(town.follow("ann", "ann")) == "bad_request"
    assert code(town.follow("ann", "zoe")) == code(town.follow("zoe", "ann")) == "not_found"


def test_each_revocation_is_later_than_the_one_before() -> None:
    town = Town("ann")
    times = [town.do(commands.Revoke("ann")).result.revoked_at for _ in range(2)]
    assert times == [town.now - 1000, town.now]
    town.now -= 10_000  # the clock was set back
    assert town.do(commands.Revoke("ann")).result.revoked_at == times[-1] + 1
    assert code(town.do(commands.Revoke("zoe")).result) == "not_found"
    assert town.log("ann") == []

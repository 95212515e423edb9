"""Creating and updating users, following, revoking tokens."""

from msgspec import UNSET

from bussa_protocol.bodies import UserChange
from bussa_protocol.frames.parts import Settings
from bussa_server.domain.relations import FollowEdge
from bussa_server.domain.unit_of_work import Done, MessageSent, Taken, UserSaved
from tests import commands
from tests.domain.harness import Harness, code


def test_sign_up_creates_user_with_default_settings() -> None:
    harness = Harness()
    assert harness.do(commands.SignUp("ann", "Ann", "hash")).result == UserSaved(True, "Ann", Settings(), 0)
    user = harness.uow.users["ann"]
    assert (user.name, user.password, user.settings, user.head) == ("Ann", "hash", Settings(), 0)
    assert harness.uow.changed_users == {"ann": user}
    assert harness.log("ann") == []


def test_user_id_can_be_taken_only_once() -> None:
    harness = Harness("ann")
    assert harness.do(commands.SignUp("ann", "Another", "other hash")).result == Taken()
    assert harness.uow.users["ann"].password is None
    assert harness.uow.changed_users == {}


def test_put_user_creates_and_updates() -> None:
    harness = Harness()
    put = harness.do(commands.PutUser("ann", UserChange(dm_policy="anyone")))
    assert put.result == UserSaved(True, "ann", Settings(dm_policy="anyone"), 0)
    assert put.entries == ()
    changed = harness.do(commands.PutUser("ann", UserChange(name="Ann", knocks=True)))
    assert changed.result == UserSaved(False, "Ann", Settings(dm_policy="anyone", knocks=True), 0)
    assert [event["type"] for event in harness.events("ann")] == ["settings"]


def test_put_user_without_changes_appends_nothing() -> None:
    harness = Harness("ann")
    put = commands.PutUser("ann", UserChange(name="Ann", dm_policy="anyone", knocks=UNSET))
    assert harness.do(put).result == UserSaved(False, "Ann", Settings(dm_policy="anyone"), 0)
    assert (harness.log("ann"), harness.uow.changed_users) == ([], {})


def test_name_change_appends_no_event() -> None:
    harness = Harness("ann")
    harness.do(commands.PutUser("ann", UserChange(name="Anna")))
    assert harness.log("ann") == []
    assert harness.uow.changed_users["ann"].name == "Anna"


def test_users_created_in_one_batch_may_write_to_each_other() -> None:
    harness = Harness()
    harness.do(commands.SignUp("ann", "Ann", "hash"))
    harness.do(commands.PutUser("bob", UserChange()))
    assert code(harness.send("ann", "bob")) == "not_allowed"
    harness.follow("ann", "bob")
    assert isinstance(harness.send("ann", "bob"), MessageSent)


def test_following_has_a_direction_and_appends_nothing() -> None:
    harness = Harness("ann", "bob", policy="followers")
    assert harness.follow("ann", "bob") == Done(None)
    assert harness.rows_of(FollowEdge) == [FollowEdge("ann", "bob")]
    assert harness.follow("ann", "bob") == Done(None)
    assert harness.uow.changed_rows == {}
    assert (harness.participant("ann", "bob").follows, harness.participant("bob", "ann").follows) == (True, False)
    assert isinstance(harness.send("ann", "bob"), MessageSent)
    harness.follow("ann", "bob", False)
    assert harness.rows_of(FollowEdge) == []
    assert code(harness.send("ann", "bob")) == "not_allowed"
    assert [event["type"] for event in harness.events("ann") + harness.events("bob")] == ["message", "message"]


def test_follow_of_self_or_unknown_user_is_refused() -> None:
    harness = Harness("ann")
    assert code(harness.follow("ann", "ann")) == "bad_request"
    assert code(harness.follow("ann", "zoe")) == code(harness.follow("zoe", "ann")) == "not_found"


def test_each_revocation_is_later_than_the_one_before() -> None:
    harness = Harness("ann")
    times = [harness.do(commands.Revoke("ann")).result.revoked_at for _ in range(2)]
    assert times == [harness.now - 1000, harness.now]
    harness.now -= 10_000  # the clock was set back
    assert harness.do(commands.Revoke("ann")).result.revoked_at == times[-1] + 1
    assert code(harness.do(commands.Revoke("zoe")).result) == "not_found"
    assert harness.log("ann") == []

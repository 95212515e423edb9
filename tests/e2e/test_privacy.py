"""Privacy: settings, knocks, mute, block and report, and what other users can see of them."""

import pytest

from tests.e2e.device import Journal
from tests.e2e.session import Session, conversation_texts

DEFAULT = {"dm_policy": "followers", "knocks": False, "read_receipts": True}


async def test_default_settings_allow_followers(session: Session):
    alice, bob = await session.create_user("alice"), await session.host.put_user(session.id("bob"))
    writer, phone = await session.connect(alice), await session.connect(bob)
    reply = await phone.ok("settings")
    assert reply["type"] == "settings"
    assert reply["settings"] == DEFAULT
    assert "seq" not in reply
    assert await writer.error_code("send", to=bob, text="?", nonce="1") == "not_allowed"
    await session.host.follow(alice, bob)
    assert (await writer.send(bob, "!", nonce="1"))["n"] == 1, "a refused send must not use up its nonce"


async def test_settings_change_reaches_other_devices(session: Session):
    bob = await session.host.put_user(session.id("bob"))
    phone, laptop = await session.connect(bob), await session.connect(bob)
    reply = await phone.ok("settings", set={"dm_policy": "nobody", "read_receipts": False})
    wanted = {"dm_policy": "nobody", "knocks": False, "read_receipts": False}
    assert (reply["settings"], reply["seq"]) == (wanted, 1)
    assert await laptop.next_event() == {"type": "settings", "seq": 1, "settings": wanted}
    await session.host.put_user(bob, dm_policy="mutuals")
    for device in (phone, laptop):
        assert (await device.next_event())["settings"] == wanted | {"dm_policy": "mutuals"}
    assert await phone.error_code("settings", set={"dm_policy": "friends"}) == "bad_request"
    assert await phone.remaining_events() == []


async def test_knock_is_accepted(session: Session):
    alice, writer, bob, phone = await session.two_users(dm_policy="nobody", knocks=True)
    assert (await writer.ok("profile", user=bob))["can_message"] == "knock"
    assert (await writer.send(bob, "may I?"))["folder"] == "requests"
    assert (await phone.next_event())["folder"] == "requests"
    assert await writer.error_code("send", to=bob, text="hello?", nonce="2") == "awaiting_acceptance"
    assert (await writer.ok("profile", user=bob))["can_message"] == "no"

    asked = (await phone.ok("conversations", folder="requests"))["conversations"]
    assert [conversation["last"]["text"] for conversation in asked] == ["may I?"]
    assert (await phone.ok("conversations"))["conversations"] == []
    # Bob reads it and types: neither is visible to Alice.
    await phone.ok("read", peer=alice, n=1)
    await phone.send_frame({"type": "typing", "peer": alice})
    assert [event["type"] for event in await phone.remaining_events()] == []
    assert await writer.remaining_events() == []
    assert (await writer.ok("conversations"))["conversations"][0]["peer_read"] is None

    laptop = await session.connect(bob)
    ok = await phone.ok("accept", peer=alice)
    expected = {"type": "conversation", "seq": ok["seq"], "peer": alice, "folder": "inbox"}
    assert await laptop.next_event() == expected | {"muted": False, "blocked": False}
    assert (await writer.ok("profile", user=bob))["can_message"] == "yes"
    assert (await writer.send(bob, "thank you"))["folder"] == "inbox"
    assert await conversation_texts(phone, alice) == ["may I?", "thank you"]


async def test_reply_accepts_a_knock(session: Session):
    alice, writer, bob, phone = await session.two_users(dm_policy="nobody", knocks=True)
    await writer.send(bob, "may I?")
    assert (await phone.send(alice, "do"))["folder"] == "inbox"
    assert (await phone.ok("conversations"))["conversations"][0]["peer"] == alice
    assert (await writer.send(bob, "thank you"))["folder"] == "inbox"
    await phone.ok("settings", set={"knocks": False})
    assert (await writer.send(bob, "still here"))["folder"] == "inbox", "the right to answer outlives a changed policy"


async def test_declined_sender_is_refused_until_accepted(session: Session):
    alice, writer, bob, phone = await session.two_users(dm_policy="nobody", knocks=True)
    await writer.send(bob, "may I?")
    ok = await phone.ok("decline", peer=alice)
    assert ok["seq"] == 2
    assert await writer.error_code("send", to=bob, text="please", nonce="2") == "not_allowed"
    assert (await phone.ok("conversations", folder="requests"))["conversations"] == []
    await session.host.put_user(bob, dm_policy="anyone")
    assert await writer.error_code("send", to=bob, text="please", nonce="3") == "not_allowed"
    await phone.ok("accept", peer=alice)
    assert (await writer.send(bob, "!"))["n"] == 2


@pytest.mark.parametrize("request_", ["accept", "decline"])
async def test_accept_and_decline_need_a_conversation(session: Session, request_: str):
    alice, _, bob, phone = await session.two_users()
    assert await phone.error_code(request_, peer=alice) == "not_found"
    assert await phone.error_code(request_, peer=session.id("nobody")) == "not_found"
    assert await phone.error_code(request_, peer=bob) == "bad_request"


async def test_muted_conversation_still_receives_messages(session: Session):
    alice, writer, bob, phone = await session.two_users()
    laptop = await session.connect(bob)
    await writer.send(bob, "a")
    ok = await phone.ok("mute", user=alice)
    event = (await laptop.remaining_events())[-1]
    assert (event["type"], event["seq"], event["muted"], event["folder"]) == ("conversation", ok["seq"], True, "inbox")
    await writer.send(bob, "b")
    assert [event["text"] for event in await phone.remaining_events()] == ["a", "b"]
    assert (await phone.ok("conversations"))["conversations"][0]["muted"] is True
    await phone.ok("unmute", user=alice)
    assert (await phone.ok("conversations"))["conversations"][0]["muted"] is False
    assert (await laptop.remaining_events())[-1]["muted"] is False
    assert await writer.remaining_events() == []


async def test_block_hides_the_blocked_users_messages(session: Session):
    alice, writer, bob, phone = await session.two_users()
    carol = await session.connect(await session.create_user("carol"))
    asleep = Journal()
    laptop = await session.connect(bob, journal=asleep)
    await laptop.close()
    await writer.send(bob, "secret one")
    await phone.send(alice, "reply")
    await writer.ok("read", peer=bob, n=2)
    await carol.send(bob, "secret two")
    await phone.remaining_events()

    ok = await phone.ok("block", user=alice)
    assert await writer.error_code("send", to=bob, text="?", nonce="x") == "not_allowed"
    assert await phone.error_code("send", to=alice, text="?", nonce="x") == "not_allowed", (
        "a block refuses both directions"
    )
    assert (await writer.ok("profile", user=bob))["can_message"] == "no"
    assert (await phone.ok("profile", user=alice))["can_message"] == "no"
    await writer.send_frame({"type": "typing", "peer": bob})
    assert await writer.remaining_events() == [
        event for event in writer.journal.log.values() if event.get("from") == bob
    ]
    assert await phone.remaining_events() == []

    laptop = await session.connect(bob, journal=asleep)
    assert laptop.welcome["resumed"] is True
    replayed = await laptop.remaining_events()
    assert [event["type"] for event in replayed] == ["hidden", "message", "hidden", "message", "conversation"]
    assert replayed[0] == {"type": "hidden", "seq": 1}
    assert [event.get("text") for event in replayed[1:4:2]] == ["reply", "secret two"]
    assert replayed[4] == {
        "type": "conversation",
        "seq": ok["seq"],
        "peer": alice,
        "folder": "inbox",
        "muted": False,
        "blocked": True,
    }
    synced = (await laptop.ok("sync", after=0))["events"]
    assert synced == replayed
    assert [hit["from"] for hit in (await phone.ok("search", query="secret"))["hits"]] == [carol.welcome["user"]]
    assert "secret one" not in await conversation_texts(phone, alice)
    assert "secret one" not in str(await phone.ok("conversations"))

    await phone.ok("unblock", user=alice)
    assert await conversation_texts(phone, alice) == ["secret one", "reply"]
    assert (await writer.send(bob, "again"))["n"] == 3


async def test_blocked_sender_cannot_tell_block_from_policy(session: Session):
    """The error is `not_allowed`, as for a policy, and no event reaches the blocked user."""
    alice, writer, bob, phone = await session.two_users()
    ok = await writer.ok("block", user=bob)
    assert ok["seq"] == 1
    assert "seq" not in await writer.ok("block", user=bob), "setting what is already set appends nothing"
    assert await phone.error_code("send", to=alice, text="?", nonce="1") == "not_allowed"
    assert await phone.remaining_events() == []
    assert await writer.error_code("block", user=alice) == "bad_request"
    assert await writer.error_code("block", user=session.id("nobody")) == "not_found"


async def test_report_declines_the_conversation(session: Session):
    alice, writer, bob, phone = await session.two_users()
    assert await phone.error_code("report", peer=alice, reason="spam") == "not_found"
    await writer.send(bob, "buy this")
    laptop = await session.connect(bob)
    assert await phone.error_code("report", peer=alice, reason="boring") == "bad_request"
    assert await phone.error_code("report", peer=alice, reason="spam", n=2) == "not_found"
    await phone.ok("report", peer=alice, reason="spam", n=1)
    event = await laptop.next_event()
    assert (event["type"], event["folder"], event["blocked"]) == ("conversation", "declined", False)
    assert await writer.error_code("send", to=bob, text="and this", nonce="2") == "not_allowed"
    await phone.send(alice, "a mistake")
    assert (await writer.send(bob, "thank you"))["folder"] == "inbox", "a message of the recipient ends a report"
    await phone.ok("report", peer=alice, reason="abuse", block=True)
    assert (await laptop.remaining_events())[-1]["blocked"] is True
    await phone.ok("accept", peer=alice)
    assert await writer.error_code("send", to=bob, text="?", nonce="3") == "not_allowed"


async def test_profile_has_name_and_can_message(session: Session):
    _, writer, bob, _ = await session.two_users(dm_policy="followers")
    profile = await writer.ok("profile", user=bob)
    assert (profile["type"], profile["user"], profile["name"]) == ("profile", bob, "bob")
    assert profile["can_message"] == "no"
    assert await writer.error_code("profile", user=session.id("nobody")) == "not_found"

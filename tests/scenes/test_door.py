"""What a person decides about others: settings, knocks, mute, block, report; and what the others can see of it."""

import pytest

from tests.scenes.device import Diary
from tests.scenes.play import Play, texts

DEFAULT = {"dm_policy": "followers", "knocks": False, "read_receipts": True}


async def test_a_new_door_lets_followers_in(play: Play):
    alice, bob = await play.person("alice"), await play.host.person(play.id("bob"))
    writer, phone = await play.meet(alice), await play.meet(bob)
    reply = await phone.ok("settings")
    assert reply["type"] == "settings"
    assert reply["settings"] == DEFAULT
    assert "seq" not in reply
    assert await writer.refused("send", to=bob, text="?", nonce="1") == "not_allowed"
    await play.host.follow(alice, bob)
    assert (await writer.send(bob, "!", nonce="1"))["n"] == 1, "a refused nonce is not used up"


async def test_settings_reach_the_other_devices(play: Play):
    bob = await play.host.person(play.id("bob"))
    phone, laptop = await play.meet(bob), await play.meet(bob)
    reply = await phone.ok("settings", set={"dm_policy": "nobody", "read_receipts": False})
    wanted = {"dm_policy": "nobody", "knocks": False, "read_receipts": False}
    assert (reply["settings"], reply["seq"]) == (wanted, 1)
    assert await laptop.next() == {"type": "settings", "seq": 1, "settings": wanted}
    await play.host.person(bob, dm_policy="mutuals")
    for device in (phone, laptop):
        assert (await device.next())["settings"] == wanted | {"dm_policy": "mutuals"}
    assert await phone.refused("settings", set={"dm_policy": "friends"}) == "bad_request"
    assert await phone.rest() == []


async def test_alice_knocks_and_bob_lets_her_in(play: Play):
    alice, writer, bob, phone = await play.two(dm_policy="nobody", knocks=True)
    assert (await writer.ok("profile", user=bob))["can_message"] == "knock"
    assert (await writer.send(bob, "may I?"))["folder"] == "requests"
    assert (await phone.next())["folder"] == "requests"
    assert await writer.refused("send", to=bob, text="hello?", nonce="2") == "awaiting_acceptance"
    assert (await writer.ok("profile", user=bob))["can_message"] == "no"

    asked = (await phone.ok("conversations", folder="requests"))["conversations"]
    assert [conversation["last"]["text"] for conversation in asked] == ["may I?"]
    assert (await phone.ok("conversations"))["conversations"] == []
    # Bob looks at it: no sign of that reaches her.
    await phone.ok("read", peer=alice, n=1)
    await phone.say({"type": "typing", "peer": alice})
    assert [event["type"] for event in await phone.rest()] == []
    assert await writer.rest() == []
    assert (await writer.ok("conversations"))["conversations"][0]["peer_read"] is None

    laptop = await play.meet(bob)
    ok = await phone.ok("accept", peer=alice)
    expected = {"type": "conversation", "seq": ok["seq"], "peer": alice, "folder": "inbox"}
    assert await laptop.next() == expected | {"muted": False, "blocked": False}
    assert (await writer.ok("profile", user=bob))["can_message"] == "yes"
    assert (await writer.send(bob, "thank you"))["folder"] == "inbox"
    assert await texts(phone, alice) == ["may I?", "thank you"]


async def test_writing_back_is_accepting(play: Play):
    alice, writer, bob, phone = await play.two(dm_policy="nobody", knocks=True)
    await writer.send(bob, "may I?")
    assert (await phone.send(alice, "do"))["folder"] == "inbox"
    assert (await phone.ok("conversations"))["conversations"][0]["peer"] == alice
    assert (await writer.send(bob, "thank you"))["folder"] == "inbox"
    await phone.ok("settings", set={"knocks": False})
    assert (await writer.send(bob, "still here"))["folder"] == "inbox", "the right to answer outlives a policy"


async def test_bob_declines(play: Play):
    alice, writer, bob, phone = await play.two(dm_policy="nobody", knocks=True)
    await writer.send(bob, "may I?")
    ok = await phone.ok("decline", peer=alice)
    assert ok["seq"] == 2
    assert await writer.refused("send", to=bob, text="please", nonce="2") == "not_allowed"
    assert (await phone.ok("conversations", folder="requests"))["conversations"] == []
    await play.host.person(bob, dm_policy="anyone")
    assert await writer.refused("send", to=bob, text="please", nonce="3") == "not_allowed"
    await phone.ok("accept", peer=alice)
    assert (await writer.send(bob, "!"))["n"] == 2


@pytest.mark.parametrize("request_", ["accept", "decline"])
async def test_there_is_nothing_to_accept_where_nothing_was_written(play: Play, request_: str):
    alice, _, bob, phone = await play.two()
    assert await phone.refused(request_, peer=alice) == "not_found"
    assert await phone.refused(request_, peer=play.id("nobody")) == "not_found"
    assert await phone.refused(request_, peer=bob) == "bad_request"


async def test_a_muted_conversation_still_arrives(play: Play):
    alice, writer, bob, phone = await play.two()
    laptop = await play.meet(bob)
    await writer.send(bob, "a")
    ok = await phone.ok("mute", user=alice)
    told = (await laptop.rest())[-1]
    assert (told["type"], told["seq"], told["muted"], told["folder"]) == ("conversation", ok["seq"], True, "inbox")
    await writer.send(bob, "b")
    assert [event["text"] for event in await phone.rest()] == ["a", "b"]
    assert (await phone.ok("conversations"))["conversations"][0]["muted"] is True
    await phone.ok("unmute", user=alice)
    assert (await phone.ok("conversations"))["conversations"][0]["muted"] is False
    assert (await laptop.rest())[-1]["muted"] is False
    assert await writer.rest() == []


async def test_bob_blocks_alice_and_her_words_are_gone(play: Play):
    alice, writer, bob, phone = await play.two()
    carol = await play.meet(await play.person("carol"))
    asleep = Diary()
    laptop = await play.meet(bob, diary=asleep)
    await laptop.leave()
    await writer.send(bob, "secret one")
    await phone.send(alice, "reply")
    await writer.ok("read", peer=bob, n=2)
    await carol.send(bob, "secret two")
    await phone.rest()

    ok = await phone.ok("block", user=alice)
    assert await writer.refused("send", to=bob, text="?", nonce="x") == "not_allowed"
    assert await phone.refused("send", to=alice, text="?", nonce="x") == "not_allowed", "a block closes both ways"
    assert (await writer.ok("profile", user=bob))["can_message"] == "no"
    assert (await phone.ok("profile", user=alice))["can_message"] == "no"
    await writer.say({"type": "typing", "peer": bob})
    assert await writer.rest() == [event for event in writer.diary.log.values() if event.get("from") == bob]
    assert await phone.rest() == []

    laptop = await play.meet(bob, diary=asleep)
    assert laptop.welcome["resumed"] is True
    replayed = await laptop.rest()
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
    assert "secret one" not in await texts(phone, alice)
    assert "secret one" not in str(await phone.ok("conversations"))

    await phone.ok("unblock", user=alice)
    assert await texts(phone, alice) == ["secret one", "reply"]
    assert (await writer.send(bob, "again"))["n"] == 3


async def test_the_one_who_blocks_can_not_be_found_out(play: Play):
    """Mind the direction: it is Alice who blocks, and she who asks."""
    alice, writer, bob, phone = await play.two()
    ok = await writer.ok("block", user=bob)
    assert ok["seq"] == 1
    assert "seq" not in await writer.ok("block", user=bob), "what is so already is no event"
    assert await phone.refused("send", to=alice, text="?", nonce="1") == "not_allowed"
    assert await phone.rest() == []
    assert await writer.refused("block", user=alice) == "bad_request"
    assert await writer.refused("block", user=play.id("nobody")) == "not_found"


async def test_bob_reports_alice(play: Play):
    alice, writer, bob, phone = await play.two()
    assert await phone.refused("report", peer=alice, reason="spam") == "not_found"
    await writer.send(bob, "buy this")
    laptop = await play.meet(bob)
    assert await phone.refused("report", peer=alice, reason="boring") == "bad_request"
    assert await phone.refused("report", peer=alice, reason="spam", n=2) == "not_found"
    await phone.ok("report", peer=alice, reason="spam", n=1)
    told = await laptop.next()
    assert (told["type"], told["folder"], told["blocked"]) == ("conversation", "declined", False)
    assert await writer.refused("send", to=bob, text="and this", nonce="2") == "not_allowed"
    await phone.send(alice, "a mistake")
    assert (await writer.send(bob, "thank you"))["folder"] == "inbox", "written to since"
    await phone.ok("report", peer=alice, reason="abuse", block=True)
    assert (await laptop.rest())[-1]["blocked"] is True
    await phone.ok("accept", peer=alice)
    assert await writer.refused("send", to=bob, text="?", nonce="3") == "not_allowed"


async def test_a_profile_tells_a_name_and_a_chance(play: Play):
    _, writer, bob, _ = await play.two(dm_policy="followers")
    profile = await writer.ok("profile", user=bob)
    assert (profile["type"], profile["user"], profile["name"]) == ("profile", bob, "bob")
    assert profile["can_message"] == "no"
    assert await writer.refused("profile", user=play.id("nobody")) == "not_found"

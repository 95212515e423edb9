"""Conversations: replies, events on every device, and their numbers."""

import time

from tests.e2e.session import Session, conversation_texts


async def test_message_reaches_the_recipients_device(session: Session):
    alice, writer, bob, phone = await session.two_users()
    before = time.time() * 1000
    sent = await writer.send(bob, "ciao")
    assert {k: sent[k] for k in ("type", "peer", "n", "seq", "folder")} == {
        "type": "sent",
        "peer": bob,
        "n": 1,
        "seq": 1,
        "folder": "inbox",
    }
    assert before - 1000 < sent["at"] < time.time() * 1000 + 1000
    assert await phone.next_event() == {
        "type": "message",
        "seq": 1,
        "peer": alice,
        "n": 1,
        "from": alice,
        "text": "ciao",
        "at": sent["at"],
        "folder": "inbox",
    }


async def test_message_reaches_all_devices_but_the_sending_one(session: Session):
    alice, writer, bob, phone = await session.two_users()
    tablet, laptop = await session.connect(alice), await session.connect(bob)
    sent = await writer.send(bob, "ciao")
    event = await tablet.next_event()
    assert event["peer"] == bob
    assert event["from"] == alice
    assert event["seq"] == sent["seq"]
    assert await phone.next_event() == await laptop.next_event()
    for device in (writer, tablet, phone, laptop):
        assert await device.remaining_events() == []


async def test_n_is_shared_by_both_participants(session: Session):
    alice, one, bob, other = await session.two_users()
    sent = [await one.send(bob, "a"), await other.send(alice, "b"), await one.send(bob, "c", reply_to=2)]
    assert [reply["n"] for reply in sent] == [1, 2, 3]
    assert "reply_to" not in await one.next_event()
    assert [event["n"] for event in await other.remaining_events()] == [1, 3]
    seen = [(await device.ok("history", peer=peer))["messages"] for device, peer in ((one, bob), (other, alice))]
    assert [message | {"peer": alice} for message in seen[0]] == seen[1]
    assert [message["from"] for message in seen[1]] == [alice, bob, alice]
    assert [message["at"] for message in seen[1]] == [reply["at"] for reply in sent]
    assert [message.get("reply_to") for message in seen[1]] == [None, None, 2]
    assert await one.error_code("send", to=bob, text="to what?", nonce="x", reply_to=9) == "not_found"


async def test_send_repeated_under_its_nonce_is_one_message(session: Session):
    alice, writer, bob, phone = await session.two_users()
    first = await writer.send(bob, "once", nonce="n1")
    for device in (writer, await session.connect(alice)):
        again = await device.request("send", retry=True, to=bob, text="once", nonce="n1")
        assert again | {"id": 0} == first | {"id": 0}
        assert await device.error_code("send", to=bob, text="twice", nonce="n1") == "conflict"
        assert await device.error_code("send", to=bob, text="once", nonce="n1", reply_to=1) == "conflict"
    assert [event["text"] for event in await phone.remaining_events()] == ["once"]
    assert await conversation_texts(phone, alice) == ["once"]
    assert (await phone.send(alice, "the nonce is its sender's own", nonce="n1"))["n"] == 2


async def test_history_pages_in_both_directions(session: Session):
    _, writer, bob, _ = await session.two_users()
    for reply in [await writer.submit("send", to=bob, text=str(n), nonce=str(n)) for n in range(1, 61)]:
        await reply

    async def page(**fields: int) -> tuple[list[int], bool]:
        reply = await writer.ok("history", peer=bob, **fields)
        assert reply["type"] == "history"
        assert reply["peer"] == bob
        return [message["n"] for message in reply["messages"]], reply["more"]

    assert await page() == (list(range(11, 61)), True)
    assert await page(before=11) == (list(range(1, 11)), False)
    assert await page(before=31, limit=5) == (list(range(26, 31)), True)
    assert await page(after=0, limit=3) == ([1, 2, 3], True)
    assert await page(after=57) == ([58, 59, 60], False)
    assert await page(after=60) == ([], False)
    assert await page(limit=200) == (list(range(1, 61)), False)


async def test_read_mark_reaches_the_peer(session: Session):
    alice, writer, bob, phone = await session.two_users()
    laptop, tablet = await session.connect(bob), await session.connect(alice)
    for text in "abc":
        await writer.send(bob, text)
    assert (await phone.ok("conversations"))["conversations"][0]["unread"] == 3
    ok = await phone.ok("read", peer=alice, n=2)
    assert ok["type"] == "ok"
    assert ok["seq"] == 4
    expected = {"type": "read", "seq": 4, "peer": bob, "by": bob, "n": 2}
    assert await writer.next_event() == expected
    assert (await tablet.remaining_events())[-1] == expected
    assert (await laptop.remaining_events())[-1] == expected | {"peer": alice}
    seen = (await phone.ok("conversations"))["conversations"][0]
    assert (seen["unread"], seen["read"], seen["peer_read"]) == (1, 2, None)
    seen = (await writer.ok("conversations"))["conversations"][0]
    assert (seen["unread"], seen["read"], seen["peer_read"]) == (0, 0, 2)
    assert "seq" not in await phone.ok("read", peer=alice, n=1), "a read mark never moves back"
    assert await phone.error_code("read", peer=alice, n=4) == "not_found"
    assert await writer.remaining_events() == []


async def test_read_receipts_off_hides_reads(session: Session):
    alice, writer, bob, phone = await session.two_users()
    await writer.send(bob, "?")
    await phone.ok("settings", set={"read_receipts": False})
    await phone.ok("read", peer=alice, n=1)
    assert await writer.remaining_events() == []
    assert (await writer.ok("conversations"))["conversations"][0]["peer_read"] is None


async def test_typing_is_ephemeral(session: Session):
    alice, writer, bob, phone = await session.two_users()
    laptop = await session.connect(bob)
    await writer.send_frame({"type": "typing", "peer": bob})
    for device in (phone, laptop):
        assert await device.next_event() == {"type": "typing", "peer": alice}
        assert await device.remaining_events() == []
    await phone.send_frame({"type": "typing", "peer": session.id("nobody")})
    assert await writer.remaining_events() == []


async def test_conversations_are_ordered_by_last_message(session: Session):
    alice = await session.create_user("alice")
    device = await session.connect(alice)
    peers = [await session.create_user(f"peer{number}") for number in range(7)]
    for peer in peers:
        await device.send(peer, f"to {peer}")
    await (await session.connect(peers[2])).send(alice, "back")
    order = [peers[2], *(peer for peer in reversed(peers) if peer != peers[2])]

    found, before = [], {}
    while True:
        reply = await device.ok("conversations", limit=3, **before)
        assert len(reply["conversations"]) <= 3
        found += reply["conversations"]
        if reply["next"] is None:
            break
        before = {"before": reply["next"]}
    assert [conversation["peer"] for conversation in found] == order
    first = found[0]
    assert first["last"]["text"] == "back"
    assert first["last"]["from"] == first["last"]["peer"] == peers[2]
    assert (first["unread"], first["read"], first["peer_read"], first["muted"]) == (1, 0, None, False)
    assert (await device.ok("conversations", folder="requests"))["conversations"] == []


async def test_search_matches_word_prefixes(session: Session):
    alice, writer, bob, phone = await session.two_users()
    carol = await session.create_user("carol")
    for text in ("La città è bella", "STRASSE, strada; via!", "piano-forte e città", "due"):
        await writer.send(bob, text)
    await writer.send(carol, "un'altra CITTÀ")

    async def hits(query: str, **fields: str) -> list[str]:
        reply = await writer.ok("search", query=query, **fields)
        assert reply["type"] == "search"
        return [hit["text"] for hit in reply["hits"]]

    assert await hits("citta") == ["un'altra CITTÀ", "piano-forte e città", "La città è bella"]
    assert await hits("CIT bel") == ["La città è bella"]
    assert await hits("straß") == ["STRASSE, strada; via!"]
    assert await hits("forte") == ["piano-forte e città"]
    assert await hits("itta") == []
    assert await hits("citta", peer=carol) == ["un'altra CITTÀ"]
    assert await hits("?!") == []
    hit = (await phone.ok("search", query="due"))["hits"][0]
    assert (hit["peer"], hit["from"], hit["n"]) == (alice, alice, 4)
    assert (await phone.ok("search", query="altra"))["hits"] == [], "search finds only the user's own conversations"
    first = await writer.ok("search", query="citta", limit=2)
    rest = await writer.ok("search", query="citta", limit=2, before=first["next"])
    assert [hit["text"] for hit in first["hits"] + rest["hits"]] == await hits("citta")
    assert rest["next"] is None


async def test_sync_returns_the_pushed_events(session: Session):
    alice, writer, bob, phone = await session.two_users()
    await writer.send(bob, "a")
    await phone.ok("mute", user=alice)
    await writer.send(bob, "b", reply_to=1)
    other = await session.connect(bob)
    await other.ok("settings", set={"knocks": True})
    pushed = await phone.remaining_events()
    synced = await phone.ok("sync", after=0)
    assert synced["head"] == 4
    assert [event["seq"] for event in synced["events"]] == [1, 2, 3, 4]
    assert [event for event in synced["events"] if event["seq"] != 2] == pushed
    assert synced["events"][1]["type"] == "conversation"
    page = await phone.ok("sync", after=1, limit=2)
    assert (page["events"], page["head"]) == (synced["events"][1:3], 4)
    assert (await phone.ok("sync", after=4))["events"] == []


async def test_requests_are_handled_in_the_order_sent(session: Session):
    alice, writer, bob, phone = await session.two_users()
    ahead = [
        await writer.submit("send", to=bob, text="a", nonce="a"),
        await writer.submit("send", to=bob, text="b", nonce="b"),
        await writer.submit("history", peer=bob),
        await writer.submit("block", user=bob),
        await writer.submit("send", to=bob, text="c", nonce="c"),
        await writer.submit("profile", user=bob),
        await writer.submit("unblock", user=bob),
        await writer.submit("send", to=bob, text="d", nonce="d"),
        await writer.submit("conversations"),
        await writer.submit("settings", set={"knocks": True}),
        await writer.submit("settings"),
        await writer.submit("ping"),
    ]
    a, b, history, block, c, profile, unblock, d, conversations, change, settings, pong = [await r for r in ahead]
    assert [message["text"] for message in history["messages"]] == ["a", "b"]
    assert (c["type"], c["code"]) == ("error", "not_allowed")
    assert profile["can_message"] == "no"
    assert conversations["conversations"][0]["last"]["text"] == "d"
    assert settings["settings"] == change["settings"]
    assert settings["settings"]["knocks"] is True
    assert [reply["seq"] for reply in (a, b, block, unblock, d, change)] == [1, 2, 3, 4, 5, 6]
    assert pong["head"] == 6
    assert [event["text"] for event in await phone.remaining_events()] == ["a", "b", "d"]
    assert await conversation_texts(phone, alice) == ["a", "b", "d"]

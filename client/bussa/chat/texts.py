"""Texts of the chat: privacy settings, errors, dates and times."""

from datetime import datetime

from bussa.errors import (
    AwaitingAcceptanceError,
    BadRequestError,
    BussaError,
    ConflictError,
    NotAllowedError,
    NotFoundError,
    RateLimitedError,
    RequestInterruptedError,
    RequestTimeoutError,
    TakenError,
    TokenRefusedError,
    UnauthenticatedError,
    UnavailableError,
    UnreachableError,
)
from bussa_protocol.frames.parts import Settings
from bussa_protocol.ids import CanMessage, Policy

POLICIES: dict[Policy, tuple[str, str]] = {
    "anyone": ("Anyone", "everyone"),
    "followers": ("Followers", "people who follow you"),
    "following": ("Following", "people you follow"),
    "mutuals": ("Mutuals", "people who follow you and whom you follow"),
    "nobody": ("Nobody", "no one new"),
}
"""Each policy: its name, and who can message the user."""
ALWAYS = "People you have messaged or accepted can always reply."
INVALID_USER = "a user name has 1 to 64 letters, digits or _ . : -"

CAN_MESSAGE: dict[CanMessage, str] = {
    "yes": "You can message them.",
    "knock": "You can knock: one message, then they decide.",
    "no": "You can't message them.",
}


def privacy_summary(settings: Settings) -> str:
    """The privacy settings in a sentence or two."""
    first = f"{POLICIES[settings.dm_policy][1].capitalize()} can message you."
    if settings.dm_policy == "anyone":
        return first
    if settings.knocks:
        return f"{first} Others can knock: one message each, in a separate folder."
    return f"{first} Others are refused and not told why."


def problem(error: BaseException) -> str:
    """An error, as the user reads it."""
    match error:
        case NotAllowedError():
            return "you can't message this person"
        case AwaitingAcceptanceError():
            return "your first message hasn't been accepted yet"
        case NotFoundError():
            return "user not found"
        case RateLimitedError():
            return "too many requests; try again in a moment"
        case UnavailableError():
            return "the server is unavailable; try again in a moment"
        case RequestTimeoutError() | RequestInterruptedError():
            return "no response from the server; it may have been sent"
        case ConflictError():
            return "another message was sent under this nonce; try again"
        case TakenError():
            return "that user name is taken"
        case UnauthenticatedError():
            return "wrong user name or password"
        case TokenRefusedError():
            return "your session has ended; log in again"
        case UnreachableError():
            return "cannot reach the server"
        case BadRequestError():
            return f"invalid request: {error.message}"
        case BussaError():
            return str(error)
        case _:
            return f"{type(error).__name__}: {error}"


def clock(millis: int) -> str:
    """The local time of day."""
    return datetime.fromtimestamp(millis / 1000).astimezone().strftime("%H:%M")


def day(millis: int, today: datetime) -> str:
    """The date, as a heading: relative within a week."""
    moment = datetime.fromtimestamp(millis / 1000).astimezone()
    days = (today.date() - moment.date()).days
    if days == 0:
        return "Today"
    if days == 1:
        return "Yesterday"
    if 1 < days < 7:
        return moment.strftime("%A")
    return f"{moment.day} {moment.strftime('%B')}" + ("" if moment.year == today.year else f" {moment.year}")


def when(millis: int, today: datetime) -> str:
    """The date, short, for a list: the time if it is today."""
    moment = datetime.fromtimestamp(millis / 1000).astimezone()
    days = (today.date() - moment.date()).days
    if days == 0:
        return moment.strftime("%H:%M")
    if 0 < days < 7:
        return moment.strftime("%a")
    return moment.strftime("%d.%m.") + ("" if moment.year == today.year else moment.strftime("%y"))


def count(number: int) -> str:
    """An unread count of at most three columns."""
    return "99+" if number > 99 else str(number)

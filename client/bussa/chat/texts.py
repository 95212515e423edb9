"""What the chat says, in one place: of doors, errors, times."""

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
    "anyone": ("Anyone", "everybody"),
    "followers": ("Followers", "those who follow you"),
    "following": ("Following", "those whom you follow"),
    "mutuals": ("Mutuals", "those who follow you and whom you follow"),
    "nobody": ("Nobody", "nobody new"),
}
"""Each policy, and whom it lets in."""
ALWAYS = "Whoever you have written to or let in may always answer."

CAN_MESSAGE: dict[CanMessage, str] = {
    "yes": "You can write to them.",
    "knock": "You may knock: one message, then it is up to them.",
    "no": "Their door is closed to you.",
}


def privacy_summary(settings: Settings) -> str:
    """In a sentence or two: who gets in."""
    first = f"{POLICIES[settings.dm_policy][1].capitalize()} may write to you."
    if settings.dm_policy == "anyone":
        return first
    if settings.knocks:
        return f"{first} Others may knock: one message each, in a folder of its own."
    return f"{first} Others are turned away, and don't learn why."


def problem(error: BaseException) -> str:
    """An error, for the person who caused or suffered it."""
    match error:
        case NotAllowedError():
            return "their door is closed to you"
        case AwaitingAcceptanceError():
            return "you have knocked; they have to let you in first"
        case NotFoundError():
            return "there is nobody of that name"
        case RateLimitedError():
            return "too fast; try again in a moment"
        case UnavailableError():
            return "the server can't store anything right now"
        case RequestTimeoutError() | RequestInterruptedError():
            return "no answer; it may or may not have gone through"
        case ConflictError():
            return "the server knows another message under its number"
        case TakenError():
            return "somebody has that name already"
        case UnauthenticatedError():
            return "that is not the right name and password"
        case TokenRefusedError():
            return "your login has run out"
        case UnreachableError():
            return "no connection to the server"
        case BadRequestError():
            return f"the server did not understand: {error.message}"
        case BussaError():
            return str(error)
        case _:
            return f"{type(error).__name__}: {error}"


def clock(millis: int) -> str:
    """The time of day, here."""
    return datetime.fromtimestamp(millis / 1000).astimezone().strftime("%H:%M")


def day(millis: int, today: datetime) -> str:
    """The day, as people say it."""
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
    """Short, for a list: the time today, else the day."""
    moment = datetime.fromtimestamp(millis / 1000).astimezone()
    days = (today.date() - moment.date()).days
    if days == 0:
        return moment.strftime("%H:%M")
    if 0 < days < 7:
        return moment.strftime("%a")
    return moment.strftime("%d.%m.") + ("" if moment.year == today.year else moment.strftime("%y"))


def count(number: int) -> str:
    """An unread count that stays narrow."""
    return "99+" if number > 99 else str(number)

"""Puts rooms, homes, servers and agents together: the only place that picks adapters, and that joins the signing key with genuine noise."""

from __future__ import annotations

from stillroom.bootstrap.announcing import withdrawal
from stillroom.bootstrap.backup import back_up, inconsistencies, restore
from stillroom.bootstrap.certificates import certificate, client_certificate, pages_certificate
from stillroom.bootstrap.rooms import (
    Plate,
    accounts_of,
    admit,
    choose_engine,
    create_home,
    create_room,
    join,
    open_room,
    read_plate,
    room_key,
    room_of,
    to_be_noted,
)
from stillroom.bootstrap.service import (
    INCOMING,
    alone,
    join_server,
    keep_at,
    look_at,
    open_channel,
    open_served_room,
    operators_channel,
)
from stillroom.bootstrap.tables import RoomTables

__all__ = [
    "INCOMING",
    "Plate",
    "RoomTables",
    "accounts_of",
    "admit",
    "alone",
    "back_up",
    "certificate",
    "choose_engine",
    "client_certificate",
    "create_home",
    "create_room",
    "inconsistencies",
    "join",
    "join_server",
    "keep_at",
    "look_at",
    "open_channel",
    "open_room",
    "open_served_room",
    "operators_channel",
    "pages_certificate",
    "read_plate",
    "restore",
    "room_key",
    "room_of",
    "to_be_noted",
    "withdrawal",
]

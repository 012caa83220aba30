"""Where stories play: a room with its parties' homes, a contract that all have signed, and data; and how each is verified at its end."""

from __future__ import annotations

import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillroom.cli.stories.story import Story
    from stillroom.client.result import Release
    from stillroom.client.session import Session


@dataclass(frozen=True)
class Next:
    """What to ask after a story.

    Attributes:
        question: The SQL.
        epsilon: What it may cost.
        party: Who asks.
    """

    question: str
    epsilon: float
    party: str

    def command(self, base: Path) -> str:
        """Return what to type."""
        return f'{program()} ask "{self.question}" --epsilon {self.epsilon:g} --home {shlex.quote(str(base / self.party))}'


def free(folder: Path) -> Path:
    """Return a folder that is empty or not there; a story overwrites nothing.

    Raises:
        InvalidInput: There is something.
    """
    from stillroom.errors import Code, InvalidInput

    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise InvalidInput(Code.FILE_INVALID, f"There is something at {folder} already.", "Name a folder that is empty or not there.")
    return folder


def program() -> str:
    """Return what to type for this very program: its name where the shell finds it by that, and its path where not."""
    started, found = Path(sys.argv[0]), shutil.which("stillroom")
    known = found is not None and started.exists() and Path(found).resolve() == started.resolve()
    return "stillroom" if known or started.name != "stillroom" else shlex.quote(str(started))


def furnish(base: Path, contract: Path, parties: Sequence[str], files: Mapping[str, Path], story: Story) -> dict[str, Session]:
    """Make a room and a home for each party, sign the contract on all sides, and let each owner admit its files.

    Args:
        base: The folder of room and homes.
        contract: The contract, with `{party}` in the place of each party's key.
        parties: Those who sign.
        files: The file of each dataset.
        story: Whose screen shows the progress.

    Returns:
        The session of each party.
    """
    from stillroom.client.session import make_home, make_room, open_room

    make_room(base / "room", "demo")
    keys = {party: make_home(base / party, party, room=base / "room", epsilon=20.0, delta=1e-9) for party in parties}
    sessions = {party: open_room(base / party, progress=story.screen) for party in parties}
    agree(base, contract, keys, sessions)
    admit(sessions, files)
    return sessions


def agree(base: Path, contract: Path, keys: Mapping[str, str], sessions: Mapping[str, Session]) -> None:
    """Put parties' keys into a contract, and have all of them sign it."""
    text = contract.read_text(encoding="utf-8")
    for party, key in keys.items():
        text = text.replace(f"{{{party}}}", key)
    written = base / "contract.yaml"
    written.write_text(text, encoding="utf-8")
    for session in sessions.values():
        session.sign(written)


def admit(sessions: Mapping[str, Session], files: Mapping[str, Path]) -> None:
    """Let each owner admit its files."""
    datasets = next(iter(sessions.values())).contract.datasets
    for dataset, file in files.items():
        sessions[datasets[dataset].owner].add_data(dataset, file)


def terms_of(session: Session) -> list[str]:
    """Say who signed, who may ask and receive, and how much may be revealed."""
    contract = session.contract
    caps = contract.caps
    most = f"{caps.epsilon:g} for everything, ever; {caps.release_epsilon:g} for one release; δ = {caps.delta:g}."
    return [
        f"Signed by {' and '.join(party.name for party in contract.parties)}: {session.contract_digest[:30]}…",
        f"May ask: {', '.join(contract.ask)}. May receive: {', '.join(contract.receive)}.",
        f"Caps on ε, which bounds what can be learnt about any one person: {most}",
    ]


def price_of(session: Session, question: str, *, epsilon: float) -> list[str]:
    """Say what a question with totals costs, and how precise its first column will be."""
    price = session.price(question, epsilon=epsilon)
    expected = price.errors[0]
    return [
        f"Price, before anything is read: ε = {price.promise.epsilon:.3g} at δ = {price.promise.delta:g}.",
        f"Expected error (95 %): ± {expected.half_width} a cell, ± {expected.total_half_width} for the grand total.",
    ]


def verification(base: Path, session: Session, release: Release, story: Story) -> None:
    """Verify release and log; flip one byte in a copy and verify again."""
    from stillroom.client.verification import verify

    story.step("Anybody can check, offline")
    contract, log = session.contract_envelope, session.export_log()
    for name, content in (("release.json", release.envelope), ("contract.json", contract), ("log.json", log)):
        (base / name).write_bytes(content)
    report = verify(release.envelope, contract=contract, log=log)
    passed = sum(step.outcome == "passed" for step in report.steps)
    paths = [shlex.quote(str(base / name)) for name in ("release.json", "contract.json", "log.json")]
    files = f"{program()} verify {paths[0]} --contract {paths[1]} --log {paths[2]}"
    story.show(f"$ {files}")
    story.say(
        f"{passed} of {len(report.steps)} steps passed: {'[bold green]accepted[/]' if report.accepted else '[bold red]not accepted[/]'}.",
    )
    at = log.index(b'"commit"') + 2
    flipped = verify(release.envelope, contract=contract, log=log[:at] + b"O" + log[at + 1 :])
    failed = next((step for step in flipped.steps if step.outcome == "failed"), None)
    outcome = f"[bold red]rejected[/] for {failed.detail.split(': got')[0]}" if failed else "[red]not found[/]"
    story.say(f"One byte of a copy of the log flipped: {outcome}.")

"""Answers kept from run to run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from geo.io.ipv6_answers import AnswerFiles
from geo.ipv6.answers import HostAnswers
from geo.ipv6.hosts import Target

__all__ = ["KeptAnswers", "answers_of"]


@dataclass(frozen=True, slots=True)
class KeptAnswers:
    """Answers in a folder (:class:`geo.ipv6.asking.portals.AnswerStore`).

    Attributes
    ----------
    files : AnswerFiles
    """

    files: AnswerFiles

    def find(self, target: Target) -> HostAnswers | None:
        """Return what is kept of a target; None where the file is broken or of another form."""
        content = self.files.read(asdict(target))
        if content is None:
            return None
        try:
            found = HostAnswers.from_json(content)
        except (KeyError, TypeError, ValueError):
            return None
        return found if found.host == target.host else None

    def keep(self, target: Target, answers: HostAnswers) -> None:
        """Keep answers."""
        self.files.write(asdict(target), answers.to_json())

    def known(self, targets: Sequence[Target]) -> Mapping[Target, HostAnswers]:
        """Return what is kept of some targets, however old."""
        return {target: answers for target in dict.fromkeys(targets) if (answers := self.find(target)) is not None}

    def listed(self, targets: Sequence[Target]) -> list[dict[str, Any]]:
        """Return what is kept of some targets as plain entries, sorted by what was asked: the same answers, the same bytes."""
        entries = [{"asked": asdict(target), "answers": answers.to_json()} for target, answers in self.known(targets).items()]
        return sorted(entries, key=lambda entry: str(entry["asked"]))


def answers_of(entries: Sequence[Mapping[str, Any]]) -> dict[Target, HostAnswers]:
    """Return the answers of plain entries; an entry of another form is left out, and its portal counts as not asked."""
    found: dict[Target, HostAnswers] = {}
    for entry in entries:
        try:
            target = Target(**entry["asked"])
            found[target] = HostAnswers.from_json(entry["answers"])
        except (KeyError, TypeError, ValueError):
            continue
    return found

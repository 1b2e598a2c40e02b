"""The stages of an explanation, and what is said about each in words."""

from dataclasses import dataclass
from typing import Literal

from bilstm_core.building_blocks.merges import MERGES
from bilstm_core.inference.explanation import Explanation, Prediction, States

from ....text.numbers import distinct_percents

Stage = Literal["read", "merge", "readout", "classify"]


@dataclass(frozen=True)
class Moment:
    """A point of an explanation.

    Attributes:
        shown: What is explained.
        at: How far it is: first the pieces that each direction has read, then a number for each
            further stage.
    """

    shown: Explanation
    at: int

    @property
    def pieces(self) -> int:
        """Into which the sequence is cut: a step each, or several."""
        return len(self.shown.ends)

    @property
    def read(self) -> int:
        """Pieces that each direction has read."""
        return min(self.at, self.pieces)

    @property
    def stages(self) -> list[Stage]:
        """All stages of this network; with one direction there is nothing to merge."""
        if self.shown.config.bidirectional:
            return ["read", "merge", "readout", "classify"]
        return ["read", "readout", "classify"]

    @property
    def last(self) -> int:
        """The last moment."""
        return self.pieces + len(self.stages) - 1

    @property
    def stage(self) -> Stage:
        """The present stage."""
        return self.stages[max(0, self.at - self.pieces)]

    def is_past(self, stage: Stage) -> bool:
        """Whether a stage has been reached; True for one that does not exist here."""
        stages = self.stages
        return stage not in stages or stages.index(self.stage) >= stages.index(stage)

    @property
    def first_unread(self) -> int:
        """The step before which the backward direction has come, from 0."""
        left = self.pieces - self.read
        return self.shown.ends[left - 1] if left else 0

    @property
    def step(self) -> str:
        """What a step is called: a row of an image, or a step."""
        return "row" if self.shown.kind == "images" else "step"

    def words(self) -> tuple[str, str]:
        """A heading and a few sentences on the present stage."""
        match self.stage:
            case "read":
                return _reading(self)
            case "merge":
                return _merging(self)
            case "readout":
                return f"readout = {self.shown.config.readout}", _seen(self)
            case "classify":
                return _classifying(self)


def _reading(now: Moment) -> tuple[str, str]:
    shown, step, total = now.shown, now.step, now.shown.num_steps
    both = shown.config.bidirectional
    if not now.read:
        order = f"forward from the first {step}, backward from the last"
        start = (
            f"Two directions read it, {order}." if both else f"It is read from the first {step}."
        )
        return "Read", f"{start} Press space to play, → for a single {step}."
    end = shown.ends[now.read - 1]
    if not both:
        return (
            "Read",
            f"The network has read {_steps(now, 1, end)}. Each column is its state after a {step}: "
            f"what it remembers. It never looks ahead, so it can run while {step}s still arrive.",
        )
    start = now.first_unread + 1
    if end >= start:
        between = _steps(now, start, end) if end < total else "everything"
        return (
            "Read",
            f"Both directions have now read {between}: forward with what comes before in its "
            "memory, backward with what comes after. A state that knows both sides needs the two.",
        )
    return (
        "Read",
        f"Forward has read {_steps(now, 1, end)}, backward {_steps(now, total, start)}. Each "
        f"column is a state: what a direction remembers after that {step}. They do not see "
        "each other.",
    )


def _merging(now: Moment) -> tuple[str, str]:
    config, step = now.shown.config, now.step
    size, title = config.hidden_size, f"merge = {config.merge}"
    if now.shown.merged is None and config.merge != "concat":
        return title, (
            f"With readout = {config.readout} each direction is read first, and then the two are "
            f"merged: {MERGES[config.merge].help}, {size} numbers."
        )
    if config.merge == "concat":
        return title, (
            f"The two states of each {step} stand side by side: {size} + {size} = {2 * size} "
            "numbers. Nothing is mixed, and nothing is lost."
        )
    return title, (
        f"Unit by unit, {MERGES[config.merge].help}: {size} numbers for each {step} instead of "
        f"{2 * size}. The classifier gets smaller; which direction a number came from is lost."
    )


def _seen(now: Moment) -> str:
    """What the readout makes of the states."""
    config, step, total = now.shown.config, now.step, now.shown.num_steps
    both = config.bidirectional
    match config.readout:
        case "max":
            said = (
                f"Each unit gives the highest of its {total} states, from whichever {step} that "
                f"was. The bars count the units: {_favourites(now)}. A strong signal counts at any "
                f"{step}."
            )
        case "last" if both:
            said = (
                f"Only {step} {total} is read. Forward has read all {total} {step}s there. "
                f"Backward starts there: that state has seen one {step}, and its other "
                f"{total - 1} states are thrown away. This wastes the second direction: choose "
                "final or max."
            )
        case "last" | "final" if not both:
            said = (
                f"Only the state after {step} {total} is read. It has read everything, but what "
                f"came early only as far as it is still remembered."
            )
        case "final":
            said = (
                f"Each direction is read at its own end: forward at {step} {total}, backward at "
                f"{step} 1. Both have read all {total} {step}s there."
            )
        case "mean":
            said = (
                f"The average of all {total} states: every {step} counts 1/{total}. Nothing is "
                f"left out, but a short, strong signal is averaged with all the other {step}s."
            )
        case "all":
            width = config.hidden_size * (2 if both and config.merge == "concat" else 1)
            said = (
                f"Every state is kept: {total} × {width} = {total * width:,} numbers. The "
                f"classifier has weights for each {step} of its own, so all sequences must be "
                "equally long and start at the same moment."
            )
        case _:
            said = "The bars show how much the classifier sees of each state."
    return said


def _classifying(now: Moment) -> tuple[str, str]:
    shown = now.shown
    best, actual = shown.prediction.classes[0], shown.classes[shown.actual]
    highest, of_actual = shown.prediction.probabilities[0], shown.prediction.of_actual
    if best == shown.actual:
        share, verdict = f"{highest:.1%}", "which is correct"
    else:
        share, other = distinct_percents(highest, of_actual)
        other = "almost equal" if other == share else other
        verdict = f"misclassified: it is {actual} ({other})"
    said = f"The classifier turns what it sees into {shown.num_classes} probabilities: "
    said += f"predicted {shown.classes[best]} ({share}), {verdict}."
    if shown.weights == "new":
        return "Classify", f"{said} The weights are new, so this is a guess: train, and look again."
    if shown.changed:
        was = ", ".join(f"{name} = {value}" for name, value in shown.changed.items())
        return "Classify", f"{said} It was trained with {was}: this is not what it learned to see."
    if shown.backward_alone:
        alone = (shown.forward_alone[-1], shown.backward_alone[-1])
        ahead, behind = (_best(shown, prediction) for prediction in alone)
        return "Classify", f"{said} Forward alone says {ahead}, backward alone {behind}."
    return "Classify", said


def _best(shown: Explanation, prediction: Prediction) -> str:
    return f"{shown.classes[prediction.classes[0]]} ({prediction.probabilities[0]:.0%})"


def _steps(now: Moment, first: int, last: int) -> str:
    return f"{now.step} {first}" if first == last else f"{now.step}s {first} to {last}"


def _favourites(now: Moment) -> str:
    """From which step most units are read, for each strip that is read."""
    shown = now.shown
    named = {"forward": shown.forward, "backward": shown.backward, "the merge": shown.merged}
    return ", ".join(
        f"{name} {_favourite(now, states)}"
        for name, states in named.items()
        if states and states.shares
    )


def _favourite(now: Moment, states: States) -> str:
    share = max(states.shares)
    piece = states.shares.index(share)
    first = now.shown.ends[piece - 1] + 1 if piece else 1
    where = _steps(now, first, now.shown.ends[piece])
    return f"{where} ({round(share * now.shown.config.hidden_size)})"

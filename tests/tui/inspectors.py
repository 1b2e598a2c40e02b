"""Examiners of networks that nobody trained: what they find is made up."""

from dataclasses import replace
from typing import ClassVar

from bilstm_core.data.catalog import CATALOG
from bilstm_core.errors import DataError
from bilstm_core.inference.explanation import Explanation
from bilstm_core.inference.report import (
    ClassScore,
    ConfidenceBin,
    Confusion,
    Drawing,
    ExaminationReport,
    Mistake,
    StepwisePrediction,
)

SPEC = CATALOG["fashion-mnist"]
"""Its classes have the longest names there are."""


PIXELS = [[0.5] * 28 for _ in range(28)]


CERTAIN = [0.0] * 9 + [1.0]


SIZES = [(80, 24), (120, 36), (160, 50)]


class FakeInspector:
    def __init__(self, *_: object) -> None:
        pass

    async def examine(self) -> ExaminationReport:
        scores = [
            ClassScore(name=name, precision=1, recall=1, f1=1, support=1000, correct=1000)
            for name in SPEC.classes
        ]
        scores[0].correct = 987
        return ExaminationReport(
            spec=SPEC,
            confusions=[Confusion(actual=0, predicted=1, count=13)],
            scores=scores,
            mistakes=[Mistake(index=0, actual=0, predicted=9, probability=1.0)],
        )

    async def explain(self, _index: int) -> Explanation:
        raise DataError("Nothing is explained here.")

    async def read(self, pixels: list[list[float]]) -> StepwisePrediction:
        rows = [CERTAIN] * 28
        return StepwisePrediction(
            probabilities=CERTAIN, classes=[*range(10)], forward=rows, backward=rows
        )

    async def read_test_sequence(self, _index: int) -> tuple[StepwisePrediction, Drawing]:
        return await self.read(PIXELS), Drawing(num_steps=28, low=PIXELS, high=PIXELS)

    async def read_drawings(self, indices: list[int]) -> list[Drawing]:
        return [Drawing(num_steps=28, low=PIXELS, high=PIXELS) for _ in indices]

    def close(self) -> None:
        pass


class SeriesInspector(FakeInspector):
    """Series of 40 steps and 9 features; many classes, of which the last is right."""

    NUM_CLASSES = 60
    SPEC = replace(
        CATALOG["japanese-vowels"],
        num_features=9,
        feature_names=tuple(f"sensor {number}" for number in range(1, 10)),
        classes=tuple(f"activity {number}" for number in range(NUM_CLASSES)),
    )

    async def examine(self) -> ExaminationReport:
        count, names = self.NUM_CLASSES, self.SPEC.classes
        scores = [
            ClassScore(name=it, precision=1, recall=1, f1=1, support=3, correct=3) for it in names
        ]
        scores[-1].support = 10
        mistake = Mistake(index=17, actual=count - 1, predicted=0, probability=0.5, id="walk_17")
        return ExaminationReport(
            spec=self.SPEC,
            confusions=[Confusion(actual=count - 1, predicted=0, count=7)],
            scores=scores,
            mistakes=[mistake],
        )

    async def read_test_sequence(self, index: int) -> tuple[StepwisePrediction, Drawing]:
        assert index == 17
        low = [[float(step * (feature + 1)) for feature in range(9)] for step in range(40)]
        rising, falling = [step / 39 for step in range(40)], [1 - step / 39 for step in range(40)]
        shares = [0.5, *[0.0] * 58, 0.5]
        prediction = StepwisePrediction(
            probabilities=shares,
            classes=[0, 5, 59],
            forward=[[share, 0.0, 1 - share] for share in rising],
            backward=[[share, 0.0, 1 - share] for share in falling],
        )
        return prediction, Drawing(num_steps=4000, low=low, high=low)


class ManyMistakes(FakeInspector):
    """Digits, of which 100 are misclassified; what was asked for is recorded."""

    asked: ClassVar[list[int]] = []

    async def examine(self) -> ExaminationReport:
        spec = CATALOG["digits"]
        scores = [
            ClassScore(name=name, precision=1, recall=1, f1=1, support=36, correct=26)
            for name in spec.classes
        ]
        mistakes = [
            Mistake(index=number, actual=number % 10, predicted=9 - number % 10, probability=0.5)
            for number in range(100)
        ]
        confusions = [Confusion(actual=at, predicted=9 - at, count=10 - at) for at in range(10)]
        bins = [
            ConfidenceBin(low=0.4, high=0.5, count=160, confidence=0.45, accuracy=0.45),
            ConfidenceBin(low=0.9, high=1.0, count=200, confidence=0.95, accuracy=0.85),
        ]
        return ExaminationReport(
            spec=spec, confusions=confusions, scores=scores, mistakes=mistakes, calibration=bins
        )

    async def read_drawings(self, indices: list[int]) -> list[Drawing]:
        self.asked.extend(indices)
        return await super().read_drawings(indices)

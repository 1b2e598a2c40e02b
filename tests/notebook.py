"""The reference notebook, line for line in what it computes: what ours is measured against."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision.datasets import MNIST
from torchvision.transforms import ToTensor

input_size = 28
sequence_length = 28
num_layers = 2
hidden_size = 256
num_classes = 10
learning_rate = 0.001
batch_size = 64


class NotebookModel(nn.Module):
    """Two layers; all hidden states or the last one feed the classifier.

    The notebook has one direction; its title promises two.
    """

    def __init__(self, *, all_hidden_states: bool, bidirectional: bool = False) -> None:
        super().__init__()
        self.all_hidden_states = all_hidden_states
        self.directions = 2 if bidirectional else 1
        self.lstm = nn.LSTM(
            input_size, hidden_size, num_layers, batch_first=True, bidirectional=bidirectional
        )
        inputs = hidden_size * self.directions * (sequence_length if all_hidden_states else 1)
        self.fc = nn.Linear(inputs, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        h0 = torch.zeros(num_layers * self.directions, x.size(0), hidden_size).to(x.device)
        c0 = torch.zeros(num_layers * self.directions, x.size(0), hidden_size).to(x.device)
        out, _ = self.lstm(x, (h0, c0))
        out = out.reshape(out.shape[0], -1) if self.all_hidden_states else out[:, -1, :]
        return self.fc(out)


def mnist(root: Path, *, train: bool = True) -> Dataset[Any]:
    """MNIST as torchvision has it and the notebook reads it."""
    return MNIST(root, train=train, transform=ToTensor())


class NotebookTraining:
    """The notebook's training loop, one epoch at a time.

    Two directions and autocast are what a user would add to it.
    """

    def __init__(
        self,
        dataset: Dataset[Any],
        *,
        all_hidden_states: bool = False,
        bidirectional: bool = False,
        autocast: torch.dtype | None = None,
        device: str = "cpu",
    ) -> None:
        self.device = device
        self.model = NotebookModel(
            all_hidden_states=all_hidden_states, bidirectional=bidirectional
        ).to(device)
        self._autocast = autocast
        self._loader = DataLoader(dataset, batch_size=batch_size, shuffle=True)
        self._criterion = nn.CrossEntropyLoss()
        self._optimizer = torch.optim.Adam(self.model.parameters(), lr=learning_rate)

    def epoch(self) -> Iterator[float]:
        """Yields the loss of each step."""
        is_autocast = self._autocast is not None
        for images, labels in self._loader:
            data, targets = images.to(self.device).squeeze(1), labels.to(self.device)
            with torch.autocast(self.device, self._autocast, enabled=is_autocast):
                loss = self._criterion(self.model(data), targets)
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
            yield loss.item()

    def steps(self) -> Iterator[float]:
        """Epoch after epoch, without an end."""
        while True:
            yield from self.epoch()

    def correct(self, dataset: Dataset[Any]) -> int:
        """The notebook's test: how many images of a data set are classified correctly."""
        self.model.eval()
        with torch.no_grad():
            found = sum(
                int((self.model(images.to(self.device).squeeze(1)).argmax(1).cpu() == labels).sum())
                for images, labels in DataLoader(dataset, batch_size=batch_size)
            )
        self.model.train()
        return found

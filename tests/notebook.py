"""The reference notebook, line for line in what it computes: what ours is measured against."""

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
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
        h0 = torch.zeros(num_layers * self.directions, x.size(0), hidden_size)
        c0 = torch.zeros(num_layers * self.directions, x.size(0), hidden_size)
        out, _ = self.lstm(x, (h0, c0))
        out = out.reshape(out.shape[0], -1) if self.all_hidden_states else out[:, -1, :]
        return self.fc(out)


def notebook_steps(
    root: Path,
    *,
    all_hidden_states: bool = False,
    bidirectional: bool = False,
    autocast: torch.dtype | None = None,
) -> Iterator[float]:
    """The notebook's training loop over MNIST as torchvision has it; yields each step's loss.

    Two directions and autocast are what a user would add to it.
    """
    dataset = MNIST(root, train=True, transform=ToTensor())
    loader = DataLoader(dataset, batch_size=batch_size, shuffle=True)
    model = NotebookModel(all_hidden_states=all_hidden_states, bidirectional=bidirectional)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    while True:
        for data, targets in loader:
            with torch.autocast("cpu", autocast, enabled=autocast is not None):
                scores = model(data.squeeze(1))
                loss = criterion(scores, targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            yield loss.item()

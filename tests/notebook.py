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
    """One direction, two layers; all hidden states or the last one feed the classifier."""

    def __init__(self, *, all_hidden_states: bool) -> None:
        super().__init__()
        self.all_hidden_states = all_hidden_states
        self.lstm = nn.LSTM(input_size, hidden_size, num_layers, batch_first=True)
        inputs = hidden_size * sequence_length if all_hidden_states else hidden_size
        self.fc = nn.Linear(inputs, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        h0 = torch.zeros(num_layers, x.size(0), hidden_size)
        c0 = torch.zeros(num_layers, x.size(0), hidden_size)
        out, _ = self.lstm(x, (h0, c0))
        out = out.reshape(out.shape[0], -1) if self.all_hidden_states else out[:, -1, :]
        return self.fc(out)


def notebook_steps(root: Path, *, all_hidden_states: bool = False) -> Iterator[float]:
    """The notebook's training loop over MNIST as torchvision has it; yields each step's loss."""
    dataset = MNIST(root, train=True, transform=ToTensor())
    loader = DataLoader(dataset, batch_size=batch_size, shuffle=True)
    model = NotebookModel(all_hidden_states=all_hidden_states)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    while True:
        for data, targets in loader:
            scores = model(data.squeeze(1))
            loss = criterion(scores, targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            yield loss.item()

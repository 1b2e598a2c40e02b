"""Exports a trained network as a Python file that needs nothing of this program."""

from collections.abc import Iterable
from pathlib import Path

from safetensors.torch import save

from ..building_blocks.cells import CELLS
from ..building_blocks.readouts import READOUTS
from ..cleaning import one_line
from ..data.normalise import LEAST_DEVIATION
from ..data.spec import DataSpec
from ..network.weights import TrainedModel
from ..outputs import write_files

_TEMPLATE = '''\
"""{title}

Needs torch, safetensors and numpy, and the weights in {weights} beside it.

    python {name} FILE.npy ...     a sequence (steps, {width}), or several (n, steps, {width})
"""
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

CLASSES = {classes}
{features}

class Network(nn.Module):
    def __init__(self):
        super().__init__()
        sizes = {sizes}
        self.layers = nn.ModuleList(
            nn.{cell}(size, {hidden_size}, batch_first=True, bidirectional={bidirectional})
            for size in sizes
        )
        self.classifier = nn.Linear({classifier_size}, len(CLASSES))

    def forward(self, values, lengths):
        """Class scores of values (n, steps, features), as the data set stores them."""
        inside = (torch.arange(values.shape[1]) < lengths[:, None])[:, :, None]
        states = normalise(values, lengths, inside)
        for layer in self.layers:
            packed = pack_padded_sequence(states, lengths, batch_first=True, enforce_sorted=False)
            states, _ = pad_packed_sequence(
                layer(packed)[0], batch_first=True, total_length=values.shape[1]
            )
        return self.classifier(read(states, lengths, inside))


def normalise(values, lengths, inside):
    values = values / {divisor}
{normalise}    return values


def read(states, lengths, inside):
    """What the classifier sees: readout {readout}."""
{read}


def load():
    network = Network()
    network.load_state_dict(load_file(Path(__file__).with_name({weights_literal})))
    return network.eval()


def predict(network, sequences):
    """Probabilities (n, classes) of sequences, each an array (steps, {width})."""
    sequences = [torch.as_tensor(np.asarray(it, dtype=np.float32)) for it in sequences]
    lengths = torch.tensor([len(it) for it in sequences])
    values = nn.utils.rnn.pad_sequence(sequences, batch_first=True)
    with torch.inference_mode():
        return network(values, lengths).softmax(dim=1).numpy()


if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit(__doc__)
    network = load()
    for file in sys.argv[1:]:
        array = np.load(file)
        array = array[None] if array.ndim == 2 else array
        for start in range(0, len(array), 1000):
            for shares in predict(network, array[start : start + 1000]):
                best = shares.argmax()
                print(file, CLASSES[best], f"{{shares[best]:.4f}}", sep="\\t")
'''


def export_script(model: TrainedModel, script: Path, weights: Path) -> None:
    """Write a script and the weights that it loads, which must be in one folder.

    Raises:
        OutputError: They cannot be written.
    """
    tensors = {name: it.contiguous() for name, it in model.network.state_dict().items()}
    text = source(model, script.name, weights.name)
    write_files({weights: save(tensors), script: text.encode()})


def source(model: TrainedModel, name: str, weights: str) -> str:
    """The text of the script; whatever is not this program's own stands in it as a literal."""
    spec, network = model.spec, model.network
    first = network.recurrent_layers[0]
    stacked = first.hidden_size * (2 if network.bidirectional else 1)
    return _TEMPLATE.format(
        title=_in_docstring(f"Predicts with a network trained on {spec.title}."),
        name=_in_docstring(name),
        weights=_in_docstring(weights),
        weights_literal=_literal(weights),
        width=spec.num_features,
        features=_features_line(spec),
        classes=_literal([one_line(it) for it in spec.classes]),
        sizes=[first.input_size, *[stacked] * (len(network.layers) - 1)],
        cell=CELLS[model.config.cell].module,
        hidden_size=first.hidden_size,
        bidirectional=network.bidirectional,
        classifier_size=network.classifier.in_features,
        divisor=float(spec.normalisation.divisor),
        normalise=_indented(_normalise_lines(spec)),
        readout=network.readout,
        read=_indented(_read_lines(model)).rstrip("\n"),
    )


def _literal(value: object) -> str:
    """Text as Python reads it, in ASCII: no name can end a string or hide a character."""
    return ascii(value)


def _in_docstring(text: str) -> str:
    return ascii(one_line(text))[1:-1].replace('"', "'")


def _features_line(spec: DataSpec) -> str:
    if not spec.feature_names:
        return ""
    names = _literal([one_line(it) for it in spec.feature_names])
    return f"FEATURES = {names}  # of a step, in this order\n"


def _indented(lines: Iterable[str]) -> str:
    return "".join(f"    {line}\n" for line in lines)


def _normalise_lines(spec: DataSpec) -> list[str]:
    scaled, lines = spec.normalisation, []
    if scaled.means:
        lines += [
            f"means = torch.tensor({[*scaled.means]})",
            f"deviations = torch.tensor({[*scaled.deviations]})",
            "values = (values - means) / deviations",
        ]
    if scaled.per_sequence:
        lines += [
            "values = values - values[:, :1]  # a constant feature is exactly 0",
            "count = lengths[:, None, None]",
            "mean = values.where(inside, 0).sum(dim=1, keepdim=True) / count",
            "values = values - mean",
            "variance = values.where(inside, 0).square().sum(dim=1, keepdim=True) / count",
            "deviation = variance.sqrt()",
            f"values = values / deviation.where(deviation > {LEAST_DEVIATION}, 1.0)",
        ]
    return lines


_MERGES = {
    "concat": "torch.cat((forward, backward), dim=-1)",
    "sum": "forward + backward",
    "mean": "(forward + backward) / 2",
    "max": "forward.maximum(backward)",
    "product": "forward * backward",
}
_READS = {
    "all": "{states}.flatten(start_dim=1)",
    "last": "{states}[torch.arange(len(states)), lengths - 1]",
    "final": "{states}[torch.arange(len(states)), lengths - 1]",
    "mean": "{states}.where(inside, 0).sum(dim=1) / lengths[:, None]",
    "max": '{states}.where(inside, float("-inf")).amax(dim=1)',
}


def _read_lines(model: TrainedModel) -> list[str]:
    """Merge and readout of this network."""
    network = model.network
    read = _READS[network.readout]
    if not network.bidirectional:
        return [f"return {read.format(states='states')}"]
    if READOUTS[network.readout].is_per_direction:
        return [
            "forward, backward = states.chunk(2, dim=-1)",
            "forward = forward[torch.arange(len(states)), lengths - 1]",
            "backward = backward[:, 0]",
            f"return {_MERGES[network.merge]}",
        ]
    if network.merge == "concat":  # PyTorch's own layout
        return [f"return {read.format(states='states')}"]
    return [
        "forward, backward = states.chunk(2, dim=-1)",
        f"merged = {_MERGES[network.merge]}",
        f"return {read.format(states='merged')}",
    ]

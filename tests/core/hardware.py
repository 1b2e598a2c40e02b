"""What some tests need of the machine."""

import pytest
import torch

from bilstm_core.compute.devices import runs_in_bfloat16

needs_bfloat16 = pytest.mark.skipif(
    not runs_in_bfloat16("lstm", torch.device("cpu")),
    reason="this processor cannot run an LSTM in bfloat16: oneDNN needs AVX-512 for it",
)

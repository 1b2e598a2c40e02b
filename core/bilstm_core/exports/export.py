"""Exports a run in any of the formats."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError
from ..outputs import require_writable
from ..runs.run import Run
from .formats import FormatName, paths_of


@dataclass(frozen=True)
class Exported:
    """What an export made.

    Attributes:
        paths: The files, or the folder.
        notes: What is to be known of them, a line each.
    """

    paths: tuple[Path, ...]
    notes: tuple[str, ...] = ()


def export_run(
    run: Run,
    name: FormatName,
    output: Path | None = None,
    *,
    data_dir: Path,
    force: bool = False,
    follow: bool = False,
    warn: Callable[[str], None] = lambda _: None,
    on_start: Callable[[Path], None] = lambda _: None,
) -> Exported:
    """Write a run's curves, tables or network.

    Args:
        run: The run.
        name: Of the format.
        output: Where to; see `paths_of`.
        data_dir: Folder of the data sets.
        force: Whether files that exist are replaced.
        follow: Whether to write until the run ends; for TensorBoard.
        warn: Takes what the user should know.
        on_start: Takes the folder that `follow` writes to.

    Raises:
        UsageError: A file exists, or the format cannot follow a run.
        CheckpointError: The run has no model yet.
        InstallationError: A library is missing.
        OutputError: A file cannot be written, or is not what it should be.
    """
    if follow and name != "tensorboard":
        raise UsageError("Only the curves of TensorBoard can be written while a run is trained.")
    paths = paths_of(run, name, output)
    if name == "tensorboard":
        from .tensorboard import export_tensorboard, require_free

        (folder,) = paths
        require_free(folder, may_replace=force)
        export_tensorboard(
            run,
            folder,
            data_dir=data_dir,
            follow=follow,
            warn=warn,
            on_start=lambda: on_start(folder),
        )
        return Exported(paths)
    require_writable(paths, may_replace=force)
    if name == "csv":
        from .csv import export_csv

        export_csv(run, *paths)
        return Exported(paths)
    return _export_network(run, name, paths)


def _export_network(run: Run, name: FormatName, paths: tuple[Path, ...]) -> Exported:
    if name == "onnx":
        from .formats import import_extra

        for library in ("onnx", "onnxruntime"):  # before torch is imported, which takes seconds
            import_extra(library, "onnx")
    from ..network.weights import load

    model = load(run.model_file)
    if name == "script":
        from .script import export_script

        export_script(model, *paths)
        return Exported(paths)
    from .onnx import export_onnx

    compared = export_onnx(model, *paths)
    sizes, steps = (" and ".join(map(str, it)) for it in (compared.batch_sizes, compared.steps))
    notes = [
        f"Largest difference from PyTorch in ONNX Runtime: {compared.difference:.2g} "
        f"(batches of {sizes}, {steps} {model.spec.steps})"
    ]
    if len(compared.steps) == 1:
        notes.append(
            f"It reads {model.spec.longest} {model.spec.steps}, no more and no fewer: "
            "with readout = all the size of the classifier depends on them."
        )
    return Exported(paths, tuple(notes))

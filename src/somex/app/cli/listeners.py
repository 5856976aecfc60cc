"""What shows and logs the course of a training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tqdm import tqdm

from somex.metrics import Report
from somex.training import Listener, Progress


class ProgressBar(Listener):
    """A bar a stage, with the losses of both tasks and the last dev score."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._bar: tqdm[Any] | None = None
        self._stage = ""
        self._score = ""

    def on_step(self, progress: Progress) -> None:
        """Move the bar on."""
        if self._bar is None or self._stage != progress.stage:
            self._stage, self._score = progress.stage, ""
            title = f"{self._title} {progress.stage}"
            self._bar = tqdm(total=progress.n_steps, initial=progress.step - 1, desc=title)
        self._bar.update()
        losses = f"L_NER {progress.ner_loss:.3f} L_RE {progress.re_loss:.3f}"
        self._bar.set_postfix_str(f"{losses}{self._score}", refresh=False)

    def on_epoch(self, stage: str, epoch: int, report: Report | None) -> None:
        """Show the dev score."""
        if report is not None:
            self._score = f" dev F1 {report.total_macro_f1:.3f}"


class TensorBoardLog(Listener):
    """Writes losses and dev scores as TensorBoard events."""

    def __init__(self, folder: Path) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer: Any = SummaryWriter(str(folder))

    def on_step(self, progress: Progress) -> None:
        """Log the losses of a step."""
        self._writer.add_scalar(f"{progress.stage}/loss_ner", progress.ner_loss, progress.step)
        self._writer.add_scalar(f"{progress.stage}/loss_re", progress.re_loss, progress.step)

    def on_epoch(self, stage: str, epoch: int, report: Report | None) -> None:
        """Log the dev scores of an epoch."""
        if report is not None:
            self._writer.add_scalar(f"{stage}/dev_total", report.total_macro_f1, epoch)
            self._writer.add_scalar(f"{stage}/dev_ner", report.ner.macro_f1, epoch)
            self._writer.add_scalar(f"{stage}/dev_re", report.re.macro_f1, epoch)
        self._writer.flush()


class Several(Listener):
    """Passes everything on to several listeners."""

    def __init__(self, *listeners: Listener) -> None:
        self._listeners = listeners

    def on_step(self, progress: Progress) -> None:
        """Pass a step on."""
        for listener in self._listeners:
            listener.on_step(progress)

    def on_epoch(self, stage: str, epoch: int, report: Report | None) -> None:
        """Pass an epoch on."""
        for listener in self._listeners:
            listener.on_epoch(stage, epoch, report)


def build_listener(title: str, folder: Path, *, tensorboard: bool) -> Listener:
    """Return a progress bar, with TensorBoard events under ``folder/tensorboard`` if wanted."""
    bar = ProgressBar(title)
    return Several(bar, TensorBoardLog(folder / "tensorboard")) if tensorboard else bar

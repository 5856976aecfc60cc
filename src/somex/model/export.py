"""Export of a torch model to ONNX, int8, fp32 or fp16, no file above 90 MB.

Two graphs, `encode` and `relate`, and a third, `purpose`, for a model with a purpose head.
int8: weights per channel, activations with fixed scales (`somex.model.quantize`), outlying
channels apart in fp32; the two small graphs stay in fp32.
"""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import onnx
import torch
from onnx.external_data_helper import set_external_data
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.float16 import convert_float_to_float16
from torch import Tensor, nn

from somex.calibration import CALIBRATION_FILE
from somex.core.errors import ModelError
from somex.model.folder import TOKENIZER_FILE, read_pieces_of
from somex.model.inputs import Batch
from somex.model.modules import JointModel, TorchMentions, TorchPairs
from somex.model.onnx_backend import ENCODE_FILE, PURPOSE_FILE, RELATE_FILE
from somex.model.outliers import OUTLIER_WEIGHT, calibration_batches, split_outliers
from somex.model.quantize import find_products, measure_ranges, quantize_products
from somex.model.torch_folder import ENCODER_CONFIG_FOLDER, load_model, write_json

PRECISIONS = ("int8", "fp32", "fp16")
MAX_DATA_BYTES = 90_000_000
_INLINE_BYTES = 1024
_OPSET = 18


class _Encode(nn.Module):
    def __init__(self, model: JointModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, *tensors: Tensor) -> tuple[Tensor, Tensor]:
        return self.model.encode(self.model.batch_class(*tensors))


class _Relate(nn.Module):
    def __init__(self, model: JointModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, units: Tensor, *tensors: Tensor) -> Tensor:
        return self.model.relate(units, TorchPairs(*tensors))


class _Purpose(nn.Module):
    def __init__(self, model: JointModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, units: Tensor, *tensors: Tensor) -> Tensor:
        return self.model.tell_purposes(units, TorchMentions(*tensors))


Axes = dict[str, dict[int, str]]
"""Name of a graph's input or output -> its axes of free length, with their names."""

_LENGTHS = {"piece": (7, "n_pieces"), "unit": (5, "n_units"), "label": (3, "n_labels")}
"""First word of an input's name -> the length that is traced, and the name of the axis."""

_MENTIONS = ("mention_row", "mention_start", "mention_last", "mention_type")
_PAIRS = ("pair_head", "pair_tail", "pair_distance", "pair_between")


def export_model(
    folder: Path, target: Path, *, precision: str = "int8", calibration: Sequence[str] = ()
) -> None:
    """Export a trained model folder to an ONNX model folder.

    Args:
        folder: Holds model.safetensors.
        target: Gets config.json, tokenizer.json, the graphs and their weights, in files below
            90 MB (a single larger tensor has a file of its own); may be ``folder`` itself.
        precision: ``int8`` for CPUs, ``fp32``, or ``fp16`` for GPUs (inputs, outputs in fp32).
        calibration: Texts that show which channels are outliers; sentences of ours by default.

    Raises:
        ModelError: The precision is unknown, or the folder holds no torch model.
    """
    if precision not in PRECISIONS:
        raise ModelError(f"unknown precision {precision!r}; valid: {', '.join(PRECISIONS)}")
    model = load_model(folder)
    batches: list[Batch] = []
    if precision == "int8":
        pieces = read_pieces_of(folder, model.config)
        batches = calibration_batches(pieces, model.config, calibration)
        split_outliers(model, batches)
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target) as name:
        temporary = Path(name)
        _trace_encode(model, temporary / ENCODE_FILE)
        _trace_relate(model, temporary / RELATE_FILE)
        graphs = [ENCODE_FILE, RELATE_FILE]
        if model.config.purpose_head:
            _trace_purpose(model, temporary / PURPOSE_FILE)
            graphs.append(PURPOSE_FILE)
        (target / PURPOSE_FILE).unlink(missing_ok=True)
        for graph in graphs:
            source = temporary / graph
            if precision == "int8" and graph == ENCODE_FILE:
                source = _quantize(source, batches, names=_encode_inputs(model))
            network = onnx.load(source)
            if precision == "fp16":
                network = convert_float_to_float16(network, keep_io_types=True)
            _save_split(network, target / graph)
    encoder = Path(model.config.encoder)
    portable = encoder.name if encoder.is_absolute() else model.config.encoder
    changed = {"encoder": portable, "softcite_head": False}
    write_json(target / "config.json", {**model.config.to_json(), **changed})
    (target / ENCODER_CONFIG_FOLDER).mkdir(exist_ok=True)
    for name in (TOKENIZER_FILE, CALIBRATION_FILE, f"{ENCODER_CONFIG_FOLDER}/config.json"):
        if target.resolve() != folder.resolve() and (folder / name).is_file():
            shutil.copyfile(folder / name, target / name)


def _trace_encode(model: JointModel, path: Path) -> None:
    tensors: list[Tensor] = []
    axes: Axes = {}
    for name in _encode_inputs(model):
        length, axis = _LENGTHS[name.partition("_")[0]]
        tensors.append(torch.ones((2, length), dtype=torch.int64))
        axes[name] = {0: "batch", 1: axis}
    outputs = {"tag_logits": model.logit_axes, "unit_vectors": {0: "batch", 1: "n_units"}}
    _trace(_Encode(model), tensors, axes, outputs, path)


def _encode_inputs(model: JointModel) -> list[str]:
    """Name what the network reads, in the order of its batch."""
    return [field.name for field in dataclasses.fields(model.batch_class)]


def _trace_relate(model: JointModel, path: Path) -> None:
    tensors, axes = _mention_inputs(model)
    tensors += [torch.zeros(6, dtype=torch.int64) for _ in _PAIRS]
    axes |= {name: {0: "n_pairs"} for name in _PAIRS}
    _trace(_Relate(model), tensors, axes, {"pair_logits": {0: "n_pairs"}}, path)


def _trace_purpose(model: JointModel, path: Path) -> None:
    tensors, axes = _mention_inputs(model)
    _trace(_Purpose(model), tensors, axes, {"purpose_logits": {0: "n_mentions"}}, path)


def _mention_inputs(model: JointModel) -> tuple[list[Tensor], Axes]:
    tensors = [torch.zeros((2, 5, model.unit_encoder.width))]
    tensors += [torch.zeros(4, dtype=torch.int64) for _ in _MENTIONS]
    axes = {"unit_vectors": {0: "batch", 1: "n_units"}}
    return tensors, axes | {name: {0: "n_mentions"} for name in _MENTIONS}


def _trace(
    module: nn.Module, tensors: Sequence[Tensor], inputs: Axes, outputs: Axes, path: Path
) -> None:
    """Trace a module with example inputs; the names and free axes stand in the order of both."""
    torch.onnx.export(
        module.eval(),
        tuple(tensors),
        str(path),
        input_names=[*inputs],
        output_names=[*outputs],
        dynamic_axes=inputs | outputs,
        opset_version=_OPSET,
        dynamo=False,
    )


def _quantize(source: Path, batches: Sequence[Batch], *, names: Sequence[str]) -> Path:
    """Quantise the embeddings as ONNX Runtime does it, the products by measured ranges."""
    target = source.with_name(f"int8-{source.name}")
    graph = onnx.load(source)
    feeds = ({name: getattr(batch, name) for name in names} for batch in batches)
    products = find_products(graph.graph, keep=lambda name: OUTLIER_WEIGHT in name)
    quantize_products(graph, products, measure_ranges(source, products, feeds))
    onnx.save(graph, target)
    quantize_dynamic(target, target, op_types_to_quantize=["Gather"], weight_type=QuantType.QInt8)
    return target


def _save_split(model: onnx.ModelProto, path: Path) -> None:
    """Save a graph with its large tensors in numbered files below MAX_DATA_BYTES."""
    for stale in path.parent.glob(f"{path.stem}.*.bin"):
        stale.unlink()
    part, n_bytes = 0, 0
    chunks: dict[str, list[bytes]] = {}
    for tensor in model.graph.initializer:
        if not tensor.HasField("raw_data") or len(tensor.raw_data) < _INLINE_BYTES:
            continue
        if n_bytes and n_bytes + len(tensor.raw_data) > MAX_DATA_BYTES:
            part, n_bytes = part + 1, 0
        location = f"{path.stem}.{part}.bin"
        set_external_data(tensor, location, offset=n_bytes, length=len(tensor.raw_data))
        chunks.setdefault(location, []).append(tensor.raw_data)
        n_bytes += len(tensor.raw_data)
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
    for location, parts in chunks.items():
        (path.parent / location).write_bytes(b"".join(parts))
    onnx.save(model, str(path))

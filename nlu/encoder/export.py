"""Writes the fine-tuned encoder so that it runs without PyTorch: ONNX with 8-bit weights, four-bit word embeddings."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional

from nlu.encoder.base import Base
from nlu.encoder.network import LONGEST, Encoder, Head

MODEL = Path(__file__).with_name("model")


class OneMessage(nn.Module):
    """The same computation for one message, laid out to be quick: one matrix for q, k and v, no mask.

    Token embeddings (1, length, width) in; logits and the vector out.
    """

    def __init__(self, encoder: Encoder, head: Head) -> None:
        super().__init__()
        self.encoder, self.head = encoder, head
        self.joined = nn.ModuleList()
        for layer in encoder.layers:
            width = layer.q.in_features
            shrink = (width // layer.heads) ** -0.5
            joined = nn.Linear(width, 3 * width)
            with torch.no_grad():
                joined.weight.copy_(torch.cat([layer.q.weight * shrink, layer.k.weight, layer.v.weight]))
                joined.bias.copy_(torch.cat([layer.q.bias * shrink, layer.k.bias, layer.v.bias]))
            self.joined.append(joined)

    def forward(self, embedded: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.encoder.ln(embedded)
        for layer, joined in zip(self.encoder.layers, self.joined, strict=True):
            width, heads = layer.q.in_features, layer.heads
            three = joined(x)
            q = three[..., :width].reshape(1, -1, heads, width // heads).permute(0, 2, 1, 3)
            k = three[..., width : 2 * width].reshape(1, -1, heads, width // heads).permute(0, 2, 3, 1)
            v = three[..., 2 * width :].reshape(1, -1, heads, width // heads).permute(0, 2, 1, 3)
            read = (torch.softmax(q @ k, -1) @ v).permute(0, 2, 1, 3).reshape(1, -1, width)
            x = layer.aln(x + layer.ao(read))
            x = layer.oln(x + layer.fo(functional.gelu(layer.fi(x))))
        vector = x[0].mean(0)
        return self.head(vector), vector


def export(
    base: Base, kept: list[int], tokens: Tokenizer, encoder: Encoder, head: Head, labels: list[str], to: Path = MODEL
) -> None:
    """Writes encoder.onnx, words.npz, tokenizer.json and labels.json."""
    write_network(encoder, head, base.width, to / "encoder.onnx")
    scales, numbers = base.embedding(kept)
    shifted = (numbers + 8).astype(np.uint8)
    positions = base.tensor("emb.pos").reshape(-1, base.width)[:LONGEST] + base.tensor("emb.type")[: base.width]
    np.savez(
        to / "words.npz",
        scales=scales,
        pairs=shifted[:, 0::2] | shifted[:, 1::2] << 4,
        positions=positions.astype(np.float16),
    )
    tokens.save(str(to / "tokenizer.json"), pretty=False)
    (to / "labels.json").write_text(json.dumps(labels, indent=0) + "\n", encoding="utf-8")


def write_network(encoder: Encoder, head: Head, width: int, to: Path) -> None:
    """Writes the layers and the head as ONNX with 8-bit weights."""
    to.parent.mkdir(exist_ok=True)
    whole = OneMessage(encoder, head).eval()
    with tempfile.TemporaryDirectory() as folder:
        exact = Path(folder) / "exact.onnx"
        torch.onnx.export(
            whole,
            (torch.zeros(1, 12, width),),
            exact,
            input_names=["embedded"],
            output_names=["logits", "vector"],
            dynamic_axes={"embedded": {1: "length"}},
            opset_version=17,
            dynamo=False,
        )
        quantize_dynamic(exact, to, weight_type=QuantType.QInt8, per_channel=True)

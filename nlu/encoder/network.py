"""The encoder in PyTorch, for training and export only: BERT of 12 layers, mean pooling, a linear head."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from nlu.encoder.base import Base
from nlu.encoder.vocabulary import END, START

LONGEST = 160
"""Tokens of a message; of a longer one the beginning and the end, where the question is, are read."""
EPSILON = 1e-12


class Layer(nn.Module):
    def __init__(self, width: int, inner: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v = nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, width)
        self.ao, self.aln = nn.Linear(width, width), nn.LayerNorm(width, eps=EPSILON)
        self.fi, self.fo = nn.Linear(width, inner), nn.Linear(inner, width)
        self.oln, self.dropout = nn.LayerNorm(width, eps=EPSILON), nn.Dropout(0.1)

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        # Written out: the fused attention's backward pass is four times slower on these processors.
        batch, length, width = x.shape

        def split(t: torch.Tensor) -> torch.Tensor:
            return t.view(batch, length, self.heads, -1).transpose(1, 2)

        scores = split(self.q(x)) @ split(self.k(x)).transpose(-1, -2) * (width // self.heads) ** -0.5
        weights = torch.softmax(scores if mask is None else scores + mask, -1)
        read = (weights @ split(self.v(x))).transpose(1, 2).reshape(batch, length, width)
        x = self.aln(x + self.ao(read))
        return self.oln(x + self.dropout(self.fo(functional.gelu(self.fi(x)))))


class Encoder(nn.Module):
    """Token embeddings (batch, length, width) in, one vector a message out."""

    def __init__(self, base: Base) -> None:
        super().__init__()
        self.ln, self.dropout = nn.LayerNorm(base.width, eps=EPSILON), nn.Dropout(0.1)
        self.layers = nn.ModuleList(Layer(base.width, base.inner, base.heads) for _ in range(base.layers))
        with torch.no_grad():
            self._copy(self.ln, base, "emb.ln")
            for number, layer in enumerate(self.layers):
                for name in ("q", "k", "v", "ao", "aln", "fi", "fo", "oln"):
                    self._copy(getattr(layer, name), base, f"l{number}.{name}")

    @staticmethod
    def _copy(part: nn.Module, base: Base, name: str) -> None:
        part.weight.copy_(torch.tensor(base.tensor(f"{name}.w")).reshape(part.weight.shape))
        part.bias.copy_(torch.tensor(base.tensor(f"{name}.b")))

    def forward(self, embedded: torch.Tensor, present: torch.Tensor | None = None) -> torch.Tensor:
        x = self.dropout(self.ln(embedded))
        if present is None:
            for layer in self.layers:
                x = layer(x, None)
            return x.mean(1)
        mask = torch.zeros(present.shape).masked_fill(~present, -1e4)[:, None, None, :]
        if torch.is_autocast_enabled("cpu"):
            mask = mask.to(torch.bfloat16)
        for layer in self.layers:
            x = layer(x, mask)
        weight = present.to(x.dtype)[..., None]
        return (x * weight).sum(1) / weight.sum(1)


class Head(nn.Module):
    """Logits from vectors that are first brought to zero mean and unit variance (the base's lie in a narrow cone)."""

    def __init__(self, mean: torch.Tensor, spread: torch.Tensor, labels: int) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("spread", spread)
        self.linear = nn.Linear(len(mean), labels)

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        return self.linear((vectors - self.mean) / self.spread)


def shortened(ids: list[int]) -> list[int]:
    """Ids with the start and end tokens, the middle of a long message left out."""
    room = LONGEST - 2
    if len(ids) > room:
        ids = ids[: room // 2] + ids[-(room // 2) :]
    return [START, *ids, END]


def batch_of(messages: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Padded ids and which of them are there, both (batch, longest)."""
    longest = max(len(ids) for ids in messages)
    padded = np.ones((len(messages), longest), dtype=np.int64)
    present = np.zeros((len(messages), longest), dtype=bool)
    for row, ids in enumerate(messages):
        padded[row, : len(ids)] = ids
        present[row, : len(ids)] = True
    return torch.tensor(padded), torch.tensor(present)

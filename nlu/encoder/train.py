"""Fine-tunes multilingual-e5-small on our own texts, with a classification head; `make encoder` runs it.

Two stages: all twelve layers on Chinese and English; then four layers are left out, for speed, and the other eight
learn on the texts of all languages. The word embeddings stay as they are, so they ship as the four-bit numbers they
were. In each stage the head starts from a linear fit. Takes about an hour and a half on two cores; the result is
written to nlu/encoder/model/ and committed.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from nlu.encoder.base import base_file, load_base
from nlu.encoder.export import export
from nlu.encoder.network import Encoder, Head, batch_of, shortened
from nlu.encoder.texts import Slips, training_texts
from nlu.encoder.vocabulary import kept_pieces, tokenizer

SEED = 1
BATCH = 32
HEAD_ROUNDS = 12
SMOOTHING = 0.1
WARM_UP = 0.06
FIRST_LANGUAGES = ("zh", "en")
KEPT_LAYERS = (0, 1, 2, 3, 4, 5, 10, 11)
"""Of twelve; these eight lost least before they were trained on (docs/UNDERSTANDING.md)."""


class Trainee:
    """The network with the base's words and positions, and how batches of messages go through it."""

    def __init__(self, seed: int) -> None:
        torch.manual_seed(seed)
        self.base = load_base(base_file())
        self.kept = kept_pieces(self.base)
        self.tokenizer = tokenizer(self.base, self.kept)
        scales, numbers = self.base.embedding(self.kept)
        words = numbers.astype(np.float32) * np.repeat(scales.astype(np.float32), 32, axis=1)
        self.words = torch.tensor(words)
        self.positions = torch.tensor(
            self.base.tensor("emb.pos").reshape(-1, self.base.width)
            + self.base.tensor("emb.type").reshape(-1, self.base.width)[0]
        )
        self.encoder = Encoder(self.base)

    def ids(self, text: str) -> list[int]:
        return shortened(self.tokenizer.encode(text, add_special_tokens=False).ids)

    def encode(self, messages: list[list[int]]) -> torch.Tensor:
        ids, present = batch_of(messages)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return self.encoder(self.words[ids] + self.positions[: ids.shape[1]], present).float()

    def vectors(self, messages: list[list[int]]) -> torch.Tensor:
        self.encoder.eval()
        with torch.no_grad():
            return torch.cat([self.encode(messages[i : i + 64]) for i in range(0, len(messages), 64)])


class Training(Trainee):
    """The texts, the network and its optimiser."""

    def __init__(self) -> None:
        super().__init__(SEED)
        random.seed(SEED)

    def begin(self, rows: list[tuple[str, str, str]], rate: float) -> None:
        """Takes up texts (language, label, text): a new head is fitted on the encoder as it is."""
        self.languages = [language for language, _, _ in rows]
        self.texts = [text for _, _, text in rows]
        self.labels = sorted({label for _, label, _ in rows})
        self.answers = torch.tensor([self.labels.index(label) for _, label, _ in rows])
        self.slips = Slips(self.texts, SEED)
        plain = self.vectors([self.ids(text) for text in self.texts])
        self.head = Head(plain.mean(0), plain.std(0) + 1e-6, len(self.labels))
        self._fit_head(plain)
        self.learning = [
            {"params": list(self.encoder.parameters()), "lr": rate},
            {"params": list(self.head.linear.parameters()), "lr": 1e-3},
        ]
        self.optimiser = torch.optim.AdamW(self.learning, weight_decay=0.01, fused=True)
        print(f"{len(self.texts)} texts, {len(self.labels)} labels", flush=True)

    def leave_out_layers(self) -> None:
        self.encoder.layers = nn.ModuleList(self.encoder.layers[number] for number in KEPT_LAYERS)

    def _fit_head(self, vectors: torch.Tensor) -> None:
        fit = torch.optim.AdamW(self.head.linear.parameters(), lr=5e-3, weight_decay=0.02)
        for _ in range(HEAD_ROUNDS):
            order = torch.randperm(len(vectors))
            for start in range(0, len(order), 256):
                rows = order[start : start + 256]
                loss = functional.cross_entropy(self.head(vectors[rows]), self.answers[rows], label_smoothing=SMOOTHING)
                fit.zero_grad()
                loss.backward()
                fit.step()

    def batches(self, messages: list[list[int]]) -> list[list[int]]:
        """Rows of each batch, messages of like length together, in random order."""
        order = random.sample(range(len(messages)), len(messages))
        found = []
        for start in range(0, len(order), BATCH * 50):
            near = sorted(order[start : start + BATCH * 50], key=lambda row: len(messages[row]))
            found += [near[i : i + BATCH] for i in range(0, len(near), BATCH)]
        random.shuffle(found)
        return found

    def run(self, epochs: int, said: Path) -> None:
        rates = [group["lr"] for group in self.learning]
        total = epochs * -(-len(self.texts) // BATCH)
        step, began = 0, time.monotonic()
        parameters = [p for group in self.optimiser.param_groups for p in group["params"]]
        for epoch in range(epochs):
            messages = [self.ids(self.slips(g, t)) for g, t in zip(self.languages, self.texts, strict=True)]
            self.encoder.train()
            lost = 0.0
            for rows in self.batches(messages):
                step += 1
                share = min(step / (WARM_UP * total), 1.0) * max(0.0, (total - step) / total)
                for group, rate in zip(self.optimiser.param_groups, rates, strict=True):
                    group["lr"] = rate * share
                logits = self.head(functional.dropout(self.encode([messages[row] for row in rows]), 0.05))
                loss = functional.cross_entropy(logits, self.answers[rows], label_smoothing=SMOOTHING)
                self.optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(parameters, 1.0)
                self.optimiser.step()
                lost += loss.item()
                if step % 100 == 0:
                    took = time.monotonic() - began
                    print(f"step {step} of {total}, {took / step:.2f} s a step", flush=True)
            print(f"epoch {epoch + 1}: loss {lost * BATCH / len(messages):.3f}", flush=True)
            kept = {"encoder": self.encoder.state_dict(), "head": self.head.state_dict(), "labels": self.labels}
            torch.save(kept, said)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--epochs", type=int, nargs=2, default=(3, 3), help="of the first and the second stage")
    options.add_argument("--rate", type=float, default=2e-4)
    options.add_argument("--folder", type=Path, default=Path("var") / "encoder", help="where each epoch is kept")
    options.add_argument("--first-stage", type=Path, help="begin with the second stage, from this file")
    chosen = options.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    training, rows = Training(), training_texts()
    if chosen.first_stage:
        training.encoder.load_state_dict(torch.load(chosen.first_stage)["encoder"])
    else:
        training.begin([row for row in rows if row[0] in FIRST_LANGUAGES], chosen.rate)
        training.run(chosen.epochs[0], chosen.folder / "first.pt")
    training.leave_out_layers()
    training.begin(rows, chosen.rate)
    training.run(chosen.epochs[1], chosen.folder / "second.pt")
    export(training.base, training.kept, training.tokenizer, training.encoder, training.head, training.labels)


if __name__ == "__main__":
    main()

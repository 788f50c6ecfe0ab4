"""Fine-tunes the screen's encoder: four layers of the topic encoder that learn which messages are cries for help.

`make screen-model` runs it after the cues (nlu/screen/cues.py); about half an hour on two cores. It begins from the
topic encoder's checkpoint (`make encoder` leaves it in var/encoder) and shares its vocabulary and word embeddings, so
that only the four layers are written, to nlu/screen/model/.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from bot.core.normalise import normalise
from bot.core.screen.verdict import KINDS
from nlu.encoder.export import write_network
from nlu.encoder.network import Head
from nlu.encoder.texts import Slips
from nlu.encoder.train import Trainee
from nlu.screen.texts import HARMLESS, QUESTION, Text, all_texts

SEED = 4
BATCH = 32
LAYERS = (0, 1, 2, 3)
OUTPUTS = (*KINDS, HARMLESS, "now")
"""The head's outputs: a softmax over the kinds and ``none``, and by itself whether the danger is now."""
SMOOTHING = 0.05
NOW_SHARE = 0.3
DANGER_WEIGHT = 2.0
QUESTIONS = 0.3
"""Share of the engine's harmless texts that one epoch sees: there are many, and they are the easy ones."""
JOINED = 0.2
"""Share of messages that come with other sentences around them, as in a long post or over several messages."""
WARM_UP = 0.06
MODEL = Path(__file__).with_name("model")


class Training(Trainee):
    def __init__(self, rows: list[Text], start: Path, layers: tuple[int, ...]) -> None:
        super().__init__(SEED)
        self.chance = random.Random(SEED)
        self.rows = rows
        kept = torch.load(start)
        found = kept["encoder"]
        count = 1 + max(int(name.split(".")[1]) for name in found if name.startswith("layers."))
        self.encoder.layers = self.encoder.layers[:count]
        self.encoder.load_state_dict(found)
        self.encoder.layers = nn.ModuleList(self.encoder.layers[number] for number in layers)
        self.kinds = torch.tensor([OUTPUTS.index(row.kind) for row in rows])
        self.weights = torch.tensor([row.weight * (DANGER_WEIGHT if row.danger else 1.0) for row in rows])
        self.now = torch.tensor([float(row.level == 1) for row in rows])
        self.told = torch.tensor([float(row.level > 0) for row in rows])
        self.slips = Slips([row.text for row in rows], SEED)
        self.harmless: dict[str, list[str]] = {}
        for row in rows:
            if not row.danger and row.weight == 1.0 and len(row.text) < 60:
                self.harmless.setdefault(row.language, []).append(row.text)
        sample = self.vectors([self.ids(row.text) for row in self.chance.sample(rows, min(4000, len(rows)))])
        self.head = Head(sample.mean(0), sample.std(0) + 1e-6, len(OUTPUTS))
        if len(kept["head"]["linear.bias"]) == len(OUTPUTS):  # a checkpoint of this very training: go on with it
            self.head.load_state_dict(kept["head"])

    def ids(self, text: str) -> list[int]:
        return super().ids(normalise(text).text)

    def varied(self, row: Text) -> str:
        """The text with a slip now and then, now and then among other sentences."""
        text = self.slips(row.language, row.text)
        if self.chance.random() < JOINED and row.weight == 1.0:
            others = self.chance.choices(self.harmless[row.language], k=self.chance.choice((1, 1, 2, 3)))
            place = self.chance.randrange(len(others) + 1)
            gap = self.chance.choice(("\n", " ", "，", "。") if row.language == "zh" else ("\n", ". ", " ", ", "))
            text = gap.join([*others[:place], text, *others[place:]])
        return text

    def seen(self) -> list[int]:
        """The rows of one epoch, in random order."""
        easy = [row.shape == QUESTION and not row.danger for row in self.rows]
        rows = [i for i in range(len(self.rows)) if not easy[i] or self.chance.random() < QUESTIONS]
        self.chance.shuffle(rows)
        return rows

    def batches(self, order: list[int], messages: dict[int, list[int]]) -> list[list[int]]:
        """Rows of each batch, messages of like length together, in random order."""
        found = []
        for start in range(0, len(order), BATCH * 50):
            near = sorted(order[start : start + BATCH * 50], key=lambda row: len(messages[row]))
            found += [near[i : i + BATCH] for i in range(0, len(near), BATCH)]
        self.chance.shuffle(found)
        return found

    def loss(self, rows: list[int], messages: dict[int, list[int]]) -> torch.Tensor:
        outputs = self.head(functional.dropout(self.encode([messages[row] for row in rows]), 0.05))
        kinds = functional.cross_entropy(outputs[:, :-1], self.kinds[rows], label_smoothing=SMOOTHING, reduction="none")
        now = functional.binary_cross_entropy_with_logits(outputs[:, -1], self.now[rows], reduction="none")
        weights, told = self.weights[rows], self.told[rows]
        return (kinds * weights).sum() / weights.sum() + NOW_SHARE * (now * told).sum() / told.sum().clamp(min=1)

    def run(self, epochs: int, rate: float, said: Path) -> None:
        groups = [
            {"params": list(self.encoder.parameters()), "lr": rate},
            {"params": list(self.head.linear.parameters()), "lr": 2e-3},
        ]
        optimiser = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
        rates = [rate, 2e-3]
        parameters = [p for group in groups for p in group["params"]]
        total, step, began = epochs * -(-len(self.seen()) // BATCH), 0, time.monotonic()
        print(f"{len(self.rows)} texts, {sum(row.danger for row in self.rows)} in danger", flush=True)
        for epoch in range(epochs):
            order = self.seen()
            messages = {row: self.ids(self.varied(self.rows[row])) for row in order}
            self.encoder.train()
            lost = 0.0
            for rows in self.batches(order, messages):
                step += 1
                share = min(step / (WARM_UP * total), 1.0) * max(0.0, (total - step) / total)
                for group, of in zip(optimiser.param_groups, rates, strict=True):
                    group["lr"] = of * share
                loss = self.loss(rows, messages)
                optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(parameters, 1.0)
                optimiser.step()
                lost += loss.item()
                if step % 200 == 0:
                    print(f"step {step} of {total}, {(time.monotonic() - began) / step:.2f} s a step", flush=True)
            print(f"epoch {epoch + 1}: loss {lost * BATCH / len(messages):.3f}", flush=True)
            torch.save({"encoder": self.encoder.state_dict(), "head": self.head.state_dict()}, said)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--epochs", type=int, default=3)
    options.add_argument("--rate", type=float, default=2e-4)
    options.add_argument("--layers", type=int, nargs="+", default=LAYERS, help="which of the topic encoder's")
    options.add_argument("--start", type=Path, default=Path("var") / "encoder" / "second.pt")
    options.add_argument("--folder", type=Path, default=Path("var") / "encoder", help="where each epoch is kept")
    chosen = options.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    training = Training(all_texts(), chosen.start, tuple(chosen.layers))
    training.run(chosen.epochs, chosen.rate, chosen.folder / "screen.pt")
    write_network(training.encoder, training.head, training.base.width, MODEL / "encoder.onnx")


if __name__ == "__main__":
    main()

"""The network: MiniLM's six layers and a linear layer on each token, and how it is taught; needs torch.

One encoder serves both heads. The verifier reads (claim, window) and its three logits stand at the first token; the
reader reads (question, passage), its sentences one after the other, and a sentence's logit is the mean over its tokens,
the passage's stands at the first token.
"""

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from assistant.judges import PASSAGE, SENTENCE, pair_row, passage_rows
from training.examples import LABELS, Pair, Question

OUTPUTS = 5
FROZEN = 2


@dataclass(frozen=True, slots=True)
class Example:
    """Token ids with their types, and what is to be learnt: a label, or the sentences' token spans and answers."""

    ids: list[int]
    types: list[int]
    label: int = -1
    spans: tuple[tuple[int, int], ...] = ()
    answers: tuple[bool, ...] = ()


class Network(nn.Module):
    """MiniLM with OUTPUTS numbers a token, shape (rows, tokens, OUTPUTS).

    Its embeddings and its first FROZEN layers, which know words and their neighbours, are not trained.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        from transformers import BertModel

        self.encoder = BertModel.from_pretrained(
            str(folder), add_pooling_layer=False, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
        )
        for part in (self.encoder.embeddings, *self.encoder.encoder.layer[:FROZEN]):
            part.requires_grad_(False)
        self.head = nn.Linear(self.encoder.config.hidden_size, OUTPUTS)

    def forward(self, ids: Tensor, types: Tensor, mask: Tensor) -> Tensor:
        """Return the numbers for each token of each row."""
        hidden = self.encoder(input_ids=ids, token_type_ids=types, attention_mask=mask).last_hidden_state
        outputs: Tensor = self.head(hidden)
        return outputs


class Encoder:
    """Turns pairs and questions into examples."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each text, without the special ones."""
        return [each.ids for each in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    def pairs(self, pairs: Sequence[Pair]) -> list[Example]:
        """Return an example for each pair; what is too long loses the end of its window."""
        claims, windows = self.tokens([one.claim for one in pairs]), self.tokens([one.window for one in pairs])
        return [
            Example(row.ids, row.types, LABELS.index(one.label))
            for one, claim, window in zip(pairs, claims, windows, strict=True)
            for row in [pair_row(claim, window)]
        ]

    def questions(self, questions: Sequence[Question]) -> list[Example]:
        """Return an example for each question; of a passage too long for one row, the first row with an answer."""
        made = []
        asked = self.tokens([one.text for one in questions])
        for one, question in zip(questions, asked, strict=True):
            answers, rows = list(one.answers), []
            for row in passage_rows(question, self.tokens(one.sentences)):
                rows.append(Example(row.ids, row.types, spans=row.spans, answers=tuple(answers[: len(row.spans)])))
                del answers[: len(row.spans)]
            made.append(next((row for row in rows if any(row.answers)), rows[0]))
        return made


def loss_of(outputs: Tensor, batch: Sequence[Example]) -> Tensor:
    """Return the mean loss of a batch of one kind."""
    return _verdict_loss(outputs[:, 0, :SENTENCE], batch) if batch[0].label >= 0 else _reading_loss(outputs, batch)


def _verdict_loss(logits: Tensor, batch: Sequence[Example]) -> Tensor:
    """Cross-entropy; of "not supported", that of refuted and neither together."""
    logs = functional.log_softmax(logits.float(), dim=-1)
    logs = torch.cat([logs, torch.logsumexp(logs[:, 1:], dim=-1, keepdim=True)], dim=-1)
    return functional.nll_loss(logs, torch.tensor([one.label for one in batch]))


def _reading_loss(outputs: Tensor, batch: Sequence[Example]) -> Tensor:
    """The sum of three: does each sentence answer, does the passage, and which sentence before the others."""
    outputs = outputs.float()
    sentences, labels, ranking = [], [], []
    for row, one in enumerate(batch):
        logits = torch.stack([outputs[row, start : max(end, start + 1), SENTENCE].mean() for start, end in one.spans])
        answers = torch.tensor(one.answers, dtype=torch.float32)
        sentences.append(logits)
        labels.append(answers)
        if answers.any() and not answers.all():
            logs = functional.log_softmax(logits, dim=0)
            ranking.append(-torch.logsumexp(logs[answers.bool()], dim=0))
    each = functional.binary_cross_entropy_with_logits(torch.cat(sentences), torch.cat(labels))
    known = torch.tensor([float(any(one.answers)) for one in batch])
    whole = functional.binary_cross_entropy_with_logits(outputs[:, 0, PASSAGE], known)
    order = torch.stack(ranking).mean() if ranking else outputs.new_zeros(())
    return each + 0.5 * whole + 0.5 * order


def run(network: Network, batch: Sequence[Example]) -> Tensor:
    """Return the outputs for a batch, padded to its longest."""
    longest = max(len(one.ids) for one in batch)
    device = network.head.weight.device

    def padded(rows: Sequence[Sequence[int]]) -> Tensor:
        return torch.tensor([[*row, *[0] * (longest - len(row))] for row in rows], device=device)

    mask = padded([[1] * len(one.ids) for one in batch])
    outputs: Tensor = network(padded([one.ids for one in batch]), padded([one.types for one in batch]), mask)
    return outputs if device.type == "cpu" else outputs.cpu()


def batches(
    examples: Sequence[Example], *, tokens: int, random_: random.Random | None = None
) -> Iterator[list[Example]]:
    """Yield batches of about `tokens` tokens and of one kind, rows of like length together; shuffled if random_."""
    order = sorted(
        examples, key=lambda one: (one.label < 0, len(one.ids) + (random_.uniform(0, 12) if random_ else 0.0))
    )
    made: list[list[Example]] = [[]]
    for one in order:
        now = made[-1]
        other_kind = bool(now) and (now[0].label < 0) != (one.label < 0)
        if now and (other_kind or (len(now) + 1) * len(one.ids) > tokens):
            made.append([])
        made[-1].append(one)
    if random_:
        random_.shuffle(made)
    yield from made


@dataclass(frozen=True, slots=True)
class Teaching:
    """How to teach: the largest learning rate, tokens a step, share of warm-up steps, seed."""

    rate: float = 1.2e-4
    tokens: int = 3072
    warm_up: float = 0.06
    seed: int = 0


def teach(network: Network, examples: Sequence[Example], how: Teaching, checkpoint: Path) -> None:
    """Teach once through the examples; goes on from checkpoint where that exists, and keeps it up to date.

    bf16 autocast on the CPU and on a GPU, AdamW, gradients cut at norm 1, a rate that rises and then falls to 0.
    """
    random_ = random.Random(how.seed)
    steps = list(batches(examples, tokens=how.tokens, random_=random_))
    learnt = [each for each in network.parameters() if each.requires_grad]
    optimiser = torch.optim.AdamW(learnt, lr=how.rate, weight_decay=0.01)
    warm = max(1, int(how.warm_up * len(steps)))
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / warm, max(0.0, (len(steps) - step) / max(1, len(steps) - warm)))
    )
    done = _resume(checkpoint, network, optimiser, rate)
    began, mean, seen = time.monotonic(), {True: 0.0, False: 0.0}, 0
    for number in range(done, len(steps)):
        batch = steps[number]
        with _autocast(network):
            loss = loss_of(run(network, batch), batch)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(learnt, 1.0)
        optimiser.step()
        rate.step()
        kind = batch[0].label >= 0
        mean[kind] = 0.98 * mean[kind] + 0.02 * loss.item() if mean[kind] else loss.item()
        seen += sum(len(one.ids) for one in batch)
        if (number + 1) % 100 == 0:
            speed = seen / (time.monotonic() - began)
            print(
                f"step {number + 1} of {len(steps)}: verdicts {mean[True]:.3f}, reading {mean[False]:.3f}, "
                f"{speed:.0f} tokens/s",
                flush=True,
            )
        if (number + 1) % 400 == 0 or number + 1 == len(steps):
            _keep(checkpoint, network, optimiser, rate, number + 1)


def _autocast(network: Network) -> AbstractContextManager[Any]:
    device = network.head.weight.device.type
    return torch.autocast(device, dtype=torch.bfloat16) if device in ("cpu", "cuda") else nullcontext()


def _keep(path: Path, network: Network, optimiser: Any, rate: Any, step: int) -> None:  # noqa: ANN401
    state = {
        "network": network.state_dict(),
        "optimiser": optimiser.state_dict(),
        "rate": rate.state_dict(),
        "step": step,
    }
    torch.save(state, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


def _resume(path: Path, network: Network, optimiser: Any, rate: Any) -> int:  # noqa: ANN401
    if not path.exists():
        return 0
    state = torch.load(path)
    network.load_state_dict(state["network"])
    optimiser.load_state_dict(state["optimiser"])
    rate.load_state_dict(state["rate"])
    step: int = state["step"]
    return step

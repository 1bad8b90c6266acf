"""From somebody's files to a network of ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

from robust_ray.core.errors import ModelError
from robust_ray.core.examples import Question
from robust_ray.core.paths import user_path
from robust_ray.models import hub
from robust_ray.models.base import reason
from robust_ray.models.data_flow.rows import DataFlowWindow
from robust_ray.models.importing import outputs, weights
from robust_ray.models.importing.configuration import configuration
from robust_ray.models.importing.layouts import layout_of
from robust_ray.models.importing.tokenizer import fit, read_tokenizer
from robust_ray.models.networks.architectures import Architecture, build_module
from robust_ray.models.students import Network

if TYPE_CHECKING:
    from robust_ray.models.imported import Imported


def network_of(imported: Imported, question: Question, where: str) -> Network:
    """The network that a component describes, its outputs in the order of the question's classes.

    Args:
        imported: Where the files lie, and what they do not say themselves.
        question: What the network answers.
        where: Which component asks, for refusals.

    Raises:
        ModelError: a file is missing or unreadable, or the files do not fit together.
    """
    path = user_path(imported.path)
    config = configuration(path if path.is_dir() else path.parent, imported.config, where)
    layout = layout_of(imported, config, question)
    module = _build(layout.describe(config), where)

    tensors = weights.renamed(weights.read(path, where), layout.names, imported.unused)
    last = tensors.get(f"{outputs.last_layer(module)}.weight")
    rows = config.num_labels if last is None else len(last)
    outputs.with_rows(module, rows)
    weights.fill(module, tensors, layout.body, where)
    chosen = outputs.choose(imported.labels or _labels(config, question, rows), rows, question, where)
    outputs.reorder(module, chosen)

    network: Any = module.get_submodule(layout.body)
    tokenizer = read_tokenizer(imported.tokenizer_name, imported.around, where)
    fit(tokenizer, network, where, is_exact=user_path(imported.tokenizer_name).is_file())
    network.config.num_labels = len(chosen)
    network.config.use_cache = False
    positions, nodes = hub.longest_input(network, tokenizer), imported.data_flow
    longest = positions + (nodes or 0)
    return Network(
        module=module.eval(),
        tokenizer=tokenizer,
        n_labels=question.n_labels,
        max_length=min(imported.max_length or longest, longest),
        pair_encoding="joint" if imported.head == "sequence" and nodes is None else "siamese",
        architecture=layout.describe(network.config),
        preprocessing=imported.preprocessing,
        data_flow=None if nodes is None else DataFlowWindow(language=question.language, code=positions, nodes=nodes),
    )


def _build(architecture: Architecture, where: str) -> torch.nn.Module:
    try:
        return build_module(architecture)
    except Exception as error:  # whatever a stranger's values make the library raise
        raise ModelError(f"{where}: `config` must describe a network, but got {reason(error)!r}; correct it") from error


def _labels(config: Any, question: Question, rows: int) -> Sequence[str]:
    """Names of the outputs where the user gives none: those of the configuration if they are the task's."""
    names = question.label_names
    configured = [str(config.id2label[i]) for i in sorted(config.id2label)]
    if sorted(configured) == sorted(names):
        return configured
    return names[1:] if rows == 1 and len(names) == 2 else names

"""From texts to token ids."""

from __future__ import annotations

from dataclasses import replace

import pytest

from robust_ray.models.reading.encoding import encode, one_line
from robust_ray.models.students import Network

pytestmark = pytest.mark.torch


def test_one_line_is_what_the_tokenizer_then_reads(tiny: Network) -> None:
    ragged = " int\tx ;\r\n\x0b\x1c\u3000 return x ;\n\n"
    flat = replace(tiny, preprocessing="one_line")
    assert one_line(ragged) == "int x ; return x ;"
    assert encode(flat, [(ragged,)]) == encode(tiny, [(one_line(ragged),)]) != encode(tiny, [(ragged,)])

"""What a request for a photograph may say: one frame, named in one of two ways."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from signaling.session_routes import StillIn

NAMES: dict[str, Any] = {"mid": "1", "rtp_timestamp": 0, "own_at_ms": 0}
COMPLETE = ({"mid", "rtp_timestamp"}, {"own_at_ms"})


@given(st.sets(st.sampled_from(sorted(NAMES))), st.booleans())
def test_exactly_one_of_the_two_forms_is_accepted(given_names: set[str], nulls: bool) -> None:
    """Both, neither and half a form are refused; null is as good as nothing."""
    body: dict[str, Any] = {"client_id": "c", "preview": ""}
    body |= {name: NAMES[name] for name in given_names}
    if nulls:
        body |= {name: None for name in NAMES if name not in given_names}
    if given_names in COMPLETE:
        kept = StillIn.model_validate(body).model_dump(exclude_none=True)
        assert set(kept) == {"client_id", "preview", *given_names}
    else:
        with pytest.raises(ValidationError, match="either mid and rtp_timestamp, or own_at_ms"):
            StillIn.model_validate(body)


@pytest.mark.parametrize("at_ms", [-1, 2**53 + 1, 1.5, "soon", [1]])
def test_a_moment_is_a_whole_number_of_milliseconds(at_ms: object) -> None:
    """Neither negative nor beyond what a browser counts exactly, nor anything else."""
    body = {"client_id": "c", "preview": "", "own_at_ms": at_ms}
    with pytest.raises(ValidationError, match="own_at_ms"):
        StillIn.model_validate_json(json.dumps(body))

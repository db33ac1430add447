"""Policies for tests: short ways to write one, and strategies over a small world of facts.

In the small world every limit lies well inside the facts that are tried, so that trying all
of them is a proof.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from hypothesis import strategies as st

from cases.policy_rules import Facts, PolicyRules
from cases.states import ClaimReason

Json = dict[str, Any]

APPROVE: Json = {"kind": "approve", "postage": "buyer"}
REJECT: Json = {"kind": "reject"}
VIDEO: Json = {"kind": "inspect_by_video"}
ASK: Json = {"kind": "ask_a_person"}
KEEP: Json = {"kind": "offer", "offer": "discount", "percent": 20}
ANSWERS = (APPROVE, REJECT, VIDEO, ASK, KEEP)

_REASONS = ("damaged", "size_fit", "changed_mind")


def days(**limits: int) -> Json:
    """A condition on the days since delivery."""
    return {"fact": "days_since_delivery", **limits}


def rule(name: str, answer: Json, *when: Json, because: str = "general") -> Json:
    """A rule."""
    return {"name": name, "when": list(when), "answer": answer, "because": because}


def policy(*rules: Json, otherwise: Json | None = None) -> PolicyRules:
    """Rules in order."""
    return PolicyRules.model_validate({"rules": list(rules), "otherwise": otherwise or ASK})


def world() -> Iterator[Facts]:
    """Every combination of facts that conditions of ``small_conditions`` can tell apart."""
    histories = [(a, b, b) for a, b in product(range(4), range(4)) if a <= b]
    for day, market, reason, (currency, price), returns, photographs in product(
        range(5),
        ("DE", "FR", "US", "JP"),
        ClaimReason,
        [("EUR", 0), ("EUR", 100), ("EUR", 200), ("EUR", 300), ("USD", 100)],
        histories,
        (True, False),
    ):
        yield Facts(
            days_since_delivery=day,
            market=market,
            category="any",
            reason=reason,
            currency=currency,
            price_minor=price,
            value_minor=price,
            quantity=1,
            returns=returns,
            refused_share=0,
            photographs=photographs,
        )


def _limits(most: int) -> st.SearchStrategy[Json]:
    one = st.integers(0, most)
    return st.one_of(
        st.builds(lambda n: {"at_least": n}, one),
        st.builds(lambda n: {"at_most": n}, one),
        st.builds(lambda a, b: {"at_least": a, "at_most": b}, one, one),
    )


_MATCH = st.sampled_from(["any_of", "none_of"])
small_conditions: st.SearchStrategy[Json] = st.one_of(
    st.builds(lambda limits: days(**limits), _limits(3)),
    st.builds(
        lambda match, values: {"fact": "market", "match": match, "values": sorted(values)},
        _MATCH,
        st.sets(st.sampled_from(["DE", "US", "EU"]), min_size=1),
    ),
    st.builds(
        lambda match, values: {"fact": "reason", "match": match, "values": sorted(values)},
        _MATCH,
        st.one_of(st.sets(st.sampled_from(_REASONS), min_size=1), st.just(set(ClaimReason))),
    ),
    st.builds(
        lambda limits: {
            "fact": "price",
            "currency": "EUR",
            **{name: f"{amount}.00" for name, amount in limits.items()},
        },
        _limits(2),
    ),
    st.builds(
        lambda within, limits: {"fact": "returns", "within_days": within, **limits},
        st.sampled_from([30, 90]),
        _limits(2),
    ),
    st.builds(lambda given: {"fact": "photographs", "given": given}, st.booleans()),
)


@st.composite
def policy_rules(draw: st.DrawFn, *, complete: bool = True) -> PolicyRules:
    """A policy of the small world; rules may shadow each other and never match."""
    rules = draw(
        st.lists(
            st.tuples(st.sampled_from(ANSWERS), st.lists(small_conditions, max_size=3)),
            max_size=5,
        )
    )
    otherwise = draw(st.sampled_from(ANSWERS)) if complete else None
    return PolicyRules.model_validate(
        {
            "rules": [rule(f"rule {at}", answer, *when) for at, (answer, when) in enumerate(rules)],
            "otherwise": otherwise,
        }
    )


@st.composite
def known_facts(draw: st.DrawFn) -> Facts:
    """Facts of the small world."""
    first = draw(st.integers(0, 3))
    second = draw(st.integers(first, 3))
    amount = draw(st.integers(0, 300))
    return Facts(
        days_since_delivery=draw(st.integers(0, 4)),
        market=draw(st.sampled_from(["DE", "FR", "US", "JP"])),
        category="any",
        reason=draw(st.sampled_from(ClaimReason)),
        currency=draw(st.sampled_from(["EUR", "USD"])),
        price_minor=amount,
        value_minor=amount,
        quantity=1,
        returns=(first, second, second),
        refused_share=0,
        photographs=draw(st.booleans()),
    )

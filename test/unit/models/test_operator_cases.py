"""The documentation of operators is made from cases with names of their own."""

from models.operators import CASES, GROUPS


def test_cases_have_names_of_their_own() -> None:
    assert len(CASES) == sum(map(len, GROUPS.values()))

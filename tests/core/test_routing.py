import pytest

from nurture.core.routing import choose_rep
from nurture.core.workspace import Rep

ANN, BEN, CAT = (Rep(name, f"{name}@example.com", name.title()) for name in ("ann", "ben", "cat"))
TEAM = (ANN, BEN, CAT)


def test_the_owner_of_the_account_comes_before_the_turn() -> None:
    assert choose_rep(TEAM, owner="cat", last="ann") is CAT


@pytest.mark.parametrize("owner", [None, "left"])
def test_without_an_owner_in_the_team_it_goes_in_turn(owner: str | None) -> None:
    turns = [choose_rep(TEAM, owner, last) for last in (None, "ann", "ben", "cat", "left")]
    assert turns == [ANN, BEN, CAT, ANN, ANN]


def test_a_team_of_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="reps"):
        choose_rep((), "ann", None)

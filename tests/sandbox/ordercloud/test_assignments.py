from operator import attrgetter

from sandbox.ordercloud.assignments import Assignments, Party, PromotionAssignment
from sandbox.ordercloud.collections import Revision

ACME, VIP = Party("acme"), Party("acme", "vip")


def make_assignments(revision: Revision) -> Assignments[PromotionAssignment]:
    return Assignments(revision, thing=attrgetter("promotion_id"), holder=attrgetter("party"))


def test_assignments_are_found_from_either_side() -> None:
    assignments = make_assignments(Revision())
    for promotion_id, party in (("one", ACME), ("one", VIP), ("two", VIP)):
        assignments.save(PromotionAssignment(promotion_id, party))

    assert [each.party for each in assignments.of("one")] == [ACME, VIP]
    assert [each.promotion_id for each in assignments.to(VIP)] == ["one", "two"]
    assert assignments.between("two", VIP) == PromotionAssignment("two", VIP)
    assert assignments.between("two", ACME) is None
    assert len(list(assignments)) == 3


def test_there_is_one_assignment_between_the_same_two() -> None:
    assignments = make_assignments(Revision())

    for _ in range(2):
        assignments.save(PromotionAssignment("one", ACME))

    assert len(list(assignments)) == 1


def test_assignments_are_forgotten_with_their_thing_or_holder() -> None:
    assignments = make_assignments(Revision())
    for promotion_id, party in (("one", ACME), ("one", VIP), ("two", VIP), ("two", ACME)):
        assignments.save(PromotionAssignment(promotion_id, party))

    assignments.forget("one")
    assignments.vacate(VIP)

    assert list(assignments) == [PromotionAssignment("two", ACME)]


def test_every_change_counts_as_a_revision() -> None:
    revision = Revision()
    assignments = make_assignments(revision)

    numbers = [revision.number]
    assignments.save(PromotionAssignment("one", ACME))
    numbers.append(revision.number)
    assignments.remove("one", ACME)
    numbers.append(revision.number)

    assert numbers == sorted(set(numbers))
    assert list(assignments.of("one")) == []

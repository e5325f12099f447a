"""Brings stored customers into line with rules, on a roster; what is simulated is never saved."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from identifiers import IdentifierKey
from identity.customers.domain.customers import Customer, CustomerLimits
from identity.customers.domain.identifiers import DropReason, Identifier
from identity.customers.domain.type_rules import PERSON_TYPE, Rank
from identity.registry.domain.tenant_rules import TenantRules
from identity.resolution.domain.components import component_of
from identity.resolution.domain.context import Context
from identity.resolution.domain.graph.evidence import Link
from identity.resolution.domain.graph.quarantine import Quarantined, suspects_among
from identity.resolution.domain.placement import place
from identity.resolution.domain.roster import Roster
from identity.rules.domain.bounds import excesses_of
from identity.rules.domain.effects import Effect, effects_on


@dataclass(frozen=True, slots=True)
class Enforcer:
    """Enforces the rules of one tenant.

    ``are_persons_settled`` once they have been enforced on all persons, and saved.
    """

    rules: TenantRules
    context: Context
    are_persons_settled: bool = False

    @property
    def _limits(self) -> CustomerLimits:
        return self.context.limits

    def enforce_on_person(self, roster: Roster, customer_id: UUID) -> list[Effect]:
        """Enforce the rules on a customer and all that its identifiers are connected with.

        Does nothing unless no smaller id leads to any of these, so that each is counted once,
        whatever the rules have merged since; nor on visitors of whom only devices are known.
        """
        customer = roster.find(customer_id)
        if customer is None or self._is_visitor(customer):
            return []
        connected = self._connected(roster, customer)
        persons = [each for each in connected.values() if not self._is_visitor(each)]
        return self._enforce(roster, connected) if customer_id == _first_id(persons) else []

    def enforce_on_visitor(self, roster: Roster, customer_id: UUID) -> list[Effect]:
        """Enforce the rules on visitors of whom only devices are known, after all persons.

        Persons of whom the rules have left nothing else are visitors by now.
        """
        connected = self._settle_persons(roster, customer_id)
        visitors = {each.id: each for each in connected if self._is_visitor(each)}
        visitor = roster.find(customer_id)
        if visitor is None or visitor.id not in visitors:
            return []
        if customer_id != _first_id(visitors.values()):
            return []
        facts: dict[IdentifierKey, Identifier] = {}
        for each in visitors.values():
            facts |= self._facts(each)
        effects = self._enforce(roster, {each.id: each for each in connected}, facts)
        # What a person had too much of was counted among the persons.
        return [effect for effect in effects if effect.changes]

    def _settle_persons(self, roster: Roster, customer_id: UUID) -> list[Customer]:
        """Enforce the rules on the persons around a visitor, unless that has been done and saved.

        Returns all that are connected.
        """
        done: set[UUID] = set()
        while True:
            customer = roster.find(customer_id)
            if customer is None:
                return []
            connected = self._connected(roster, customer)
            persons = {
                id_: each
                for id_, each in connected.items()
                if id_ not in done and not self._is_visitor(each)
            }
            if self.are_persons_settled or not persons:
                return list(connected.values())
            self._enforce(roster, persons)
            done |= persons.keys()

    def enforce_on_entry(self, roster: Roster, key: IdentifierKey) -> list[Effect]:
        """Let go of a quarantined identifier that the rules allow, and that is with no customer.

        With a customer it was let go of together with that.
        """
        if key not in self._released(roster, [key]):
            return []
        facts = self._entries(roster, [key])
        component = component_of(roster, facts, self._limits.types)
        if any(roster.owner(other) is not None for other in component.identifiers):
            return []
        return self._enforce(roster, {}, facts)

    def released(
        self, entries: Collection[Quarantined], links: Iterable[Link]
    ) -> set[IdentifierKey]:
        """Return those of the quarantined identifiers, with their links, that would not be."""
        roster = Roster(links=links, quarantine=entries)
        return self._released(roster, [entry.key for entry in entries])

    def _enforce(
        self,
        roster: Roster,
        before: Mapping[UUID, Customer],
        facts: Mapping[IdentifierKey, Identifier] | None = None,
    ) -> list[Effect]:
        """Enforce the rules on these customers, by ``facts`` or else by what tells of persons."""
        exceeds = {each: excesses_of(customer, self._limits) for each, customer in before.items()}
        for customer in before.values():
            for key, identifier in customer.identifiers.items():
                if self._is_blocked(identifier):
                    roster.quarantine(key, DropReason.BLOCKED, now=self.context.now)
        if facts is None:
            present = [found for each in before if (found := roster.find(each)) is not None]
            facts = self._entries(roster, self._released_beside(roster, present))
            for customer in present:
                facts |= self._person_facts(customer)
        owners = {
            key: self._owner_before(roster, key) for key in facts if roster.owner(key) is None
        }
        usable = {key: fact for key, fact in facts.items() if not self._is_blocked(fact)}
        created = place(roster, usable, None, self.context).created if usable else []
        return [effect for effect in effects_on(before, roster, created, exceeds, owners) if effect]

    def _owner_before(self, roster: Roster, key: IdentifierKey) -> UUID:
        """Return the customer that had an identifier before it was put into quarantine."""
        entry = roster.quarantined(key)
        if entry is None:
            raise KeyError(key)
        found = roster.find(entry.customer_id)
        return entry.customer_id if found is None else found.id

    def _connected(self, roster: Roster, customer: Customer) -> dict[UUID, Customer]:
        """Return the customers whose identifiers depend on each other."""
        connected = {customer.id: customer}
        while True:
            facts = self._entries(roster, self._released_beside(roster, connected.values()))
            for each in connected.values():
                facts |= self._facts(each)
            owners = (
                roster.owner(key)
                for key in component_of(roster, facts, self._limits.types).identifiers
            )
            found = {owner.id: owner for owner in owners if owner is not None}
            if found.keys() <= connected.keys():
                return connected
            connected |= found

    def _facts(self, customer: Customer) -> dict[IdentifierKey, Identifier]:
        """Return what the customer has proved: devices only if there is nothing else."""
        proved = {key: item for key, item in customer.identifiers.items() if item.is_proved}
        return self._person_facts(customer) or proved

    def _person_facts(self, customer: Customer) -> dict[IdentifierKey, Identifier]:
        return {
            key: item
            for key, item in customer.identifiers.items()
            if item.is_proved and not self._is_device(key)
        }

    def _is_visitor(self, customer: Customer) -> bool:
        proved = [key for key, item in customer.identifiers.items() if item.is_proved]
        return bool(proved) and all(self._is_device(key) for key in proved)

    def _is_device(self, key: IdentifierKey) -> bool:
        return self._limits.types.of(key.type).rank is Rank.DEVICE

    def _is_blocked(self, identifier: Identifier) -> bool:
        key = identifier.key
        if key.type == PERSON_TYPE:
            return False
        return self.rules.blocked.block(key.type, identifier.raw, key.value)

    def _released_beside(self, roster: Roster, customers: Iterable[Customer]) -> set[IdentifierKey]:
        beside = {
            link.other(key)
            for customer in customers
            for key in customer.identifiers
            for link in roster.evidence.around(key)
        }
        return self._released(roster, beside)

    def _released(self, roster: Roster, keys: Iterable[IdentifierKey]) -> set[IdentifierKey]:
        """Return those of the keys that are in quarantine, and would not be by the rules."""
        entries = self._entries(roster, keys)
        usable = {key: entry for key, entry in entries.items() if not self._is_blocked(entry)}
        links = roster.evidence.among(usable)
        suspects = suspects_among(usable, links, self._limits, roster.released)
        return usable.keys() - suspects.quarantined

    def _entries(
        self, roster: Roster, keys: Iterable[IdentifierKey]
    ) -> dict[IdentifierKey, Identifier]:
        found = ((key, roster.quarantined(key)) for key in keys)
        return {
            key: entry.identifier
            for key, entry in found
            if entry is not None and not entry.is_released and roster.owner(key) is None
        }


def _first_id(customers: Iterable[Customer]) -> UUID:
    """Return the smallest id that leads to one of the customers."""
    return min(each for customer in customers for each in (customer.id, *customer.merged_ids))

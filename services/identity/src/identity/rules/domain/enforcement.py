"""Brings stored customers into line with rules, on a roster; what is simulated is never saved."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from identifiers import IdentifierKey
from identity.customers.domain.customers import Customer, CustomerLimits
from identity.customers.domain.identifiers import DropReason, Identifier
from identity.customers.domain.type_rules import PERSON_TYPE, Rank
from identity.registry.domain.tenant_rules import TenantRules
from identity.resolution.domain.components import component_of, keep_links_from_before
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

    Effects tell of what persons have proved. Whose the devices are, and how many claims a customer
    may keep, follows from that, over any number of customers: nobody could say it of one of them
    before the rules are enforced on all.
    """

    rules: TenantRules
    context: Context

    @property
    def _limits(self) -> CustomerLimits:
        return self.context.limits

    def measure(self, roster: Roster, customer_id: UUID) -> list[Effect]:
        """Put what is blocked of a customer into quarantine; of what stays it may have too much."""
        if customer_id not in roster.customer_ids:
            return []
        blocked = self._block(roster, customer_id)
        exceeds = excesses_of(roster.get(customer_id), self._limits)
        effect = Effect(customer_id=customer_id, exceeds=exceeds, quarantined=blocked)
        return [effect] if effect else []

    def _block_all(self, roster: Roster) -> None:
        """Do what has been done by now, unless it is only simulated."""
        for customer_id in roster.customer_ids:
            self._block(roster, customer_id)

    def _block(self, roster: Roster, customer_id: UUID) -> int:
        """Put what is blocked of a customer into quarantine; return how many identifiers."""
        identifiers = roster.get(customer_id).identifiers
        blocked = [key for key, item in identifiers.items() if self._is_blocked(item)]
        if blocked:
            keep_links_from_before(roster, customer_id, types=self._limits.types)
        for key in blocked:
            roster.quarantine(key, DropReason.BLOCKED, now=self.context.now)
        return len(blocked)

    def enforce_on_person(self, roster: Roster, customer_id: UUID) -> list[Effect]:
        """Enforce the rules on a customer and all that its identifiers are connected with.

        Does nothing unless no smaller id leads to any of these, so that each is counted once,
        whatever the rules have merged since; nor on visitors of whom only devices are known.
        """
        self._block_all(roster)
        customer = roster.find(customer_id)
        if customer is None or self._is_visitor(customer):
            return []
        connected = self._connected(roster, customer)
        persons = {id_: each for id_, each in connected.items() if not self._is_visitor(each)}
        if customer_id != _first_id(persons.values()):
            return []
        facts = self._entries(roster, self._released_beside(roster, _keys(connected.values())))
        for each in persons.values():
            facts |= self._person_facts(each)
        return self._enforce(roster, facts)

    def enforce_on_visitor(self, roster: Roster, customer_id: UUID) -> None:
        """Enforce the rules on visitors of whom only devices are known, once all persons are done.

        Persons of whom the rules have left nothing else are visitors by now.
        """
        visitor = roster.find(customer_id)
        if visitor is None or not self._is_visitor(visitor):
            return
        connected = self._connected(roster, visitor)
        visitors = [each for each in connected.values() if self._is_visitor(each)]
        if customer_id == _first_id(visitors):
            facts: dict[IdentifierKey, Identifier] = {}
            for each in visitors:
                facts |= self._facts(each)
            self._enforce(roster, facts)

    def enforce_on_entry(self, roster: Roster, key: IdentifierKey) -> list[Effect]:
        """Let go of a quarantined identifier that the rules allow, and that is with no customer.

        With a customer it was let go of together with that, and with others together with the first
        of them.
        """
        if key not in self._released(roster, [key]):
            return []
        self._block_all(roster)
        released = {key} | self._released_beside(roster, [key])
        if key != min(released):
            return []
        facts = self._entries(roster, released)
        component = component_of(roster, facts, self._limits.types)
        if any(roster.owner(other) is not None for other in component.identifiers):
            return []
        return self._enforce(roster, facts)

    def released(
        self, entries: Collection[Quarantined], links: Iterable[Link]
    ) -> set[IdentifierKey]:
        """Return those of the quarantined identifiers, with their links, that would not be."""
        roster = Roster(links=links, quarantine=entries)
        return self._released(roster, [entry.key for entry in entries])

    def _enforce(self, roster: Roster, facts: Mapping[IdentifierKey, Identifier]) -> list[Effect]:
        """Enforce the rules on what ``facts`` concern, and return the effects on persons.

        These may be more than depend on each other: a device that is set free brings all those into
        line who were proved on it. Of a person and a visitor who are one, the person goes on.
        """
        proved = {each: self._person_facts(roster.get(each)).keys() for each in roster.customer_ids}
        persons = {each: keys for each, keys in proved.items() if keys}
        owners = {
            key: self._owner_before(roster, key)
            for key in facts
            if roster.owner(key) is None and not self._is_device(key)
        }
        usable = {key: fact for key, fact in facts.items() if not self._is_blocked(fact)}
        created: Sequence[UUID] = ()
        if usable:
            preferred = persons.keys()
            created = place(roster, usable, None, self.context, preferred=preferred).created
        return [effect for effect in effects_on(persons, roster, created, owners) if effect]

    def _owner_before(self, roster: Roster, key: IdentifierKey) -> UUID:
        """Return the customer that had an identifier before it was put into quarantine."""
        entry = roster.entries.get(key)
        if entry is None:
            raise KeyError(key)
        found = roster.find(entry.customer_id)
        return entry.customer_id if found is None else found.id

    def _connected(self, roster: Roster, customer: Customer) -> dict[UUID, Customer]:
        """Return the customers whose identifiers depend on each other."""
        connected = {customer.id: customer}
        while True:
            facts = self._entries(roster, self._released_beside(roster, _keys(connected.values())))
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

    def _released_beside(self, roster: Roster, keys: Iterable[IdentifierKey]) -> set[IdentifierKey]:
        """Return those that the rules let go of from quarantine, and that these link to."""
        found: set[IdentifierKey] = set()
        front = set(keys)
        while front:
            beside = {link.other(key) for key in front for link in roster.evidence.around(key)}
            front = self._released(roster, beside) - found
            found |= front
        return found

    def _released(self, roster: Roster, keys: Iterable[IdentifierKey]) -> set[IdentifierKey]:
        """Return those of the keys that are in quarantine, and would not be by the rules."""
        entries = self._entries(roster, keys)
        usable = {key: entry for key, entry in entries.items() if not self._is_blocked(entry)}
        links = roster.evidence.among(usable)
        suspects = suspects_among(usable, links, self._limits, roster.entries.released)
        return usable.keys() - suspects.quarantined

    def _entries(
        self, roster: Roster, keys: Iterable[IdentifierKey]
    ) -> dict[IdentifierKey, Identifier]:
        found = ((key, roster.entries.get(key)) for key in keys)
        return {
            key: entry.identifier
            for key, entry in found
            if entry is not None and not entry.is_released and roster.owner(key) is None
        }


def _keys(customers: Iterable[Customer]) -> Iterator[IdentifierKey]:
    return (key for customer in customers for key in customer.identifiers)


def _first_id(customers: Iterable[Customer]) -> UUID:
    """Return the smallest id that leads to one of the customers."""
    return min(each for customer in customers for each in (customer.id, *customer.merged_ids))

"""What a request adds to what is known, and the customer that it is about."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from common.errors import ErrorCode, FieldError, InvalidError
from identifiers import IdentifierKey
from identity.customers.domain.attributes import reported_by
from identity.customers.domain.customers import Customer
from identity.customers.domain.identifiers import (
    DroppedIdentifier,
    DropReason,
    Identifier,
    Level,
)
from identity.customers.domain.type_rules import Rank, TypeRules
from identity.resolution.domain.answers import NobodyReason, Resolution, drop
from identity.resolution.domain.context import Context
from identity.resolution.domain.graph.claims import Claim
from identity.resolution.domain.graph.clusters import cluster_of, reason_against
from identity.resolution.domain.graph.evidence import (
    Link,
    LinkId,
    Rule,
    best_first,
    carriers_of,
    centre_of,
    links_among,
)
from identity.resolution.domain.graph.persons import KnownSayings
from identity.resolution.domain.placement import Newcomer, Placement, place
from identity.resolution.domain.requests import PreparedRequest
from identity.resolution.domain.roster import NotLoadedError, Roster


def holder_of(roster: Roster, shown: Identifier) -> Customer | None:
    """Return the customer that an identifier leads to: a claim only to one who claimed it, too."""
    owner = roster.owner(shown.key)
    if shown.is_proved or (owner is not None and not owner.identifiers[shown.key].is_proved):
        return owner
    return roster.claimant(shown.key)


class Resolver:
    """One request that may change something."""

    def __init__(
        self,
        roster: Roster,
        request: PreparedRequest,
        context: Context,
        usable: Sequence[Identifier],
        dropped: list[DroppedIdentifier],
    ) -> None:
        self._roster = roster
        self._request = request
        self._context = context
        self._types = context.limits.types
        self._dropped = dropped
        self._proved = [identifier for identifier in usable if identifier.is_proved]
        self._claimed = [identifier for identifier in usable if not identifier.is_proved]
        # Nothing is found by them, and yet they count as neighbours of what they are proved with.
        self._quarantined = [
            shown
            for shown in request.identifiers
            if shown.is_proved and not shown.is_shared and self._is_quarantined(shown)
        ]
        self._claims: list[Identifier] = []
        # Of all, also of what was dropped: what it says must not depend on when it was.
        self._speaker = centre_of(request.identifiers, self._types)
        self._placement: Placement | None = None
        self._known = self._said_before()
        self._created: list[UUID] = []
        self._observations = request.observations
        self._before = {
            identifier.key: (owner.id, owner.identifiers[identifier.key].level)
            for identifier in usable
            if (owner := roster.owner(identifier.key)) is not None
        }

    def run(self) -> Resolution:
        self._leave_device_of_another_number()
        self._check_attributes()
        self._observations = reported_by(
            self._request.observations, carriers_of(self._proved, self._types), self._level
        )
        subject_id = self._subject_of_proofs() if self._proved else self._subject_of_claims()
        if subject_id is None:
            return Resolution(None, NobodyReason.NOTHING_USABLE, dropped=tuple(self._dropped))
        self._claim(subject_id)
        if subject_id not in self._created:
            self._observe(subject_id)
        return self._answer(subject_id)

    @property
    def _level(self) -> Level:
        """How well the sender is proved to be who the request is about."""
        return max((shown.level for shown in self._proved), default=Level.CLAIMED)

    def _leave_device_of_another_number(self) -> None:
        """A customer number that is claimed on a device says that somebody else uses it now."""
        ranks = {self._types.rank(shown.key.type) for shown in self._proved}
        if ranks != {Rank.DEVICE}:
            return
        device = centre_of(self._proved, self._types).key
        owner = self._roster.owner(device)
        if owner is None or not owner.identifiers[device].is_proved:
            return
        if any(_has_other_number(owner, shown, self._types) for shown in self._claimed):
            reason = DropReason.CONFLICTING_STRONG_IDENTIFIERS
            self._dropped += [drop(shown, reason) for shown in self._proved]
            self._proved = []

    def _check_attributes(self) -> None:
        observations, limit = self._request.observations, self._context.limits.max_attributes
        if not observations:
            return
        names = {observation.name for observation in observations}
        for shown in self._proved or self._claimed:
            holder = holder_of(self._roster, shown)
            if holder is not None:
                names |= holder.attributes.keys()
        if len(names) > limit:
            raise InvalidError(
                f"a customer can have at most {limit} attributes",
                errors=[
                    FieldError("/attributes", ErrorCode.TOO_MANY, "too many for this customer")
                ],
            )

    def _subject_of_proofs(self) -> UUID | None:
        centre = centre_of(self._proved, self._types)
        facts, news = self._facts()
        links = [link for link in self._links() if self._is_news(link)]
        if news or links:
            if not self._roster.is_whole:
                raise NotLoadedError
            for link in links:
                self._roster.evidence.add(link)
            strongest = [shown.key for shown in best_first(self._proved, self._types)]
            newcomer = Newcomer(strongest, self._unowned_claims(), self._observations)
            self._placement = place(self._roster, facts, newcomer, self._context)
            self._created = self._placement.created
        owner = self._roster.owner(centre.key)
        if owner is None:  # The centre itself has just been quarantined.
            others = [
                self._roster.owner(shown.key) for shown in best_first(self._proved, self._types)
            ]
            owner = next((other for other in others if other is not None), None)
        self._drop_what_is_elsewhere(centre, owner)
        return None if owner is None else owner.id

    def _facts(self) -> tuple[dict[IdentifierKey, Identifier], bool]:
        """Return what is known of each proved identifier now, and whether any of it is new."""
        facts: dict[IdentifierKey, Identifier] = {}
        news = False
        for shown in self._proved:
            seen = self._with_birth_dates(shown) if shown.key == self._speaker.key else shown
            owner, entry = self._roster.owner(shown.key), self._roster.entries.get(shown.key)
            if owner is None:
                was = None if entry is None else entry.identifier
                facts[shown.key] = seen if was is None else was.confirmed_by(seen)
                news = True
                continue
            stored = owner.identifiers[shown.key]
            fact = stored.confirmed_by(seen)
            news |= fact != replace(stored, has_evidence=True)
            facts[shown.key] = replace(fact, presented=shown.presented)
        return facts, news

    def _with_birth_dates(self, shown: Identifier) -> Identifier:
        said = self._request.said
        dates = frozenset({said.text} if said.birth_date else ())
        is_verified = shown.level is Level.VERIFIED
        return replace(
            shown,
            birth_dates=dates,
            verified_birth_dates=dates if is_verified else frozenset(),
        )

    def _is_news(self, link: Link) -> bool:
        """Return whether a link says more than that what is known still holds.

        Whose a device, or a verified contact point is, depends on who proved it last; so each proof
        by another than the present holder counts.
        """
        known = self._roster.evidence.get(link.id)
        after = link if known is None else known.confirmed_by(link)
        if known is None or (after.first_seen_at, after.level) != (
            known.first_seen_at,
            known.level,
        ):
            return True
        window = self._context.limits.repeat_window
        is_late = after.last_seen_at - known.last_seen_at > window or (
            after.verified_at is not None
            and known.verified_at is not None
            and after.verified_at - known.verified_at > window
        )
        return after != known and (is_late or self._is_contested(link))

    def _links(self) -> list[Link]:
        """Return the evidence of the request."""
        quarantined = {shown.key for shown in self._quarantined}
        links = links_among([*self._proved, *self._quarantined], self._types)
        return [link for link in links if not quarantined.issuperset(link.id[:2])]

    def _is_quarantined(self, shown: Identifier) -> bool:
        entry = self._roster.entries.get(shown.key)
        return entry is not None and entry.holds_for(shown.level)

    def _is_contested(self, link: Link) -> bool:
        """Return whether the link is of those of which the last counts, and unites nobody now."""
        if any(shown.key in link.id[:2] for shown in self._quarantined):
            return False
        ranks = {self._types.rank(key.type) for key in link.id[:2]}
        if link.level < Level.VERIFIED and Rank.DEVICE not in ranks:
            return False
        low, high = (self._roster.owner(key) for key in link.id[:2])
        return low is None or high is None or low.id != high.id

    def _drop_what_is_elsewhere(self, centre: Identifier, subject: Customer | None) -> None:
        for shown in self._proved:
            if shown.presented is None:  # It stands for the sender, who did not present it.
                continue
            owner = self._roster.owner(shown.key)
            if owner is None:
                is_quarantined = self._roster.entries.get(shown.key) is not None or (
                    self._placement is not None
                    and shown.key in self._placement.partition.quarantined
                )
                reason = (
                    DropReason.QUARANTINED if is_quarantined else DropReason.TOO_MANY_IDENTIFIERS
                )
                self._dropped.append(drop(shown, reason))
            elif subject is not None and owner.id != subject.id:
                reason = self._reason_apart(centre, shown, subject, owner)
                self._dropped.append(drop(shown, reason))

    def _reason_apart(
        self, centre: Identifier, shown: Identifier, subject: Customer, owner: Customer
    ) -> DropReason:
        link_id = LinkId.of(centre.key, shown.key)
        if self._placement is not None:
            refused = self._placement.partition.refused.get(link_id)
            if refused is not None:
                return refused
        link = self._roster.evidence.get(link_id)
        if link is None or self._types.rank(shown.key.type) is Rank.DEVICE:
            return DropReason.HELD_ELSEWHERE
        reason = reason_against(
            cluster_of(subject.identifiers.values(), self._types),
            cluster_of(owner.identifiers.values(), self._types),
            link,
            self._context.limits,
        )
        return reason or DropReason.HELD_ELSEWHERE

    def _subject_of_claims(self) -> UUID:
        holders = [holder_of(self._roster, shown) for shown in self._claimed]
        known = [holder for holder in holders if holder is not None]
        if known:
            return min(known, key=lambda holder: holder.survivor_rank(self._types)).id
        customer = self._roster.create(
            self._context.new_id(),
            self._unowned_claims(),
            self._observations,
            now=self._context.now,
        )
        self._created = [customer.id]
        return customer.id

    def _unowned_claims(self) -> tuple[Identifier, ...]:
        """Return the claimed identifiers that a new customer may have."""
        unowned: list[Identifier] = []
        numbers: dict[tuple[str, str], str] = {
            (shown.key.type, shown.key.scope): shown.key.value
            for shown in self._proved
            if self._types.of(shown.key.type).is_exclusive
        }
        room = self._context.limits.max_identifiers - len(self._proved)
        for shown in self._claimed:
            if self._roster.owner(shown.key) is not None:
                continue
            number = numbers.setdefault((shown.key.type, shown.key.scope), shown.key.value)
            if self._types.of(shown.key.type).is_exclusive and number != shown.key.value:
                continue
            if len(unowned) < room:
                unowned.append(shown)
        return tuple(unowned)

    def _claim(self, subject_id: UUID) -> None:
        """Link what the request claims, as claims; what is somebody else's stays there."""
        for shown in self._claimed:
            owner = self._roster.owner(shown.key)
            if owner is None:
                self._link_claimed(subject_id, shown)
            elif owner.id != subject_id:
                self._claim_from_owner(subject_id, owner.id, shown)

    def _link_claimed(self, subject_id: UUID, shown: Identifier) -> None:
        if not self._roster.is_whole:
            raise NotLoadedError
        subject = self._roster.get(subject_id)
        if self._is_kept_apart(subject, shown):
            self._dropped.append(drop(shown, DropReason.KEPT_APART))
            return
        if _has_other_number(subject, shown, self._types):
            self._dropped.append(drop(shown, DropReason.CONFLICTING_STRONG_IDENTIFIERS))
        elif len(subject.identifiers) >= self._context.limits.max_identifiers:
            self._dropped.append(drop(shown, DropReason.TOO_MANY_IDENTIFIERS))
        else:
            self._roster.link(subject_id, shown)

    def _is_kept_apart(self, subject: Customer, shown: Identifier) -> bool:
        """Return whether a person decided that the identifier is not the customer's."""
        return any(
            link.id.rule is Rule.CANNOT_LINK and link.other(shown.key) in subject.identifiers
            for link in self._roster.evidence.around(shown.key)
        )

    def _claim_from_owner(self, subject_id: UUID, owner_id: UUID, shown: Identifier) -> None:
        self._dropped.append(drop(shown, DropReason.CLAIMED_ELSEWHERE))
        self._claims.append(shown)
        if self._roster.has_claim(subject_id, shown.key):
            return
        now = self._context.now
        expires_at = now + self._context.limits.claim_lifetime
        at = shown.first_seen_at
        claim = Claim(shown.key, subject_id, shown.raw, shown.source, at, expires_at)
        self._roster.claim(claim, shown, held_by=owner_id)

    def _observe(self, subject_id: UUID) -> None:
        tells_apart = any(
            shown.level is Level.VERIFIED or self._types.of(shown.key.type).is_exclusive
            for shown in self._proved
        )
        refused = frozenset() if tells_apart else self._known.refused_by(self._request.said)
        observations = [each for each in self._observations if each.name not in refused]
        if observations:
            self._roster.observe(subject_id, observations, level=self._level)

    def _said_before(self) -> KnownSayings:
        """Return what was said of the customer to whom the best known identifier leads."""
        owners = (self._roster.owner(shown.key) for shown in best_first(self._proved, self._types))
        known = next((owner for owner in owners if owner is not None), None)
        return KnownSayings.of(() if known is None else known.identifiers.values())

    def _answer(self, subject_id: UUID) -> Resolution:
        subject, placement = self._roster.get(subject_id), self._placement
        merged = () if placement is None else tuple(sorted(placement.merged))
        return Resolution(
            subject_id,
            version=subject.version,
            created=subject_id in self._created,
            linked=tuple(self._linked(subject)),
            claimed=tuple(self._claims),
            moved=() if placement is None else tuple(placement.moved),
            merged=merged,
            split=() if placement is None else tuple(placement.split),
            dropped=tuple(self._dropped),
            quarantined=(
                () if placement is None else tuple(sorted(placement.partition.quarantined))
            ),
            conflicts=self._known.conflicts_with(self._request.said),
        )

    def _linked(self, subject: Customer) -> list[Identifier]:
        linked: list[Identifier] = []
        for shown in (*self._proved, *self._claimed):
            if shown.presented is None:
                continue
            now = subject.identifiers.get(shown.key)
            if now is None:
                continue
            before = self._before.get(shown.key)
            was = None if before is None else self._roster.find(before[0])
            if before is None or was is None or was.id != subject.id or now.level > before[1]:
                linked.append(now)
        return sorted(linked, key=lambda identifier: (-identifier.level, identifier.key))


def _has_other_number(customer: Customer, shown: Identifier, types: TypeRules) -> bool:
    """Return whether the customer has another value of an exclusive type."""
    return types.of(shown.key.type).is_exclusive and any(
        key[:2] == shown.key[:2] and key.value != shown.key.value for key in customer.identifiers
    )

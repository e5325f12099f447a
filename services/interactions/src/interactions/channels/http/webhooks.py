"""Providers' webhooks: check the signature, store the raw call, respond at once."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from common.web import examples, part_of, part_state, public, tag
from common.web.requests import (
    ANY_QUERY,
    RawBody,
    admit_tenant,
    public_url,
    refuse_stranger,
    signed_body,
)
from interactions.channels.http.examples import RECEIVE
from interactions.channels.http.state import ChannelsState
from interactions.channels.kit.adapter import Adapter, Headers, Signed
from interactions.channels.store.accounts import ChannelAccount, find_account
from interactions.channels.usecases.add_channel_account import binding
from interactions.channels.usecases.deliveries import StoreDelivery, store_delivery

router = APIRouter(tags=[tag("channels", "What the providers of channels call.")])

NO_SECRET = "0" * 32
"""Used when there is no secret, so that an unknown account takes as long as a bad signature."""

NOT_STORED = frozenset({"authorization", "cookie", "proxy-authorization"})

_ACKNOWLEDGED: dict[str, Any] = {
    "description": "The call is stored; the body is what its provider expects.",
    "content": {"text/xml": {"schema": {"type": "string"}}},
}


def _limit_of(request: Request) -> int | None:
    """Return how many bytes the provider's call may have; None if it is no provider's."""
    adapter = part_of(request, ChannelsState).adapters.get(request.path_params["provider"])
    if adapter is None or not adapter.looks_signed(_headers(request)):
        return None
    return adapter.max_bytes


@router.post(
    "/v1/channels/{provider}/{account}",
    operation_id="receive_webhook",
    summary="Receive a provider's webhook",
    response_class=Response,
    dependencies=[public("the provider signs its call")],
    responses={200: _ACKNOWLEDGED},
    openapi_extra=ANY_QUERY | examples(*RECEIVE),
)
async def receive(
    *,
    request: Request,
    provider: Annotated[str, Path(description="Name of the provider, such as `twilio`.")],
    account: Annotated[str, Path(description="The tenant's channel account at the provider.")],
    raw: Annotated[RawBody, signed_body(_limit_of, media_type="application/x-www-form-urlencoded")],
    state: Annotated[ChannelsState, part_state(ChannelsState)],
) -> Response:
    """Store a provider's call. The account in the path determines the tenant."""
    adapter = state.adapters.get(provider)
    call = Signed(_called_url(request, state), _headers(request), raw.content)
    known = await state.database.read(find_account, provider=provider, account=account)
    if adapter is None or not _is_genuine(adapter, call, known, state) or known is None:
        refuse_stranger(request)
    await admit_tenant(request, known.tenant_id)
    command = StoreDelivery(
        known.tenant_id,
        provider,
        account,
        adapter.delivery_key(call),
        [pair for pair in call.headers if pair[0] not in NOT_STORED],
        raw.content,
    )
    await state.database.run(store_delivery, command, now=state.clock.now())
    state.deliveries_stored()
    media_type, body = adapter.answer
    return Response(body, media_type=media_type)


def _is_genuine(
    adapter: Adapter, call: Signed, account: ChannelAccount | None, state: ChannelsState
) -> bool:
    """Return whether the call is genuine; False if there is no account or no readable secret."""
    secret = None
    if account is not None:
        bound_to = binding(account.provider, account.account, account.tenant_id)
        secret = state.sealer.open(account.secret, bound_to=bound_to)
    genuine = adapter.is_genuine(call, secret or NO_SECRET)
    return genuine and bool(secret)


def _called_url(request: Request, state: ChannelsState) -> str:
    called = public_url(request)
    if state.public_base_url is None:
        return called
    path_and_query = called.split("://", 1)[1].partition("/")[2]
    return f"{state.public_base_url.rstrip('/')}/{path_and_query}"


def _headers(request: Request) -> Headers:
    return [
        (name.decode("latin-1").lower(), value.decode("latin-1"))
        for name, value in request.scope["headers"]
    ]

from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, create_model

from devstack.stack.gateway import build_gateway
from devstack.testing.http import http_client


def an_app(name: str, *paths: str, answer: type[BaseModel], ready: int = 200) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI):
        yield {"service": name}

    app = FastAPI(lifespan=lifespan)

    async def say(request: Request):
        return {"word": request.state.service}

    async def healthy():
        return JSONResponse({"name": name}, ready)

    for path in paths:
        app.add_api_route(path, say, response_model=answer)
    for path in ("/livez", "/readyz"):
        app.add_api_route(path, healthy, include_in_schema=False)
    return app


Word = create_model("Word", word=(str, ...))
OtherWord = create_model("Word", word=(str, ...), more=(int, 0))


@pytest.fixture
def apps():
    return {
        "left": an_app("left", "/v1/left/{x}", "/v1/both/left", answer=Word),
        "right": an_app("right", "/v1/right", "/v1/both/right", answer=OtherWord, ready=503),
    }


async def test_a_path_goes_to_the_service_that_declares_it(apps):
    async with http_client(build_gateway(apps)) as client:
        for path, service in (
            ("/v1/left/1", "left"),
            ("/v1/right", "right"),
            ("/v1/both/left", "left"),
            ("/v1/both/right", "right"),
        ):
            assert (await client.get(path)).json()["word"] == service
        assert (await client.get("/v1/nowhere")).status_code == 404
        assert (await client.delete("/v1/right")).status_code == 405


async def test_one_service_that_is_not_ready_makes_the_whole_not_ready(apps):
    async with http_client(build_gateway(apps)) as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "ok": False,
        "services": {"left": {"name": "left"}, "right": {"name": "right"}},
    }


async def test_the_description_holds_every_path_and_keeps_clashing_schemas_apart(apps):
    async with http_client(build_gateway(apps)) as client:
        document = (await client.get("/openapi.json")).json()
    assert set(document["paths"]) == {
        "/v1/left/{x}",
        "/v1/right",
        "/v1/both/left",
        "/v1/both/right",
    }
    right = document["paths"]["/v1/right"]["get"]["responses"]["200"]["content"]
    name = right["application/json"]["schema"]["$ref"].rpartition("/")[2]
    assert name == "RightWord"
    assert "more" in document["components"]["schemas"][name]["properties"]
    assert "more" not in document["components"]["schemas"]["Word"]["properties"]

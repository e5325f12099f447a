"""The page ``/docs`` comes whole from the server, and runs nothing else."""

import re
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import APIRouter

from common.web import docs_routes
from libs.common.tests.unit.web.plumbing import HTTP, World, world

KINDS = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}


@pytest.fixture
def there():
    return world(APIRouter())


async def get(there: World, path: str, **options) -> httpx.Response:
    async with there.client() as stranger:
        return await stranger.get(path, **options)


def addresses(page: httpx.Response) -> list[str]:
    return re.findall(r'(?:src|href)="([^"]+)"', page.text)


async def test_the_page_and_all_its_files_come_from_here(there):
    page = await get(there, "/docs")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert len(addresses(page)) == 5
    for address in addresses(page):
        assert not urlsplit(address).netloc
        file = await get(there, address)
        assert file.status_code == 200, address
        assert file.headers["content-type"].startswith(KINDS[address.rpartition(".")[2]])
        assert file.content
    assert "SwaggerUIBundle" in (await get(there, "/docs/swagger-ui-bundle.js")).text


async def test_the_policy_allows_no_inline_script_no_eval_no_frame_and_no_other_server(there):
    page = await get(there, "/docs")
    [policy] = page.headers.get_list("content-security-policy")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
    assert "unsafe" not in policy
    assert page.headers.get_list("x-content-type-options") == ["nosniff"]
    assert re.findall(r"<script(?![^>]*src=)|<style| style=| on\w+=", page.text) == []


async def test_an_unchanged_file_is_not_sent_again(there):
    first = await get(there, "/docs/page.js")
    again = await get(there, "/docs/page.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_other_names_are_not_files(there):
    for name in ("page.html", "__init__.py", "..%2fapp.py", "nothing.js"):
        assert (await get(there, f"/docs/{name}")).status_code == 404


async def test_the_page_asks_for_a_key_only_where_one_is_offered(there):
    assert 'data-key-path=""' in (await get(there, "/docs")).text
    [page, *_] = docs_routes("/docs/key")
    answer = await page.endpoint(None)
    assert b'data-key-path="/docs/key"' in answer.body


async def test_without_documents_its_files_are_gone_too():
    shut = world(APIRouter(), http=HTTP.model_copy(update={"docs": False}))
    assert (await get(shut, "/docs/page.js")).status_code == 404

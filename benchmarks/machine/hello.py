"""A minimal FastAPI application on our server: ``python -m benchmarks.machine.hello PORT``."""

import asyncio
import sys

from fastapi import FastAPI
from pydantic import SecretStr

from common.cli import run_async
from common.runtime import HttpServer, stop_on_signals
from common.settings import HttpSettings

app = FastAPI()


@app.get("/")
async def hello() -> dict[str, str]:
    return {"hello": "world"}


async def main(port: int) -> None:
    stop = asyncio.Event()
    stop_on_signals(stop)
    await HttpServer(app, HttpSettings(port=port, cursor_secret=SecretStr("-"))).run(stop)


if __name__ == "__main__":
    run_async(lambda: main(int(sys.argv[1])))

"""The API server: uvicorn app.main:app"""

import logging
import time

from fastapi import FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse

from . import __version__, logs, seed
from .db import engine
from .routes import auth, docs, health, items, jobs, uploads
from .settings import settings

logs.configure()
settings.check()
log = logging.getLogger("app")

app = FastAPI(
    title="ENABLEDRM",
    version=__version__,
    description="The demo application of the appstack pack.",
    docs_url=None,
    redoc_url=None,
    openapi_url="/api/openapi.json",
)
if settings.cors_origins:
    app.add_middleware(
        CORSMiddleware,
        allow_origins=list(settings.cors_origins),
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=["X-Cache"],
    )
for module in (health, auth, items, uploads, jobs, docs):
    app.include_router(module.router, prefix="/api")


@app.middleware("http")
async def access_log(request: Request, call_next):
    start = time.perf_counter()
    try:
        response = await call_next(request)
    except Exception:
        log.exception("request failed", extra={"method": request.method, "path": request.url.path})
        response = JSONResponse({"detail": "something went wrong here; the log has more"}, 500)
    response.headers["X-Instance"] = settings.instance
    level = logging.DEBUG if request.url.path == "/api/health" and response.status_code == 200 else logging.INFO
    log.log(
        level,
        "request",
        extra={
            "method": request.method,
            "path": request.url.path,  # without the query: it can hold a signature
            "status": response.status_code,
            "milliseconds": round((time.perf_counter() - start) * 1000, 1),
            "client": request.client.host if request.client else None,
            "request_id": request.headers.get("x-request-id"),
        },
    )
    return response


@app.on_event("startup")
def startup():
    seed.start()
    log.info("started", extra={"environment": settings.environment, "version": __version__})


@app.on_event("shutdown")
def shutdown():
    engine.dispose()
    log.info("stopped")

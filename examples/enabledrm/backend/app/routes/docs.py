"""Swagger UI from files of this image: no address outside the site, and no inline script."""

from pathlib import Path

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse, HTMLResponse, Response

from ..settings import settings

router = APIRouter(include_in_schema=False)

_ASSETS = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>ENABLEDRM API · Swagger UI</title>
<link rel="icon" type="image/png" href="/api/docs/assets/favicon-32x32.png">
<link rel="stylesheet" href="/api/docs/assets/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/api/docs/assets/swagger-ui-bundle.js"></script>
<script src="/api/docs/init.js"></script>
</body>
</html>
"""

_INIT = """window.ui = SwaggerUIBundle({
  url: "/api/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  persistAuthorization: true,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
});
"""


@router.get("/docs")
def page():
    return HTMLResponse(_PAGE)


@router.get("/docs/init.js")
def init():
    return Response(_INIT, media_type="text/javascript")


@router.get("/docs/assets/{name}")
def asset(name: str):
    if name not in _ASSETS:
        raise HTTPException(404, "no such file")
    path = Path(settings.swagger_ui_dir) / name
    if not path.is_file():
        raise HTTPException(404, "the Swagger UI files are not installed; set SWAGGER_UI_DIR")
    return FileResponse(path, media_type=_ASSETS[name], headers={"Cache-Control": "public, max-age=86400"})

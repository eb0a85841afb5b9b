"""The token beyond loopback: a page trades it for a cookie that lets pictures and events be read, and writes with the token."""

from __future__ import annotations

import re
from typing import Final

from fastapi import APIRouter, Request, Response

from studies.service.rest.guard import COOKIE
from studies.service.rest.problems import described

router = APIRouter(prefix="/api", tags=["session"])
TOKEN: Final = re.compile(r"[\w-]{1,100}", re.ASCII)


@router.post("/session", status_code=204, responses=described(401))
def open_session(request: Request) -> Response:
    """Answers once the token is right. The cookie never lets anything be written."""
    answer = Response(status_code=204)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and TOKEN.fullmatch(token.strip()):
        answer.set_cookie(COOKIE, token.strip(), httponly=True, samesite="strict", path="/")
    return answer

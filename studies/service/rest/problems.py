"""Errors as problem+json (RFC 9457), with the one line that the command line prints."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from models.errors import InputError, TakenError
from models.language.translate import phrase, said
from studies.service.advice import on_page
from studies.service.rooms import NotThereError
from studies.spec_reading.fault_words import words_of

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

PROBLEM: Final = "application/problem+json"
LOG: Final = logging.getLogger("uvicorn.error")
UNKNOWN: Final = "Nothing was changed. The terminal of the service has the details."
UNREAD: Final = "There was an error parsing the body"
"""Of FastAPI: JSON that is damaged, nested too deeply or no UTF-8."""


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """One line for a person, as problem+json."""
    from starlette.responses import JSONResponse

    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return JSONResponse(body, status, dict(headers or {}), media_type=PROBLEM)


def status_of(error: InputError) -> int:
    """404 for what is not here, 409 where somebody else is at it, else 422."""
    if isinstance(error, NotThereError):
        return 404
    return 409 if isinstance(error, TakenError) else 422


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems that an operation may answer with, for its OpenAPI."""
    fields = {"type": "string", "title": "string", "status": "integer", "detail": "string"}
    schema = {
        "type": "object",
        "required": list(fields),
        "properties": {name: {"type": kind} for name, kind in fields.items()},
    }
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {PROBLEM: {"schema": schema}}}
        for status in dict.fromkeys((400, 403, *statuses, 413, 422, 429))
    }


def _unread() -> InputError:
    what = "the body is no JSON that can be read: cut short, not UTF-8, or nested too deeply"
    return InputError(what, phrase("the request's body"), "send one JSON object as /docs describes it")


def answer_problems(app: FastAPI) -> None:
    """Every error of this app is a problem; one that nobody foresaw goes to the log with its traceback."""
    from fastapi.exceptions import RequestValidationError
    from sqlalchemy.exc import SQLAlchemyError
    from starlette.exceptions import HTTPException

    def on_input(request: Request, error: Exception) -> Response:
        assert isinstance(error, InputError)
        return problem(status_of(error), on_page(error).translated())

    def on_form(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            return problem(422, _unread().translated())
        where = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
        return problem(422, InputError(words_of([first]), where[:80], "see /docs").translated())

    def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.detail == UNREAD:
            return problem(error.status_code, _unread().translated())
        return problem(error.status_code, f"{error.detail}: {request.method} {request.url.path[:120]}; see /docs")

    def on_machine(request: Request, error: Exception) -> Response:
        from studies.run.errors import plain

        found = plain(error)
        if found is not None:
            return problem(507 if "disk" in found.what else 503, found.translated())
        if isinstance(error, FileNotFoundError):
            mend = "bring it back, or load the page again"
            return problem(404, InputError("a file or folder is gone", error.filename or "", mend).translated())
        return on_unknown(request, error)

    def on_unknown(request: Request, error: Exception) -> Response:
        LOG.error("%s %s", request.method, request.url.path, exc_info=error)
        return problem(500, said(UNKNOWN))

    app.add_exception_handler(InputError, on_input)
    app.add_exception_handler(RequestValidationError, on_form)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(OSError, on_machine)
    app.add_exception_handler(SQLAlchemyError, on_machine)
    app.add_exception_handler(Exception, on_unknown)

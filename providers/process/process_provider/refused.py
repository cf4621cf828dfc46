"""The one kind of error an answer can carry (RFC 9457)."""


class RefusedError(Exception):
    """Something the caller can act on; `code` is for programs, `detail` for people.

    `allow` are the methods a 405 has to name (RFC 9110, 15.5.6).
    """

    def __init__(self, status: int, code: str, detail: str, *, allow: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.allow = allow


def not_running(process_id: str) -> RefusedError:
    """409: it has ended."""
    return RefusedError(409, "not-running", f"{process_id} has ended; nothing can be sent to it")

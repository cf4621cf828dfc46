"""Whether a running provider is reached through the gateway, by path and by name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from urllib.parse import urlsplit

from runtime_manager.conformance import package, pages
from runtime_manager.conformance.answers import Answer, NoAnswerError
from runtime_manager.conformance.landing import Ground, Landing, LostError, land
from runtime_manager.conformance.promises import (
    Finding,
    Promise,
    broken,
    kept,
    not_applicable,
    not_tried,
)
from runtime_manager.conformance.scratch import ScratchDaemon
from runtime_manager.model.provider import Provider

_LINKS = 24
_TOLD = 3
_RELATIVE = (
    "write them relative (style.css, not /style.css), or after {namespace} (PROVIDER_NAMESPACE)"
)


def through_the_gateway(daemon: ScratchDaemon, provider: Provider) -> Iterator[Finding]:
    """The promises about its addresses. Nothing is raised."""
    manifest = provider.manifest
    by_path = Ground(daemon.url, (manifest.namespace, f"/assets/{provider.code}"))
    try:
        landing = land(f"{manifest.namespace}/", ground=by_path, fetch=daemon.ask)
        yield _answered(Promise.BY_PATH, landing)
        yield _links(landing, by_path, daemon)
    except LostError as lost:
        yield broken(Promise.BY_PATH, str(lost), hint=_RELATIVE)
        yield not_tried(Promise.LINKS, "its first page is out of reach")
    except NoAnswerError as error:
        yield broken(Promise.BY_PATH, str(error), hint="its first page must come to an end")
        yield not_tried(Promise.LINKS, "there is no first page")
    yield _by_name(daemon, provider)
    yield _spec(daemon, provider)
    yield _element(daemon, provider)


def _answered(promise: Promise, landing: Landing) -> Finding:
    status = landing.answer.status
    if status >= 500:
        hint = "see what it prints: rtm logs CODE, once it is in a home"
        return broken(promise, f"status {status} at {_path(landing.url)}", hint=hint)
    how = " by a redirect" if landing.hops else ""
    return kept(promise, f"status {status} at {_path(landing.url)}{how}")


def _path(url: str) -> str:
    return urlsplit(url).path or "/"


def _links(landing: Landing, ground: Ground, daemon: ScratchDaemon) -> Finding:
    if landing.answer.media_type != "text/html":
        kind = landing.answer.media_type or "nothing with a type"
        return not_applicable(Promise.LINKS, f"its first page is {kind}")
    page = pages.read_page(landing.answer.body.decode(errors="replace"))
    paths: dict[str, str] = {}
    faults: list[str] = []
    for link in page.links:
        url = pages.resolve(link.value, page_url=landing.url, base=page.base)
        try:
            path = ground.path_of(url, what=str(link)) if url else None
        except LostError as lost:
            faults.append(str(lost))
        else:
            if path is not None and link.is_fetched:
                paths.setdefault(path, str(link))
    for path, what in list(paths.items())[:_LINKS]:
        faults += _fault_of(path, what, ground, daemon)
    if faults:
        more = [f"and {len(faults) - _TOLD} more"] if len(faults) > _TOLD else []
        return broken(Promise.LINKS, "\n".join([*faults[:_TOLD], *more]), hint=_RELATIVE)
    count = len(page.links)
    return kept(Promise.LINKS, f"{count} link{'' if count == 1 else 's'}")


def _fault_of(path: str, what: str, ground: Ground, daemon: ScratchDaemon) -> Iterator[str]:
    try:
        status = land(path, ground=ground, fetch=daemon.ask).answer.status
    except (LostError, NoAnswerError) as error:
        yield f"{what}: {error}"
    else:
        if status in (404, 410) or status >= 500:
            yield f"{what} is answered {status}"


def _by_name(daemon: ScratchDaemon, provider: Provider) -> Finding:
    name = daemon.named(provider.code)
    ground = Ground(f"http://{name}", ("",))
    try:
        landing = land("/", ground=ground, fetch=partial(daemon.ask, host=name))
    except LostError as lost:
        return broken(Promise.BY_NAME, str(lost), hint=_RELATIVE)
    except NoAnswerError as error:
        return broken(Promise.BY_NAME, str(error), hint="its first page must come to an end")
    return _answered(Promise.BY_NAME, landing)


def _spec(daemon: ScratchDaemon, provider: Provider) -> Finding:
    name = provider.manifest.spec
    if name is None:
        return not_applicable(Promise.SPEC, "it declares none")
    if not name.startswith("http:"):
        try:
            return package.spec(name, (provider.folder / name).read_bytes())
        except OSError as exc:
            hint = "add the file, or correct `spec` in the manifest"
            return broken(Promise.SPEC, f"{name} cannot be read: {exc.strerror}", hint=hint)
    path = _as_seen_outside(provider, name.removeprefix("http:"))
    try:
        answer = daemon.ask(path)
    except NoAnswerError as error:
        return broken(Promise.SPEC, f"{name}: {error}")
    if answer.status != 200:
        hint = "answer it with status 200, or correct `spec` in the manifest"
        return broken(Promise.SPEC, f"{name} is answered {answer.status}", hint=hint)
    return package.spec(name, answer.body)


def _as_seen_outside(provider: Provider, path: str) -> str:
    """A path that the program answers, as the gateway's clients ask for it."""
    namespace = provider.manifest.namespace
    is_whole = not provider.manifest.strip_prefix and pages.is_under(path, namespace)
    return path if is_whole else namespace + path


def _element(daemon: ScratchDaemon, provider: Provider) -> Finding:
    if provider.manifest.element is None:
        return not_applicable(Promise.ELEMENT, "it has no element")
    try:
        source = str(daemon.provider(provider.code)["element"]["source"])
        answer: Answer = daemon.ask(source)
    except NoAnswerError as error:
        return broken(Promise.ELEMENT, str(error))
    if answer.status != 200 or not answer.media_type.endswith("javascript"):
        told = f"{source} is answered {answer.status}, {answer.media_type or 'without a type'}"
        hint = "element.source must be a .js file in the package's assets folder"
        return broken(Promise.ELEMENT, told, hint=hint)
    return kept(Promise.ELEMENT, source)

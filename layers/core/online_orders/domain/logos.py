"""Logos: what a PNG or an SVG must be so that papers can be set with it, whoever has sent it.

Nothing is asked of the name or of the declared type: the content is examined. What an SVG may have is limited further
than SVG is, so that it neither runs nor loads anything, and takes no time that nobody can foresee.
"""

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from xml.etree.ElementTree import Element

MediaType = Literal["image/png", "image/svg+xml"]

MAX_PNG_BYTES = 200 * 1024
MAX_SVG_BYTES = 100 * 1024
MAX_SIDE = 2_000
"""Pixels of a PNG in each direction."""
MAX_PIXELS = MAX_SIDE * MAX_SIDE
"""Of all pictures in an SVG together."""
MAX_DEPTH = 100
MAX_SHAPES = 50_000
"""Elements of an SVG, each as often as it is drawn."""
MAX_DRAWN = 1024 * 1024
"""Characters of what an SVG draws, each as often as it is drawn: papers with it are mailed."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER_BYTES, _FRAME_BYTES, _TYPE_BYTES = 13, 12, 4
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Samples of a pixel, by the color type."""
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_PALETTE_TYPE, _MAX_PALETTE_BYTES = 3, 768
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""The passes of an interlaced PNG: first column and row, and the steps."""
_MAX_FILTER = 4
_PIECE = 64 * 1024

_SVG = "http://www.w3.org/2000/svg"
_XHTML = "http://www.w3.org/1999/xhtml"
_REFUSED = frozenset(
    {
        *("script", "handler", "listener", "foreignobject", "iframe", "object", "embed", "audio", "video", "canvas"),
        *("animate", "animatecolor", "animatemotion", "animatetransform", "discard", "set"),
        # Turned into pixels, in a time that nothing limits.
        "filter",
        # Drawn at each point of a path.
        "marker",
    }
)
_URL = re.compile(r"url\(\s*[\"']?\s*([^\"')]*)", re.IGNORECASE)
_STYLESHEET = re.compile(r"<\?\s*xml-\s*stylesheet\b")
_PICTURE = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=\s]*)", re.IGNORECASE)


class Fault(NamedTuple):
    """Why a logo is refused: a stable code and a sentence."""

    code: str
    detail: str


class _Refused(Exception):
    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.fault = Fault(code, detail)


def decode(data: str) -> bytes | None:
    """Return the bytes that are written in base64; None for what is not."""
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return None


def fault_of(media_type: str, data: str) -> Fault | None:
    """Return why a logo cannot be used, or None. `data` is base64."""
    content = decode(data)
    try:
        if content is None:
            raise _malformed("The logo is no base64")
        if media_type == "image/png":
            _check_png(content)
        else:
            _check_svg(content)
    except _Refused as refused:
        return refused.fault
    return None


def _malformed(why: str) -> _Refused:
    return _Refused("logo_malformed", f"{why}.")


def _unsafe(what: str) -> _Refused:
    return _Refused("logo_unsafe", f"{what}.")


def _too_large(size: int, most: int) -> None:
    if size > most:
        raise _Refused("logo_too_large", f"The logo has {most // 1024} KB at most.")


# -- PNG ----------------------------------------------------------------------------------------------------------


class _Header(NamedTuple):
    width: int
    height: int
    depth: int
    color: int
    is_interlaced: bool

    def passes(self) -> Iterator[tuple[int, int]]:
        """Yield how many rows, and how many bytes each, the data have: the filter's, and the pixels'."""
        bits = self.depth * _CHANNELS[self.color]
        for column, row, right, down in _ADAM7 if self.is_interlaced else ((0, 0, 1, 1),):
            columns, rows = -(-(self.width - column) // right), -(-(self.height - row) // down)
            if columns > 0 and rows > 0:
                yield rows, 1 + -(-columns * bits // 8)


def _check_png(data: bytes) -> int:
    """Refuse what is no PNG that every reader can show; return how many pixels it has."""
    if not data.startswith(_SIGNATURE):
        raise _Refused("logo_wrong_type", "The logo is no PNG.")
    _too_large(len(data), MAX_PNG_BYTES)
    chunks = list(_chunks(data))
    names = [name for name, _ in chunks]
    if names[:1] != [b"IHDR"] or names[-1:] != [b"IEND"] or {b"IHDR", b"IEND"} & {*names[1:-1]}:
        raise _malformed("The PNG does not begin and end as it should")
    header = _header_of(chunks[0][1])
    critical = [name for name in names if not name[0] & 0x20]
    palettes = [content for name, content in chunks if name == b"PLTE"]
    if set(critical) - {b"IHDR", b"PLTE", b"IDAT", b"IEND"} or len(palettes) > 1:
        raise _malformed("The PNG has parts that no reader knows")
    if header.color == _PALETTE_TYPE and critical[1:2] != [b"PLTE"]:
        raise _malformed("The PNG has no palette")
    if any(not each or len(each) % 3 or len(each) > _MAX_PALETTE_BYTES for each in palettes):
        raise _malformed("The palette of the PNG is malformed")
    places = [index for index, name in enumerate(names) if name == b"IDAT"]
    if not places or any(after - before > 1 for before, after in pairwise(places)):
        raise _malformed("The pixels of the PNG do not stand together")
    _check_pixels(header, b"".join(chunks[index][1] for index in places))
    return header.width * header.height


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(_SIGNATURE)
    while place < len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        end = place + _FRAME_BYTES + length
        if end > len(data):
            raise _malformed("The PNG is cut off")
        typed = data[place + 4 : end - 4]
        if zlib.crc32(typed) != int.from_bytes(data[end - 4 : end], "big"):
            raise _malformed("A part of the PNG is damaged")
        yield typed[:_TYPE_BYTES], typed[_TYPE_BYTES:]
        place = end


def _header_of(content: bytes) -> _Header:
    if len(content) != _HEADER_BYTES:
        raise _malformed("The PNG has no header")
    width, height = int.from_bytes(content[:4], "big"), int.from_bytes(content[4:8], "big")
    depth, color, compression, filtering, interlacing = content[8:]
    if not width or not height or depth not in _DEPTHS.get(color, ()) or compression or filtering or interlacing > 1:
        raise _malformed("The header of the PNG is malformed")
    if max(width, height) > MAX_SIDE:
        raise _Refused("logo_too_large", f"The logo has {MAX_SIDE:,} pixels in each direction at most.")
    return _Header(width, height, depth, color, bool(interlacing))


def _check_pixels(header: _Header, packed: bytes) -> None:
    """Refuse pixels that are not exactly as many as the header says, or filtered in a way that does not exist."""
    rows = [(length, count) for count, length in header.passes()]
    expected = sum(length * count for length, count in rows)
    starts = _filter_places(rows)
    unpacker, unpacked = zlib.decompressobj(), 0
    place: int | None = next(starts)
    try:
        while piece := unpacker.decompress(packed, _PIECE):
            while place is not None and place < unpacked + len(piece):
                if piece[place - unpacked] > _MAX_FILTER:
                    raise _malformed("A row of the PNG is malformed")
                place = next(starts, None)
            unpacked += len(piece)
            packed = unpacker.unconsumed_tail
            if unpacked > expected:
                break
    except zlib.error:
        raise _malformed("The pixels of the PNG are damaged") from None
    if unpacked != expected or not unpacker.eof:
        raise _malformed("The PNG has other pixels than its header says")


def _filter_places(rows: list[tuple[int, int]]) -> Iterator[int]:
    place = 0
    for length, count in rows:
        for _ in range(count):
            yield place
            place += length


# -- SVG ----------------------------------------------------------------------------------------------------------


def _check_svg(data: bytes) -> None:
    _too_large(len(data), MAX_SVG_BYTES)
    root = _parsed(data)
    if root.tag != f"{{{_SVG}}}svg":
        raise _Refused("logo_wrong_type", "The logo is no SVG.")
    pixels = 0
    for element, depth in _walk(root):
        if depth > MAX_DEPTH:
            raise _unsafe(f"The SVG has more than {MAX_DEPTH} elements within each other")
        _check_element(element)
        pixels += sum(_check_reference(each) for each in _references(element))
    if pixels > MAX_PIXELS:
        raise _Refused("logo_too_large", f"The pictures of the SVG have {MAX_PIXELS:,} pixels at most.")
    if _drawn(root, lambda _: 1, MAX_SHAPES) > MAX_SHAPES:
        raise _unsafe(f"The SVG draws more than {MAX_SHAPES:,} elements")
    if _drawn(root, _length, MAX_DRAWN) > MAX_DRAWN:
        raise _Refused("logo_too_large", f"The SVG draws more than {MAX_DRAWN // 1024:,} KB, counted at each use.")


def _parsed(data: bytes) -> "Element":
    """Return the root; XML in UTF-8, whatever it says of itself, as Typst reads it."""
    # Imported here for the sake of cold starts.
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser

    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _Refused("logo_wrong_type", "The logo is no SVG in UTF-8.") from None
    if _STYLESHEET.search(text):
        raise _unsafe("The SVG names a style sheet")
    parser = DefusedXMLParser(encoding="utf-8", forbid_dtd=True)
    try:
        parser.feed(text.encode())
        root: Element = parser.close()
    except DefusedXmlException:
        raise _unsafe("The SVG has a document type") from None
    except ParseError as error:
        is_xml = text.lstrip().startswith("<")
        code = "logo_malformed" if is_xml else "logo_wrong_type"
        raise _Refused(code, f"The logo is no XML: {error}.") from None
    return root


def _walk(root: "Element") -> Iterator[tuple["Element", int]]:
    left = [(root, 1)]
    while left:
        element, depth = left.pop()
        yield element, depth
        left += [(child, depth + 1) for child in element]


def _split(name: str) -> tuple[str, str]:
    """Return the namespace and the local name, in small letters."""
    namespace, _, local = name.rpartition("}")
    return namespace.removeprefix("{"), local.casefold()


def _check_element(element: "Element") -> None:
    namespace, local = _split(element.tag)
    if local in _REFUSED or namespace == _XHTML:
        raise _unsafe(f"The SVG has an element {local[:40]}")
    for name in element.attrib:
        _, attribute = _split(name)
        if attribute.startswith("on") or attribute == "base":
            raise _unsafe(f"The SVG has an attribute {attribute[:40]}")
    style = "".join(element.itertext()) if local == "style" else element.get("style", "")
    if any(each in style.casefold() for each in ("@import", "image-set", "src(")) or "\\" in style:
        raise _unsafe("A style of the SVG imports something, or hides what it says")


def _references(element: "Element") -> Iterator[str]:
    """Yield what an element refers to: by its attributes, and of a style sheet by its text."""
    for name, value in element.attrib.items():
        if _split(name)[1] in {"href", "src"}:
            yield value.strip()
        yield from (each.strip() for each in _URL.findall(value))
    if _split(element.tag)[1] == "style":
        yield from (each.strip() for each in _URL.findall("".join(element.itertext())))


def _check_reference(reference: str) -> int:
    """Refuse what leads out of the SVG; return the pixels of a picture in it."""
    if reference.startswith("#"):
        return 0
    picture = _PICTURE.fullmatch(reference)
    if picture is None:
        raise _unsafe("The SVG refers to something outside of it")
    content = decode("".join(picture[1].split()))
    if content is None:
        raise _malformed("A picture in the SVG is no base64")
    return _check_png(content)


def _length(element: "Element") -> int:
    """Return how many characters an element has to draw; a picture is drawn once, and limited by its pixels."""
    values = (value for name, value in element.attrib.items() if _split(name)[1] != "href")
    return sum(map(len, values)) + len(element.text or "") + len(element.tail or "")


def _drawn(root: "Element", weight: "Callable[[Element], int]", most: int) -> int:
    """Return how much is drawn, by the weights of elements, each as often as something refers to it; refuse what refers
    to itself. Counting ends beyond `most`.
    """
    elements = [element for element, _ in _walk(root)]
    by_id = {element.get("id", ""): element for element in reversed(elements)}
    counts: dict[int, int] = {}
    for element in _inside_out(root, by_id):
        counts[id(element)] = weight(element) + sum(counts[id(each)] for each in _parts(element, by_id))
        if counts[id(element)] > most:
            return counts[id(element)]
    # What a style sheet refers to may be drawn with every element.
    styled = sum(counts[id(each)] for element in elements if _is_style(element) for each in _targets(element, by_id))
    return counts[id(root)] + styled * len(elements)


def _inside_out(root: "Element", by_id: dict[str, "Element"]) -> Iterator["Element"]:
    """Yield all elements, each after what it has and refers to."""
    done: set[int] = set()
    begun: set[int] = set()
    left = [(root, False)]
    while left:
        element, is_left = left.pop()
        if is_left:
            done.add(id(element))
            yield element
        elif id(element) not in done:
            if id(element) in begun:
                raise _malformed("The SVG refers to itself")
            begun.add(id(element))
            left.append((element, True))
            left += [(each, False) for each in _parts(element, by_id) if id(each) not in done]


def _parts(element: "Element", by_id: dict[str, "Element"]) -> list["Element"]:
    return [*element, *([] if _is_style(element) else _targets(element, by_id))]


def _is_style(element: "Element") -> bool:
    return _split(element.tag)[1] == "style"


def _targets(element: "Element", by_id: dict[str, "Element"]) -> list["Element"]:
    named = (each.removeprefix("#") for each in _references(element) if each.startswith("#"))
    return [by_id[each] for each in named if each and each in by_id]

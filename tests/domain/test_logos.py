"""Logos: which PNG and SVG papers are set with, and which are refused, with what code."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from online_orders.domain import logos
from online_orders.domain.logos import MAX_PNG_BYTES, MAX_SIDE, MAX_SVG_BYTES, fault_of

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def coded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def chunk(name: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def header(width: int = 2, height: int = 2, depth: int = 8, color: int = 2, interlaced: int = 0) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlaced))


PIXELS = zlib.compress((b"\0" + bytes(6)) * 2)
END = chunk(b"IEND")


def png(*parts: bytes) -> str:
    return coded(SIGNATURE + b"".join(parts))


def drawn(mode: str, size: tuple[int, int] = (13, 7)) -> str:
    """A PNG as Pillow writes it."""
    file = io.BytesIO()
    Image.new("RGB", size, "teal").convert(mode).save(file, "PNG")
    return coded(file.getvalue())


def svg(inside: str = '<rect width="4" height="4"/>', attributes: str = "") -> str:
    text = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 4 4"'
        f"{attributes}>{inside}</svg>"
    )
    return coded(text.encode())


def code_of(media_type: str, data: str) -> str | None:
    fault = fault_of(media_type, data)
    return fault.code if fault else None


def code_of_png(data: str) -> str | None:
    return code_of("image/png", data)


def code_of_svg(data: str) -> str | None:
    return code_of("image/svg+xml", data)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_png_of_every_kind_is_taken(mode: str) -> None:
    assert code_of_png(drawn(mode)) is None


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([(0, 1), (0, 16), (2, 8), (3, 2), (4, 8), (6, 16)]))
def test_an_interlaced_png_has_the_pixels_of_its_seven_passes(width: int, height: int, kind: tuple[int, int]) -> None:
    color, depth = kind
    bits = depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
    # Pixel by pixel, as the standard draws them.
    pattern = ["16462646", "77777777", "56565656", "77777777", "36463646", "77777777", "56565656", "77777777"]
    passes: dict[str, dict[int, int]] = {}
    for y in range(height):
        for x in range(width):
            row = passes.setdefault(pattern[y % 8][x % 8], {})
            row[y] = row.get(y, 0) + 1
    data = b"".join(
        b"\0" + bytes(-(-columns * bits // 8)) for _, rows in sorted(passes.items()) for columns in rows.values()
    )
    palette = [chunk(b"PLTE", bytes(12))] if color == 3 else []
    begin = header(width, height, depth, color, 1)
    assert code_of_png(png(begin, *palette, chunk(b"IDAT", zlib.compress(data)), END)) is None
    more = chunk(b"IDAT", zlib.compress(data + b"\0"))
    assert code_of_png(png(begin, *palette, more, END)) == "logo_malformed"


@pytest.mark.parametrize(
    "parts",
    [
        (),
        (header(),),
        (header(), END),
        (header(), chunk(b"IDAT", PIXELS)),
        (chunk(b"IDAT", PIXELS), header(), END),
        (header(), header(), chunk(b"IDAT", PIXELS), END),
        (header(), chunk(b"IDAT", PIXELS), END, END),
        (header(), chunk(b"IDAT", PIXELS[:4]), chunk(b"tEXt", b"a\0b"), chunk(b"IDAT", PIXELS[4:]), END),
        (header(), chunk(b"IDAT", PIXELS[:-4]), END),
        (header(), chunk(b"IDAT", PIXELS[:-1] + b"\0"), END),
        (header(), chunk(b"IDAT", b"nothing"), END),
        (header(3), chunk(b"IDAT", PIXELS), END),
        (header(1), chunk(b"IDAT", PIXELS), END),
        (header(), chunk(b"IDAT", zlib.compress((b"\5" + bytes(6)) * 2)), END),
        (header(), chunk(b"IDAT", zlib.compress(b"\0" + bytes(6) + b"\5" + bytes(6))), END),
        (header(0), chunk(b"IDAT", PIXELS), END),
        (header(2, 0), chunk(b"IDAT", PIXELS), END),
        (header(depth=4), chunk(b"IDAT", PIXELS), END),
        (header(color=5), chunk(b"IDAT", PIXELS), END),
        (header(color=3), chunk(b"IDAT", PIXELS), END),
        (header(interlaced=2), chunk(b"IDAT", PIXELS), END),
        (chunk(b"IHDR", b"short"), chunk(b"IDAT", PIXELS), END),
        (header(), chunk(b"PLTE", bytes(4)), chunk(b"IDAT", PIXELS), END),
        (header(), chunk(b"PLTE"), chunk(b"IDAT", PIXELS), END),
        (header(), chunk(b"PLTE", bytes(771)), chunk(b"IDAT", PIXELS), END),
        (header(), chunk(b"PLTE", bytes(3)), chunk(b"PLTE", bytes(3)), chunk(b"IDAT", PIXELS), END),
        (header(), chunk(b"ABCD"), chunk(b"IDAT", PIXELS), END),
        (header(), chunk(b"IDAT", PIXELS), END, b"more"),
    ],
)
def test_a_png_that_some_reader_could_not_show_is_malformed(parts: tuple[bytes, ...]) -> None:
    assert code_of_png(png(header(), chunk(b"tEXt", b"a\0b"), chunk(b"IDAT", PIXELS), END)) is None
    assert code_of_png(png(*parts)) == "logo_malformed"


@given(st.data())
def test_a_png_with_any_byte_changed_or_cut_off_is_refused(data: st.DataObject) -> None:
    sound = base64.b64decode(drawn("RGBA"))
    place = data.draw(st.integers(0, len(sound) - 1))
    other = data.draw(st.integers(1, 255))
    changed = sound[:place] + bytes([sound[place] ^ other]) + sound[place + 1 :]
    assert code_of_png(coded(changed)) in {"logo_malformed", "logo_wrong_type"}
    assert code_of_png(coded(sound[:place])) in {"logo_malformed", "logo_wrong_type"}


def test_a_png_is_limited_in_size_and_pixels() -> None:
    def of_side(width: int, height: int) -> str:
        data = zlib.compress((b"\0" + bytes(-(-width // 8))) * height)
        return png(header(width, height, 1, 0), chunk(b"IDAT", data), END)

    assert code_of_png(of_side(MAX_SIDE, MAX_SIDE)) is None
    assert code_of_png(of_side(MAX_SIDE + 1, 1)) == code_of_png(of_side(1, MAX_SIDE + 1)) == "logo_too_large"
    begin, rest = header(), chunk(b"IDAT", PIXELS) + END
    room = MAX_PNG_BYTES - len(SIGNATURE + begin + chunk(b"teXt") + rest)
    assert code_of_png(png(begin, chunk(b"teXt", bytes(room)), rest)) is None
    assert code_of_png(png(begin, chunk(b"teXt", bytes(room + 1)), rest)) == "logo_too_large"


def test_what_the_logo_is_said_to_be_it_must_be() -> None:
    assert code_of_png(svg()) == "logo_wrong_type"
    assert code_of_svg(drawn("RGB")) == "logo_wrong_type"
    for other in (b"", b"GIF89a", b"just words", b"\xff\xd8\xff"):
        assert code_of_png(coded(other)) == code_of_svg(coded(other)) == "logo_wrong_type"
    assert code_of_svg(coded(b"<html/>")) == code_of_svg(coded(b"<svg/>")) == "logo_wrong_type"


@pytest.mark.parametrize("check", [code_of_png, code_of_svg])
@pytest.mark.parametrize("data", ["no base64!", "é", "AAAAA", "AA AA"])
def test_what_is_no_base64_is_malformed(check: Callable[[str], str | None], data: str) -> None:
    assert check(data) == "logo_malformed"


@pytest.mark.parametrize(
    "inside",
    [
        "",
        '<style>.a { fill: url(#g) } .b { font-family: "Noto Sans" }</style><linearGradient id="g"/>',
        '<defs><g id="a"><path d="M0 0h4"/></g></defs><use href="#a"/><use xlink:href=" #a "/>',
        '<rect fill="url(#g)" style="stroke: url( \'#g\' )"/>',
        '<a href="#b"><text id="b">Acme</text></a>',
        "<use href='#nowhere'/>",
        "<!-- Generator: a program --><title>Acme</title><metadata/>",
        f'<image width="4" height="4" href="data:image/png;base64,{drawn("RGB")}"/>',
    ],
)
def test_an_svg_that_refers_to_nothing_but_itself_is_taken(inside: str) -> None:
    assert code_of_svg(svg(inside)) is None


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        "<SCRIPT/>",
        '<script xmlns="http://www.w3.org/1999/xhtml"/>',
        '<x:p xmlns:x="http://www.w3.org/1999/xhtml"/>',
        "<foreignObject/>",
        '<g><rect onclick="alert(1)"/></g>',
        '<rect ONLOAD="alert(1)"/>',
        '<image href="https://example.com/a.png"/>',
        '<image href="//example.com/a.png"/>',
        '<image href="file:///etc/passwd"/>',
        '<image href="a.png"/>',
        '<image href=""/>',
        '<image href="data:image/svg+xml;base64,AAAA"/>',
        '<image href="data:image/jpeg;base64,AAAA"/>',
        '<use xlink:href="other.svg#a"/>',
        '<a href="javascript:alert(1)"/>',
        '<rect fill="url(https://example.com/#a)"/>',
        '<rect style="fill: URL( &quot;https://example.com&quot; )"/>',
        "<style>@IMPORT 'https://example.com/a.css';</style>",
        "<style>rect { fill: url(https://example.com/a) }</style>",
        r"<style>rect { fill: \75rl(https://example.com/a) }</style>",
        r'<rect style="fill: \75rl(https://example.com/a)"/>',
        '<g xml:base="https://example.com/"/>',
        '<rect><animate attributeName="href" to="javascript:alert(1)"/></rect>',
        '<set attributeName="href"/>',
        '<filter id="f"><feTurbulence numOctaves="50"/></filter>',
    ],
)
def test_an_svg_that_runs_loads_or_hides_something_is_unsafe(inside: str) -> None:
    assert code_of_svg(svg(inside)) == "logo_unsafe"


@pytest.mark.parametrize(
    "inside",
    [
        '<marker id="m"><path d="M0 0"/></marker><path marker-mid="url(#m)" d="M0 0"/>',
        "<style>a{}<x/>@import url(http://example.com)</style>",
        "<style>a{}<x>a{fill:url(http://example.com)}</x></style>",
        "<style>rect{fill:image-set('http://example.com' 1x)}</style>",
        "<rect style=\"fill: src('http://example.com')\"/>",
    ],
)
def test_what_a_program_may_draw_often_or_load_is_unsafe(inside: str) -> None:
    assert code_of_svg(svg(inside)) == "logo_unsafe"


def test_an_svg_is_limited_in_what_its_shapes_say_at_each_use() -> None:
    path = f"<path id='p' d='M0 0{' h1v1' * 6_000}'/>"
    assert code_of_svg(svg(path + "<use href='#p'/>" * 20)) is None
    assert code_of_svg(svg(path + "<use href='#p'/>" * 300)) == "logo_too_large"
    text = f"<text id='p'>{'word ' * 6_000}</text>"
    assert code_of_svg(svg(text + "<use href='#p'/>" * 300)) == "logo_too_large"


def test_the_root_of_an_svg_is_examined_as_well() -> None:
    assert code_of_svg(svg(attributes=' onload="alert(1)"')) == "logo_unsafe"
    assert code_of_svg(svg(attributes=' style="fill: url(https://example.com)"')) == "logo_unsafe"


def test_a_document_type_and_a_style_sheet_are_unsafe() -> None:
    sound = base64.b64decode(svg())
    assert code_of_svg(coded(b'<?xml version="1.0" encoding="UTF-8"?>' + sound)) is None
    assert code_of_svg(coded(b"\xef\xbb\xbf" + sound)) is None
    for before in (
        b"<!DOCTYPE svg>",
        b'<!DOCTYPE svg [<!ENTITY a "b">]>',
        b'<!DOCTYPE svg SYSTEM "https://example.com/svg.dtd">',
        b'<?xml-stylesheet href="https://example.com/a.css"?>',
    ):
        assert code_of_svg(coded(before + sound)) == "logo_unsafe"


@pytest.mark.parametrize("inside", ["<g>", "<rect", "&unknown;", "\1", "</svg>", "<rect a='1' a='2'/>"])
def test_an_svg_that_is_no_xml_is_malformed(inside: str) -> None:
    assert code_of_svg(svg(inside)) == "logo_malformed"


def test_an_svg_is_read_as_utf_8_whatever_it_says() -> None:
    sound = base64.b64decode(svg("<title>Müller</title>")).decode()
    assert code_of_svg(coded(sound.encode())) is None
    assert code_of_svg(coded(sound.encode("latin-1"))) == "logo_wrong_type"
    assert code_of_svg(coded(sound.encode("utf-16"))) == "logo_wrong_type"


def test_pictures_in_an_svg_are_examined() -> None:
    def of(*pictures: str) -> str:
        return svg("".join(f'<image href="data:image/png;base64,{each}"/>' for each in pictures))

    wide = png(header(2_000, 2_000, 1, 0), chunk(b"IDAT", zlib.compress((b"\0" + bytes(250)) * 2_000)), END)
    assert code_of_svg(of(drawn("RGB"), drawn("L"))) is None
    assert code_of_svg(of(wide)) is None
    assert code_of_svg(of(wide, drawn("L"))) == "logo_too_large"
    assert code_of_svg(of("AAAA")) == "logo_wrong_type"
    assert code_of_svg(of("AAA")) == "logo_malformed"


def test_an_svg_is_limited_in_size_depth_and_in_what_it_draws() -> None:
    room = MAX_SVG_BYTES - len(base64.b64decode(svg("<!---->")))
    assert code_of_svg(svg(f"<!--{'x' * room}-->")) is None
    assert code_of_svg(svg(f"<!--{'x' * (room + 1)}-->")) == "logo_too_large"

    def nested(depth: int) -> str:
        return svg("<g>" * depth + "</g>" * depth)

    assert code_of_svg(nested(logos.MAX_DEPTH - 1)) is None
    assert code_of_svg(nested(logos.MAX_DEPTH)) == "logo_unsafe"
    assert code_of_svg(nested(14_000)) == "logo_unsafe"

    def doubled(times: int) -> str:
        groups = (f'<g id="a{n}">' + f'<use href="#a{n - 1}"/>' * 10 + "</g>" for n in range(1, times + 1))
        return svg('<g id="a0"/>' + "".join(groups))

    assert code_of_svg(doubled(3)) is None
    assert code_of_svg(doubled(9)) == "logo_unsafe"
    assert code_of_svg(doubled(90)) == "logo_unsafe"
    many = "<rect/>" * 300
    assert (
        code_of_svg(svg(f"<style>rect{{fill:url(#p)}}</style><pattern id='p'>{many}</pattern>{many}")) == "logo_unsafe"
    )


@pytest.mark.parametrize(
    "inside",
    [
        '<g id="a"><use href="#a"/></g>',
        '<g id="a"><use href="#b"/></g><g id="b"><rect fill="url(#a)"/></g>',
        '<mask id="m" mask="url(#m)"/>',
    ],
)
def test_an_svg_that_refers_to_itself_is_malformed(inside: str) -> None:
    assert code_of_svg(svg(inside)) == "logo_malformed"

"""`/_sandbox/images/{name}.svg`: pictures of the seed's products, drawn when they are asked for.

A name says all there is to draw: `watch-navy-7` is motif, colour and a number that varies the
background.
"""

from starlette.requests import Request
from starlette.responses import Response

_COLORS = {
    "black": "#23262b",
    "blue": "#2f6fb5",
    "brown": "#7a4f2e",
    "green": "#3c7d57",
    "grey": "#8a9199",
    "navy": "#1f3157",
    "olive": "#6b6f3a",
    "red": "#b5382f",
    "tan": "#c49a6c",
    "white": "#f4f2ec",
}
_AUDIENCE_COLORS = {
    "newvisitor": "#2f6fb5",
    "repeatcustomer": "#3c7d57",
    "vip": "#1f3157",
    "bargainhunter": "#b5382f",
}
_MOTIFS = {
    "watch": """
<path d="M160 20h80l8 92h-96zM152 288h96l-8 92h-80z" fill="{deep}"/>
<path d="M160 20h80l2 20h-84zM158 360h84l-2 20h-80z" fill="{shade}"/>
<rect x="298" y="188" width="18" height="24" rx="5" fill="#b9bec5"/>
<circle cx="200" cy="200" r="104" fill="#d5d9de"/><circle cx="200" cy="200" r="92" fill="{color}"/>
<circle cx="200" cy="200" r="78" fill="none" stroke="{light}" stroke-width="7"
 stroke-dasharray="3 37.84" stroke-dashoffset="1.5"/>
<path d="M200 208V146M193 200l52 30" stroke="{light}" stroke-width="8" stroke-linecap="round"/>
<circle cx="200" cy="200" r="9" fill="{light}"/><circle cx="200" cy="246" r="17" fill="{deep}"/>""",
    "sneaker": """
<path d="M64 262c-6-52 4-92 20-118 20 22 48 26 72 8l52 56c34 34 96 30 122 48 10 8 12 22 10 34H70z"
 fill="{color}"/>
<path d="M84 144c20 22 48 26 72 8l16 18c-30 26-74 24-98-4z" fill="{deep}"/>
<path d="M58 286h284c6 22-4 36-24 36H84c-20 0-28-14-26-36z" fill="#fbfaf7"/>
<path d="M58 304h284" stroke="{deep}" stroke-width="5"/>
<path d="M166 200l30-22M190 222l30-22M216 240l28-24" stroke="{light}" stroke-width="9"
 stroke-linecap="round"/>
<path d="M88 256c44 10 84 2 112-34" fill="none" stroke="{light}" stroke-width="12"/>""",
    "boot": """
<path d="M122 56h102l-4 128c6 34 104 30 112 88v28H116z" fill="{color}"/>
<path d="M122 56h102l-1 30H121z" fill="{deep}"/>
<path d="M110 296h228v22c0 8-6 14-14 14H214l-12-14h-26l-4 14h-48c-8 0-14-6-14-14z" fill="{deep}"/>
<path d="M150 90c-6 60-6 110 4 170" fill="none" stroke="{shade}" stroke-width="16"/>
<path d="M186 118h36M186 148h36M188 178h34" stroke="{light}" stroke-width="8"
 stroke-linecap="round"/>""",
    "backpack": """
<path d="M158 84c0-56 84-56 84 0" fill="none" stroke="{deep}" stroke-width="16"/>
<path d="M104 150c0-50 40-78 96-78s96 28 96 78v158c0 22-14 36-36 36H140c-22 0-36-14-36-36z"
 fill="{color}"/>
<path d="M104 172c60 24 132 24 192 0v-26c-8-48-46-74-96-74s-88 26-96 74z" fill="{deep}"/>
<rect x="136" y="218" width="128" height="92" rx="18" fill="{shade}"/>
<path d="M136 246h128" stroke="{light}" stroke-width="6"/>
<rect x="188" y="168" width="24" height="38" rx="6" fill="{light}"/>""",
    "tote": """
<path d="M140 168V112c0-62 120-62 120 0v56" fill="none" stroke="{deep}" stroke-width="14"/>
<path d="M92 152h216l22 178c2 14-6 24-20 24H90c-14 0-22-10-20-24z" fill="{color}"/>
<path d="M92 152h216l4 34H88z" fill="{shade}"/>
<path d="M108 206l-10 122h204l-10-122" fill="none" stroke="{light}" stroke-width="4"
 stroke-dasharray="10 9"/>
<rect x="172" y="238" width="56" height="34" rx="5" fill="{deep}"/>""",
    "jacket": """
<path d="M146 62l-66 40-34 178 58 12 16-72v126h160V220l16 72 58-12-34-178-66-40z" fill="{color}"/>
<path d="M146 62c26 30 82 30 108 0l-18-14h-72z" fill="{deep}"/>
<path d="M120 116v104M280 116v104" stroke="{shade}" stroke-width="8"/>
<path d="M200 84v262" stroke="{light}" stroke-width="7" stroke-dasharray="9 6"/>
<rect x="138" y="244" width="44" height="52" rx="8" fill="{shade}"/>
<rect x="218" y="244" width="44" height="52" rx="8" fill="{shade}"/>""",
    "banner": """
<circle cx="80" cy="330" r="150" fill="{color}" opacity=".9"/>
<circle cx="330" cy="90" r="120" fill="{shade}" opacity=".55"/>
<path d="M128 282L284 118" stroke="{deep}" stroke-width="26" stroke-linecap="round"/>
<circle cx="148" cy="142" r="34" fill="none" stroke="{deep}" stroke-width="22"/>
<circle cx="262" cy="262" r="34" fill="none" stroke="{deep}" stroke-width="22"/>""",
}
_FRAME = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" width="{width}">
<defs><radialGradient id="g" cx=".5" cy=".38" r=".8">
<stop offset="0" stop-color="hsl({hue},38%,97%)"/>
<stop offset="1" stop-color="hsl({hue},30%,85%)"/></radialGradient></defs>
<rect width="400" height="400" fill="url(#g)"/>
<ellipse cx="200" cy="356" rx="130" ry="14" fill="hsl({hue},25%,55%)" opacity=".28"/>{motif}
</svg>"""
_WIDTH, _MAX_WIDTH = 800, 2000
_GOLDEN_ANGLE = 137.5


async def picture(request: Request) -> Response:
    """Return a picture as SVG, in `?width=` pixels; 404 for a name that cannot be drawn."""
    width = request.query_params.get("width", "")
    drawn = draw(
        request.path_params["name"],
        width=min(int(width), _MAX_WIDTH) if width.isdecimal() else _WIDTH,
    )
    if drawn is None:
        return Response(status_code=404)
    headers = {"Cache-Control": "public, max-age=86400"}
    return Response(drawn, media_type="image/svg+xml", headers=headers)


def draw(name: str, *, width: int = _WIDTH) -> str | None:
    """Return the SVG of a name, or None."""
    motif, _, variant = name.partition("-")
    shape, (color_name, _, number) = _MOTIFS.get(motif), variant.partition("-")
    color = {**_COLORS, **_AUDIENCE_COLORS}.get(color_name)
    if shape is None or color is None or not number.isdecimal():
        return None
    inks = {
        "color": color,
        "deep": _toned(color, 0.62),
        "shade": _toned(color, 0.8),
        "light": "#c9ccd1" if color_name == "white" else "#fbfaf7",
    }
    hue = int(int(number) * _GOLDEN_ANGLE % 360)
    return _FRAME.format(width=width, hue=hue, motif=shape.format(**inks))


def _toned(color: str, share: float) -> str:
    """Return a darker tone of a `#rrggbb` colour."""
    channels = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{int(channel * share):02x}" for channel in channels)

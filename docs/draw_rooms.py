#!/usr/bin/env python3
"""Draws docs/rooms.toml as docs/pictures/architecture.svg: a box for each room, in bands by top folder, and the arrows of `uses`; and writes
the table of rooms in docs/architecture.md. With --check nothing is written: exit status 1 if the list contradicts itself, or if the picture
or the table is not the list's."""

import argparse
import html
import pathlib
import sys
import textwrap
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
LIST, PICTURE, PAGE = HERE / "rooms.toml", HERE / "pictures" / "architecture.svg", HERE / "architecture.md"
TABLE = ("<!-- rooms: written by docs/draw_rooms.py -->\n", "<!-- end of rooms -->\n")

BOX_WIDTH, BOX_HEIGHT, GAP, ROW_GAP, GRID = 196, 74, 16, 30, 2
PAD, TITLE, BAND_GAP, MARGIN = 18, 34, 46, 20
WRAP = 29  # letters of a box's line
BANDS = {
    "runner": "what a person meets",
    "kernel": "the engine, usable without the runner",
    "plugins": "shared libraries, opened by name",
    "sdk": "what plugins are written with",
}
STYLE = """\
svg { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", Arial, sans-serif }
.page { fill: #ffffff } .name { font-size: 14px; font-weight: 600; fill: #1d2733 } .about { font-size: 11px; fill: #4b5663 }
.band { font-size: 15px; font-weight: 700; fill: #1d2733 } .aside { font-size: 12px; fill: #4b5663 } .tag { font-size: 10px; fill: #4b5663 }
.runner { fill: #eef3fb } .kernel { fill: #eef7f1 } .plugins { fill: #fbf4e9 } .sdk { fill: #f5f0fa }
.box { fill: #ffffff; stroke: #aab4c0; stroke-width: 1.2 } .torch { stroke: #d9622b; stroke-width: 1.8 }
.arrow { fill: none; stroke: #66717e; stroke-width: 1.4 } .wide { fill: none; stroke: #66717e; stroke-width: 3 }
.opens { fill: none; stroke: #66717e; stroke-width: 1.6; stroke-dasharray: 5 4 } .tip { fill: #66717e }
@media (prefers-color-scheme: dark) {
.page { fill: #14181d } .name, .band { fill: #f0f3f6 } .about, .aside, .tag { fill: #b4bdc8 }
.runner { fill: #1b2431 } .kernel { fill: #1a2a22 } .plugins { fill: #2d2619 } .sdk { fill: #261f30 }
.box { fill: #10141a; stroke: #596573 } .torch { stroke: #e07a45 } .arrow, .wide, .opens { stroke: #97a3b0 } .tip { fill: #97a3b0 }
}"""


def top(folder):
    return folder.split("/")[0]


def reachable(rooms, start, without=None):
    """Every room that `start` may include; `without` is an arrow that is left out."""
    found, open_ = set(), [start]
    while open_:
        room = open_.pop()
        for used in rooms[room]["uses"]:
            if (room, used) != without and used not in found:
                found.add(used)
                open_.append(used)
    return found


def mistakes(rooms):
    """What is wrong with the list, in sentences."""
    unknown = [f"{name} uses {used}, which is not in the list" for name, room in rooms.items() for used in room["uses"] if used not in rooms]
    if unknown:
        return unknown
    circles = [f"{name} uses itself, through others" for name in rooms if name in reachable(rooms, name)]
    if circles:
        return circles
    out = []
    for name, room in rooms.items():
        out += [f"{name} uses {used}: that follows from its other arrows" for used in room["uses"] if used in reachable(rooms, name, (name, used))]
    out += [f"{name} is in no band of the picture" for name in rooms if top(name) not in BANDS]
    return out


def levels(rooms, names):
    """The rows of a band from top to bottom; each room as low as its users of the band allow, and no lower."""
    level = {}

    def of(name):
        if name not in level:
            users = [user for user in names if name in rooms[user]["uses"]]
            level[name] = 1 + max((of(user) for user in users), default=-1)
        return level[name]

    rows = {}
    for name in names:
        rows.setdefault(of(name), []).append(name)
    return [rows[number] for number in sorted(rows)]


class Band:
    """The boxes of one top folder, each with the place of its top left corner within the band. `sideways`: its arrows point to the right."""

    def __init__(self, rooms, folder, sideways=False):
        self.folder, self.sideways, self.places = folder, sideways, {}
        names = [name for name in rooms if top(name) == folder]
        rows = levels(rooms, names)
        gap = ROW_GAP
        if len(rows) == 1:  # no arrows inside: a plain grid
            rows = [names[i : i + GRID] for i in range(0, len(names), GRID)] if len(names) > 2 * GRID else rows
            gap = GAP
        widest = max(len(row) for row in rows)
        if sideways:
            along, across = len(rows) * BOX_WIDTH + (len(rows) - 1) * gap, widest * BOX_HEIGHT + (widest - 1) * GAP
            for number, row in enumerate(rows):
                first = (across - len(row) * BOX_HEIGHT - (len(row) - 1) * GAP) / 2
                for i, name in enumerate(row):
                    self.places[name] = (PAD + number * (BOX_WIDTH + gap), TITLE + PAD / 2 + first + i * (BOX_HEIGHT + GAP))
            self.width, self.height = along + 2 * PAD, TITLE + 1.5 * PAD + across
            return
        self.width = 2 * PAD + widest * BOX_WIDTH + (widest - 1) * GAP
        for number, row in enumerate(rows):
            for name, x in self.columns(rooms, row):
                self.places[name] = (x, TITLE + PAD / 2 + number * (BOX_HEIGHT + gap))
        self.height = TITLE + 1.5 * PAD + len(rows) * BOX_HEIGHT + (len(rows) - 1) * gap

    def columns(self, rooms, row):
        """Names and left edges from left to right: each box below the middle of its users, as near as its neighbours leave it."""
        step = BOX_WIDTH + GAP
        middle = self.width / 2 - (len(row) * step - GAP) / 2
        wanted = []
        for place, name in enumerate(row):
            above = [self.places[user][0] for user in self.places if name in rooms[user]["uses"]]
            wanted.append((sum(above) / len(above) if above else middle + place * step, name))
        wanted.sort(key=lambda pair: pair[0])
        edges = []
        for edge, _ in wanted:
            edges.append(max(edge, edges[-1] + step) if edges else edge)
        shift = sum(want - edge for (want, _), edge in zip(wanted, edges)) / len(row)
        shift = min(max(shift, PAD - edges[0]), self.width - PAD - BOX_WIDTH - edges[-1])
        return [(name, edge + shift) for (_, name), edge in zip(wanted, edges)]


def text(x, y, kind, words, anchor="start"):
    return f'<text class="{kind}" x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{html.escape(words)}</text>'


def box(room, x, y):
    name = room["folder"].split("/", 1)[-1] if "/" in room["folder"] else "main"
    out = [f'<rect class="{"box torch" if room["torch"] else "box"}" x="{x:.0f}" y="{y:.0f}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="7"/>']
    out.append(text(x + 11, y + 20, "name", name))
    for number, line in enumerate(textwrap.wrap(room["about"], WRAP)[:2]):
        out.append(text(x + 11, y + 36 + 13 * number, "about", line))
    if top(room["folder"]) != "sdk":
        outside = [used.split("/", 1)[1] for used in room["uses"] if top(used) == "sdk"]
        names = outside[:1] + [b.split("/")[-1] if pathlib.Path(a).parent == pathlib.Path(b).parent else b for a, b in zip(outside, outside[1:])]
        if names:
            out.append(text(x + 11, y + BOX_HEIGHT - 7, "tag", "uses sdk: " + ", ".join(names)))
    return out


def arrow(x0, y0, x1, y1, kind="arrow", size=5):
    """From the bottom of one thing to the top of another."""
    bend = (y1 - y0) / 2
    out = [f'<path class="{kind}" d="M{x0:.0f} {y0:.0f}C{x0:.0f} {y0 + bend:.0f} {x1:.0f} {y1 - bend:.0f} {x1:.0f} {y1 - size:.0f}"/>']
    out.append(f'<path class="tip" d="M{x1:.0f} {y1:.0f}l{-size * 0.8:.1f} {-size * 1.6:.1f}h{size * 1.6:.1f}z"/>')
    return out


def long_arrow(left, y0, x1, y1, size=5):
    """From the bottom of a box past the boxes of the next rows, through the gap beside it that is nearer to the target."""
    to_left = x1 <= left + BOX_WIDTH / 2
    x0, gap = (left + 12, left - GAP / 2) if to_left else (left + BOX_WIDTH - 12, left + BOX_WIDTH + GAP / 2)
    half = ROW_GAP / 2
    path = f"M{x0:.0f} {y0:.0f}C{x0:.0f} {y0 + half:.0f} {gap:.0f} {y0 + half:.0f} {gap:.0f} {y0 + ROW_GAP:.0f}V{y1 - ROW_GAP:.0f}"
    out = [f'<path class="arrow" d="{path}C{gap:.0f} {y1 - half:.0f} {x1:.0f} {y1 - half:.0f} {x1:.0f} {y1 - size:.0f}"/>']
    out.append(f'<path class="tip" d="M{x1:.0f} {y1:.0f}l{-size * 0.8:.1f} {-size * 1.6:.1f}h{size * 1.6:.1f}z"/>')
    return out


def side_arrow(x0, y0, x1, y1, size=5):
    """From the right of one thing to the left of another."""
    bend = (x1 - x0) / 2
    out = [f'<path class="arrow" d="M{x0:.0f} {y0:.0f}C{x0 + bend:.0f} {y0:.0f} {x1 - bend:.0f} {y1:.0f} {x1 - size:.0f} {y1:.0f}"/>']
    out.append(f'<path class="tip" d="M{x1:.0f} {y1:.0f}l{-size * 1.6:.1f} {-size * 0.8:.1f}v{size * 1.6:.1f}z"/>')
    return out


def draw_band(rooms, band, x, y, width):
    out = [f'<rect class="{band.folder}" x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{band.height:.0f}" rx="10"/>']
    out.append(text(x + PAD, y + 25, "band", band.folder + "/"))
    out.append(text(x + PAD + 12 + 9 * len(band.folder), y + 25, "aside", BANDS[band.folder]))
    shift = (width - band.width) / 2
    for name, (left, up) in band.places.items():
        for used in rooms[name]["uses"]:
            if used not in band.places:
                continue
            low = band.places[used]
            if band.sideways:
                out += side_arrow(x + shift + left + BOX_WIDTH, y + up + BOX_HEIGHT / 2, x + shift + low[0], y + low[1] + BOX_HEIGHT / 2)
            elif low[1] - up > BOX_HEIGHT + ROW_GAP:
                out += long_arrow(x + shift + left, y + up + BOX_HEIGHT, x + shift + low[0] + BOX_WIDTH / 2, y + low[1])
            else:
                out += arrow(x + shift + left + BOX_WIDTH / 2, y + up + BOX_HEIGHT, x + shift + low[0] + BOX_WIDTH / 2, y + low[1])
    for name, (left, up) in band.places.items():
        out += box(rooms[name], x + shift + left, y + up)
    return out


def legend(x, y):
    out = [f'<rect class="box torch" x="{x:.0f}" y="{y:.0f}" width="22" height="14" rx="3"/>', text(x + 30, y + 11, "aside", "may include LibTorch's headers")]
    out += [f'<rect class="box" x="{x:.0f}" y="{y + 22:.0f}" width="22" height="14" rx="3"/>', text(x + 30, y + 33, "aside", "must not, not even through others")]
    out += [f'<path class="arrow" d="M{x:.0f} {y + 51:.0f}h16"/>', f'<path class="tip" d="M{x + 23:.0f} {y + 51:.0f}l-8 -4v8z"/>']
    return out + [text(x + 30, y + 55, "aside", "may include it, and all that it may")]


def picture(rooms):
    bands = {folder: Band(rooms, folder, sideways=folder == "runner") for folder in BANDS}
    middle = bands["kernel"].width + BAND_GAP + bands["plugins"].width
    inner = max(middle, bands["runner"].width, bands["sdk"].width)
    kernel_width = inner - BAND_GAP - bands["plugins"].width
    y_kernel = MARGIN + bands["runner"].height + BAND_GAP
    y_sdk = y_kernel + bands["kernel"].height + BAND_GAP
    x_plugins = MARGIN + inner - bands["plugins"].width
    out = draw_band(rooms, bands["runner"], MARGIN, MARGIN, inner)
    out += draw_band(rooms, bands["kernel"], MARGIN, y_kernel, kernel_width)
    out += draw_band(rooms, bands["plugins"], x_plugins, y_kernel, bands["plugins"].width)
    out += draw_band(rooms, bands["sdk"], MARGIN, y_sdk, inner)
    kernel_middle, below_plugins = MARGIN + kernel_width / 2, x_plugins + 0.3 * bands["plugins"].width
    plugins_end = y_kernel + bands["plugins"].height
    out += arrow(kernel_middle, y_kernel - BAND_GAP + 4, kernel_middle, y_kernel - 4, "wide", 8)
    out += arrow(kernel_middle, y_sdk - BAND_GAP + 4, kernel_middle, y_sdk - 4, "wide", 8)
    out += arrow(below_plugins, plugins_end + 4, below_plugins, y_sdk - 4, "wide", 8)
    registry = bands["kernel"].places.get("kernel/registry")
    if registry:
        x = MARGIN + (kernel_width - bands["kernel"].width) / 2 + registry[0] + BOX_WIDTH
        y, end = y_kernel + registry[1] + BOX_HEIGHT / 2, x_plugins + 0.12 * bands["plugins"].width
        out.append(f'<path class="opens" d="M{x:.0f} {y:.0f}H{end - 20:.0f}Q{end:.0f} {y:.0f} {end:.0f} {y - 20:.0f}V{plugins_end + 12:.0f}"/>')
        out.append(f'<path class="tip" d="M{end:.0f} {plugins_end + 3:.0f}l-5 10h10z"/>')
        out.append(text(x + 12, y - 8, "aside", "opens them while it runs"))
    out += legend(below_plugins + 36, plugins_end + 30)
    width, height = inner + 2 * MARGIN, y_sdk + bands["sdk"].height + MARGIN
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" role="img">'
    title = "<title>The rooms of the source tree and what may include what</title>"
    page = f'<rect class="page" width="{width:.0f}" height="{height:.0f}" rx="12"/>'
    return "\n".join([head, "<!-- made by docs/draw_rooms.py from docs/rooms.toml -->", title, f"<style>\n{STYLE}\n</style>", page, *out, "</svg>\n"])


def page(rooms, text):
    """The page with the table of these rooms."""
    before, rest = text.split(TABLE[0])
    after = rest.split(TABLE[1])[1]
    rows = ["| room | what it is for | LibTorch |", "|---|---|---|"]
    rows += [f"| `{name}` | {room['about']} | {'yes' if room['torch'] else 'no'} |" for name, room in rooms.items()]
    return before + TABLE[0] + "\n".join(rows) + "\n" + TABLE[1] + after


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing, and say whether picture and table are the list's")
    check = parser.parse_args().check
    rooms = {room["folder"]: room for room in tomllib.loads(LIST.read_text())["room"]}
    wrong = mistakes(rooms)
    if wrong:
        sys.exit("\n".join(f"{LIST.name}: error: {sentence}" for sentence in wrong))
    for file, text in ((PICTURE, picture(rooms)), (PAGE, page(rooms, PAGE.read_text()))):
        if not check:
            file.write_text(text)
        elif not file.exists() or file.read_text() != text:
            sys.exit(f"{file.name} is not what {LIST.name} says; python3 docs/draw_rooms.py writes it again")


if __name__ == "__main__":
    main()

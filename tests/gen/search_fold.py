#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints src/core/search_fold.h from Python's Unicode tables: how letters are compared in a search.

Run by hand when the rules change: tests/gen/search_fold.py > src/core/search_fold.h
"""
import unicodedata as u

# Scripts in which a mark changes a letter's dress, not what it says; elsewhere (Indic vowels, kana) it stays.
FOLDED = [(0x80, 0x58F), (0x5BE, 0x6FF), (0x10A0, 0x10FF), (0x1C80, 0x1CBF), (0x1D00, 0x1FFF), (0x2070, 0x209F),
          (0x2C00, 0x2DFF), (0xA640, 0xA69F), (0xA720, 0xA7FF), (0xFB00, 0xFBFF), (0xFE70, 0xFEFC), (0xFF01, 0xFFEF)]
DROPPED = [(0xAD, 0xAD), (0x300, 0x36F), (0x483, 0x489), (0x591, 0x5BD), (0x5BF, 0x5BF), (0x5C1, 0x5C2),
           (0x5C4, 0x5C5), (0x5C7, 0x5C7), (0x610, 0x61A), (0x640, 0x640), (0x64B, 0x65F), (0x670, 0x670),
           (0x6D6, 0x6DC), (0x6DF, 0x6E4), (0x6E7, 0x6E8), (0x6EA, 0x6ED), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF),
           (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x20D0, 0x20FF), (0x3099, 0x309A),
           (0xFE00, 0xFE0F), (0xFE20, 0xFE2F), (0xFEFF, 0xFEFF), (0xFF9E, 0xFF9F), (0xE0000, 0xE0FFF)]
# Letters with a stroke have no decomposition, and people leave the stroke out as they do accents.
OWN = {0xD8: "o", 0xF8: "o", 0x110: "d", 0x111: "d", 0x126: "h", 0x127: "h", 0x131: "i", 0x141: "l", 0x142: "l",
       0x166: "t", 0x167: "t", 0xC6: "ae", 0xE6: "ae", 0x152: "oe", 0x153: "oe", 0xDE: "th", 0xFE: "th", 0xF0: "d",
       0xD0: "d", 0x130: "i", 0x649: "\u064a", 0x6a9: "\u0643", 0x6cc: "\u064a"}


def within(point, ranges):
    return any(first <= point <= last for first, last in ranges)


def fold(point):
    if point in OWN:
        return OWN[point]
    if not within(point, FOLDED):
        return chr(point)
    for _ in range(3):
        text = u.normalize("NFKD", u.normalize("NFKD", chr(point)).casefold())
    return "".join(OWN.get(ord(c), c) for c in text if not within(ord(c), DROPPED)).replace("\u03c2", "\u03c3")


def is_separator(point):
    return u.category(chr(point))[0] in "PSZC" and u.category(chr(point)) not in ("Cn", "Cs")


def separators():
    """Ranges, joined over points that nobody has assigned."""
    ranges = []
    for point in range(0x80, 0x110000):
        if u.category(chr(point)) in ("Cn", "Cs"):
            continue
        if within(point, DROPPED) or not is_separator(point):
            ranges.append(None)
        elif ranges and ranges[-1]:
            ranges[-1] = (ranges[-1][0], point)
        else:
            ranges.append((point, point))
    return [r for r in ranges if r]


def rows(items, row, per_line):
    for i in range(0, len(items), per_line):
        print("    " + " ".join(row(item) + "," for item in items[i:i + per_line]))
    print("};\n")


def main():
    letters, texts = [], []
    for point in range(0x80, 0x10000):
        if within(point, DROPPED) or 0xD800 <= point < 0xE000 or is_separator(point):
            continue
        text = fold(point)
        if text == chr(point) or not text or len(text) > 3 or any(is_separator(ord(c)) for c in text):
            continue
        (letters if len(text) == 1 else texts).append((point, text))
    print("/* SPDX-License-Identifier: MIT */")
    print(f"/* Made by tests/gen/search_fold.py from Unicode {u.unidata_version}; do not edit. Room-private. */")
    print("#ifndef CONTACTD_CORE_SEARCH_FOLD_H\n#define CONTACTD_CORE_SEARCH_FOLD_H\n\n#include <stdint.h>\n")
    print("/* clang-format off */\n/* A letter, and the plain one that it is compared as. */")
    print("static const uint16_t FOLDS[][2] = {")
    rows(letters, lambda item: "{0x%x, 0x%x}" % (item[0], ord(item[1])), 7)
    print("/* Those that become several. */")
    print("static const struct {\n    int32_t point;\n    const char *text;\n} FOLD_TEXTS[] = {")
    rows(texts, lambda item: '{0x%x, "%s"}' % (item[0], "".join("\\%03o" % b for b in item[1].encode())), 3)
    print("/* Marks that are left out. */\nstatic const int32_t DROPPED[][2] = {")
    rows(DROPPED, lambda item: "{0x%x, 0x%x}" % item, 5)
    print("/* What stands between words. */\nstatic const int32_t SEPARATORS[][2] = {")
    rows(separators(), lambda item: "{0x%x, 0x%x}" % item, 5)
    print("/* clang-format on */\n\n#endif")


main()

"""Printing one run of text: the letters where they belong, and what they are for who searches."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import Final

from fpdf import FPDF
from fpdf.enums import TextDirection
from fpdf.fonts import TTFFont
from fpdf.line_break import Fragment

_NOTHING: Final = (0x200D,)


class RunPrinter(FPDF):
    """Prints what it is given in the font and direction that are set.

    fpdf2 would look for directions and scripts once more, and part a letter from its marks.
    """

    def _preload_bidirectional_text(self, text: str, markdown: bool) -> Sequence[Fragment]:
        if not text or self.text_shaping is None:
            return ()
        direction = self.text_shaping["direction"]
        self.text_shaping["paragraph_direction"] = direction
        self.text_shaping["fragment_direction"] = direction
        of_direction = _RightToLeft if direction == TextDirection.RTL else Fragment
        return (of_direction(text, self._get_current_graphics_state(), self.k),)


class _RightToLeft(Fragment):
    """Arabic letters are often several glyphs, such as a stroke and its dots.

    For who searches and copies, the widest stands for all of them, the others for nothing seen.
    """

    def render_with_text_shaping(
        self, pos_x: float, pos_y: float, h: float, word_spacing: float
    ) -> str:
        font, text = self.font, self.string
        assert isinstance(font, TTFFont)
        infos, positions = font.perform_harfbuzz_shaping(
            text, self.font_size_pt, self.text_shaping_parameters
        )
        shaped = list(zip(infos, positions, strict=True))
        clusters = sorted({one.cluster for one in infos})
        ends = dict(pairwise([*clusters, len(text)]))
        per_unit = font.scale * self.font_size_pt / 1000 / self.k
        letters: list[str] = []
        dots: list[str] = []
        for start, group in groupby(shaped, key=lambda one: one[0].cluster):
            glyphs = list(group)
            said = text[start : ends[start]]
            widest = max(glyphs, key=lambda one: one[1].x_advance)
            for glyph in glyphs:
                info, place = glyph
                name = font.ttfont.getGlyphName(info.codepoint)
                picked = font.subset.get_glyph(
                    glyph=info.codepoint,
                    unicode=tuple(map(ord, said)) if glyph is widest else _NOTHING,
                    glyph_name=name,
                    glyph_width=round(font.scale * font.ttfont["hmtx"].metrics[name][0]),
                )
                code = font.subset.pick_glyph(picked) if picked is not None else None
                if code is not None:
                    x = (pos_x + place.x_offset * per_unit) * self.k
                    y = (h - pos_y + place.y_offset * per_unit) * self.k
                    shown = font.escape_text(chr(code))
                    drawn = f"1 0 0 1 {x:.2f} {y:.2f} Tm ({shown}) Tj"
                    (letters if glyph is widest else dots).append(drawn)
                pos_x += place.x_advance * per_unit
        # Last, so that whoever reads the letters is not kept by what lies over them.
        return " ".join([*letters, *dots])

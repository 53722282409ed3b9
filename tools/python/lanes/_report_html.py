# SPDX-License-Identifier: Apache-2.0
"""Reports in notebooks."""
import html

# Filled badges and borders of the text's own colour are read on white and on black.
_GOOD, _BAD = "#1a7f37", "#b34700"
_CELL = (
    "padding:2px 10px 2px 0;text-align:left;vertical-align:top;border:0;background:transparent;"
    "color:inherit"
)


def _row(label, content):
    return (
        f'<tr style="background:transparent"><th style="{_CELL};font-weight:600;white-space:nowrap">'
        f'{label}</th><td style="{_CELL}">{content}</td></tr>'
    )


def _badge(loop):
    text = f"VECTORIZED {loop.width} &times; {loop.interleave}" if loop.vectorized else "NOT VECTORIZED"
    colour = _GOOD if loop.vectorized else _BAD
    return (
        f'<span style="background:{colour};color:#fff;border-radius:3px;padding:1px 7px;'
        f'font-weight:600;white-space:nowrap">{text}</span>'
    )


def _bar(share):
    """How much of the roof is reached."""
    return (
        '<div style="border:1px solid currentColor;border-radius:3px;width:16em;max-width:100%;'
        'height:0.7em;margin:3px 0">'
        f'<div style="background:{_GOOD};height:100%;width:{100 * share:.0f}%"></div></div>'
    )


def table(loop):
    """The table of a LoopReport, without resources of elsewhere."""
    rows = []
    for label, text in loop.lines():
        content = html.escape(text)
        if label == "loop":
            content = _badge(loop)
            if loop.vectorized:
                content += " " + html.escape(loop.vector_text())
        elif label == "measured":
            content += _bar(loop.measured.roof)
        rows.append(_row(html.escape(label.strip()), content))
    return (
        '<table style="border-collapse:collapse;border:0;font-size:90%;max-width:60em;color:inherit">'
        '<caption style="text-align:left;color:inherit;font-weight:600;caption-side:top;'
        f'padding-bottom:3px"><code style="color:inherit;background:transparent">'
        f"{html.escape(loop.title())}</code></caption><tbody>{''.join(rows)}</tbody></table>"
    )

"""Tables from Markdown, and nothing that would be run or fetched."""

from pages import Page

from vizjax.report.markdown import html_of


def test_a_table():
    page = Page(html_of("| map | IoU |\n|---|--:|\n| `cam` | 0.5 |\n\nAs *measured*.", "the maps"))
    assert page.said("th") == ["map", "IoU"]
    assert page.said("code") == ["cam"]
    html = html_of("| map | IoU |\n|---|--:|\n| cam | 0.5 |\n", 'a "b"')
    assert '<td style="text-align:right">0.5</td>' in html
    assert 'aria-label="a &#34;b&#34;"' in html


def test_what_is_not_text_becomes_text():
    html = html_of("<script>x</script> ![a](x.png) [b](javascript:x)\n\n<b>c</b>\n\n# d", "")
    assert not {"<script", "<img", "<b>", 'href="javascript'} & set(html.split(">"))
    page = Page(html)
    assert page.images == []
    assert page.scripts == 0
    assert page.said("h5") == ["d"]

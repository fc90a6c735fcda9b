# SPDX-License-Identifier: Apache-2.0
"""The pages in a browser without style and pictures: w3m shows every text of them, in the order in which it is read."""
import html.parser
import re
import shutil
import subprocess

import pytest

import relay_process

PICTURE_TAGS = ("svg", "style", "head")
BLOCKS = ("h1", "h2", "h3", "p", "li", "figcaption", "header", "footer", "br")
SHARE = """\
relay.example
Someone shared a car key with you
2 days left
Valid until Thursday 3 December 2026, 11:00 UTC
The sender writes
Blue Volvo, until Sunday
Hi Anna, here is the key for the car.
It stands behind the house.
What to do now
iPhone
1. Go back to the message and tap the link in it.
2. If this page opens again, touch and hold the link and open it with your wallet app.
3. Check what your wallet app shows, and accept the key there.
Android
1. Go back to the message and tap the link in it.
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    if not shutil.which("w3m"):
        pytest.skip("no w3m")
    folder = tmp_path_factory.mktemp("pages")
    subprocess.run([relay_process.find_binary("write_pages"), folder], check=True, timeout=120)
    return folder


class Texts(html.parser.HTMLParser):
    """The paragraphs of a page in their order; the steps of a list with their numbers."""

    def __init__(self, text):
        super().__init__()
        self.hidden, self.step, self.paragraphs = 0, 0, [""]
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.hidden += tag in PICTURE_TAGS
        if tag in BLOCKS:
            self.paragraphs.append("")
        if tag in ("ol", "li"):
            self.step = 0 if tag == "ol" else self.step + 1
        if tag == "li":
            self.paragraphs[-1] = f"{self.step}. "

    def handle_endtag(self, tag):
        self.hidden -= tag in PICTURE_TAGS
        if tag in BLOCKS:
            self.paragraphs.append("")

    def handle_data(self, data):
        if not self.hidden:
            self.paragraphs[-1] += data.replace("\n", " ")

    def as_list(self):
        return [text for text in (" ".join(paragraph.split()) for paragraph in self.paragraphs) if text]


def shown(file):
    """The lines that w3m shows, long ones unbroken."""
    run = subprocess.run(["w3m", "-dump", "-cols", "20000", "-I", "UTF-8", "-O", "UTF-8", "-T", "text/html", file],
                         capture_output=True, text=True, check=True, timeout=60)
    return [text for text in (" ".join(line.split()) for line in run.stdout.splitlines()) if text]


# spec-test: protocol/5#readable
def share__as_text__in_the_order_in_which_it_is_read(written):
    assert shown(written / "open.en.car.ios.usual.html")[:15] == SHARE.splitlines()


# spec-test: protocol/5#readable
def pages__as_text__every_paragraph_on_a_line_of_its_own(written):
    files = sorted(written.glob("*.html"))
    assert len(files) > 200
    for file in files:
        # w3m leaves out a space between wide letters.
        lines, paragraphs = (["".join(text.split()) for text in texts] for texts in
                             (shown(file), Texts(file.read_text()).as_list()))
        assert lines == paragraphs, file.name


def hostile__as_text__a_quotation_like_any_other(written):
    lines = shown(written / "open.en.car.ios.hostile.html")
    at = lines.index("The sender writes")
    assert lines[at + 1].startswith("</title><script>document.title='x'</script>")
    assert lines[at + 2] == 'gnp.exe"><b>bold</b>' and lines[at + 3] == "'end"
    assert lines[at + 4] == "What to do now"


def buttons__as_text__each_on_its_line_with_what_they_do_not_do(written):
    lines = shown(written / "open.en.car.ios.branded.html")
    at = lines.index("Open Nordlicht Wallet")
    assert lines[at + 1:at + 3] == ["Get Nordlicht Wallet", "This only opens or gets the app. Then tap the link in the message."]
    assert not [line for line in lines if re.search(r"[{}<>]|svg|path", line)]

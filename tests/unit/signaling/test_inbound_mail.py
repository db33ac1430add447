"""What counts of a mail: the words and files of every shape that mail programs send, and bombs."""

from __future__ import annotations

from email import policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import CaseError
from signaling.inbound_mail import MOST_LOOKED_AT, Answer, read_answer, read_apart

LOGO = b"\x89PNG logo"
PHOTO = b"\xff\xd8\xff photo" * 4000


def mail(**headers: str) -> EmailMessage:
    """A mail of the buyer's without anything in it."""
    message = EmailMessage(policy=policy.SMTP)
    for name, value in {"From": "Ana <ana@example.com>", "Message-ID": "<1@x>", **headers}.items():
        message[name] = value
    return message


def read(message: EmailMessage) -> Answer:
    """What counts of it."""
    answer = read_answer(message.as_bytes())
    assert answer is not None
    return answer


def names(answer: Answer) -> list[str]:
    """What its files are called."""
    return [file.name for file in answer.files]


def picture(content: bytes = PHOTO, **given: Any) -> EmailMessage:
    """A part with a picture."""
    part = EmailMessage(policy=policy.SMTP)
    part.set_content(content, "image", "jpeg", **given)
    return part


def test_the_words_and_every_file_are_read() -> None:
    """As most programs send it."""
    message = mail()
    message.set_content("It is broken")
    message.add_alternative("<p>It is broken</p>", subtype="html")
    message.add_attachment(PHOTO, "image", "jpeg", filename="one.jpg")
    message.add_attachment(b"%PDF-", "application", "pdf", filename="bill.pdf")
    answer = read(message)
    assert answer.text.strip() == "It is broken"
    assert names(answer) == ["one.jpg", "bill.pdf"]
    assert answer.files[0].content == PHOTO


def test_a_picture_alone_is_an_answer() -> None:
    """The whole mail is the picture; or it has pictures and not a word."""
    alone = mail()
    alone.set_content(PHOTO, "image", "jpeg", filename="a.jpg")
    assert (read(alone).text, names(read(alone))) == ("", ["a.jpg"])
    several = mail()
    several.make_mixed()
    several.attach(picture(disposition="inline", filename="b.jpg"))
    several.attach(picture(disposition="inline", filename="c.jpg"))
    assert (read(several).text, names(read(several))) == ("", ["b.jpg", "c.jpg"])


def test_words_below_a_picture_are_kept() -> None:
    """A phone writes words, picture, words; and hides pictures in the form with markup."""
    message = mail()
    message.set_content("Above")
    message.make_mixed()
    message.attach(picture(disposition="inline", filename="a.jpg"))
    below = EmailMessage(policy=policy.SMTP)
    below.set_content("Below")
    message.attach(below)
    answer = read(message)
    assert answer.text.split() == ["Above", "Below"]
    assert names(answer) == ["a.jpg"]

    marked = EmailMessage(policy=policy.SMTP)
    marked.set_content("<p>Above</p>", subtype="html")
    marked.make_mixed()
    marked.attach(picture(disposition="inline", filename="b.jpg"))
    apple = mail()
    apple.set_content("Above")
    apple.make_alternative()
    apple.attach(marked)
    answer = read(apple)
    assert answer.text.split() == ["Above"]
    assert names(answer) == ["b.jpg"]


def test_logos_of_a_signature_are_left_out_and_photographs_in_the_text_are_not() -> None:
    """Tiny, with a Content-ID, and not attached by hand: only all three make a logo."""
    message = mail()
    message.set_content("Hi")
    message.add_alternative('<p>Hi</p><img src="cid:a">', subtype="html")
    html = message.get_body(("html",))
    assert isinstance(html, EmailMessage)
    html.add_related(LOGO, "image", "png", cid="<a>", disposition="inline", filename="l.png")
    html.add_related(PHOTO, "image", "jpeg", cid="<b>", disposition="inline", filename="p.jpg")
    message.make_mixed()
    message.attach(picture(LOGO, cid="<c>", disposition="attachment", filename="by-hand.png"))
    message.attach(picture(LOGO, disposition="inline", filename="no-id.png"))
    assert names(read(message)) == ["p.jpg", "by-hand.png", "no-id.png"]


def test_a_signed_mail_has_no_file_for_its_signature() -> None:
    """Nobody attached it."""
    message = mail()
    message.set_content("Hi")
    message.add_attachment(b"x", "application", "pkcs7-signature", filename="smime.p7s")
    assert names(read(message)) == []


def test_a_forwarded_mail_is_one_file() -> None:
    """What is in it is not the buyer's to attach."""
    inner = mail()
    inner.set_content("Hello")
    inner.add_attachment(PHOTO, "image", "jpeg", filename="inner.jpg")
    message = mail()
    message.set_content("See below")
    message.add_attachment(inner)
    answer = read(message)
    assert answer.text.strip() == "See below"
    assert len(answer.files) == 1
    assert names(answer) != ["inner.jpg"]


def test_unknown_characters_lose_no_words() -> None:
    """A character set that nobody knows is read as UTF-8."""
    raw = b"From: ana@example.com\r\nContent-Type: text/plain; charset=x-none\r\n\r\nBroken \xff"
    answer = read_answer(raw)
    assert answer is not None
    assert answer.text.startswith("Broken")


def test_of_many_files_the_first_are_looked_at_and_the_next_named() -> None:
    """What is after those is dropped."""
    message = mail()
    message.set_content("Hi")
    for number in range(50):
        message.add_attachment(b"x", "image", "jpeg", filename=f"{number}.jpg")
    answer = read(message)
    assert names(answer) == [f"{number}.jpg" for number in range(40)]
    looked_at = [file for file in answer.files if file.content is not None]
    assert len(looked_at) == MOST_LOOKED_AT


async def test_the_child_reads_the_same() -> None:
    """Word for word and byte for byte; a robot's mail is nothing there, too."""
    message = mail()
    message.set_content("Grüße\nfrom Ana")
    message.add_attachment(PHOTO, "image", "jpeg", filename="b\u202egpj.exe\n.jpg")
    for number in range(25):
        message.add_attachment(bytes([number]), "image", "jpeg", filename=f"{number}.jpg")
    raw = message.as_bytes()
    assert await read_apart(raw) == read_answer(raw)
    assert await read_apart(mail(Precedence="bulk").as_bytes()) is None


async def test_mails_made_to_take_all_memory_are_given_up() -> None:
    """Millions of parts; parts within parts within parts: the child ends, this process does not."""
    head = b'From: ana@example.com\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    with pytest.raises(CaseError, match="cannot be read"):
        await read_apart(head + b"--b\r\n\r\n" * 2_500_000)
    nested = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n)
        for n in range(20_000)
    )
    with pytest.raises(CaseError, match="cannot be read"):
        await read_apart(b"From: ana@example.com\r\n" + nested)


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reading_of_a_part(junk: bytes) -> None:
    """Whatever stands in headers and bodies of parts."""
    head = b'From: ana@example.com\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    answer = read_answer(head + b"--b\r\nContent-Type: " + junk + b"\r\n\r\nx\r\n--b--\r\n")
    assert answer is None or answer.sender == "ana@example.com"

#!/usr/bin/env python3
"""Counts the words of a form: GET shows the form, POST shows the count."""

import os
import sys
from html import escape
from urllib.parse import parse_qs

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Words</title>
<link rel="stylesheet" href="/assets/style.css">
<main>
<h1>Words</h1>
{answer}
<form method="post">
<label for="text">Your text</label>
<textarea id="text" name="text" rows="6">{text}</textarea>
<button>Count</button>
</form>
<p class="quiet">Python {version}</p>
<p><a href="/cgi/">Back</a></p>
</main>
</html>
"""

text = ""
answer = '<p class="lead">The text goes to the script by POST, on its standard input.</p>'
if os.environ["REQUEST_METHOD"] == "POST":
    body = sys.stdin.buffer.read(int(os.environ.get("CONTENT_LENGTH") or 0))
    text = parse_qs(body.decode("utf-8", "replace")).get("text", [""])[0]
    answer = f'<p class="lead">{len(text.split())} words, {len(text)} characters.</p>'

page = PAGE.format(answer=answer, text=escape(text), version=sys.version.split()[0]).encode()
sys.stdout.write(f"Content-Type: text/html; charset=utf-8\r\nContent-Length: {len(page)}\r\n\r\n")
sys.stdout.flush()
sys.stdout.buffer.write(page)

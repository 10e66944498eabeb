#!/bin/sh
# Greets the name in the query, and shows the environment of a script.
# The environment contains data from the client: it is escaped before it goes into the page.

escape() {
    printf '%s' "$1" | sed -e 's/&/\&amp;/g' -e 's/</\&lt;/g' -e 's/>/\&gt;/g' -e 's/"/\&quot;/g'
}

row() {
    printf '<tr><th scope="row">%s</th><td><code>%s</code></td></tr>\n' "$1" "$(escape "$2")"
}

name=you
case "$QUERY_STRING" in
    name=?*) name=${QUERY_STRING#name=} ;;
esac

printf 'Content-Type: text/html; charset=utf-8\r\n\r\n'

cat <<HTML
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>A shell script</title>
<link rel="stylesheet" href="/assets/style.css">
<main>
<h1>Hello, $(escape "$name")</h1>
<p class="lead">A shell script wrote this, in $(escape "$PWD").</p>
<table>
HTML

row REQUEST_METHOD "$REQUEST_METHOD"
row SCRIPT_NAME "$SCRIPT_NAME"
row PATH_INFO "$PATH_INFO"
row QUERY_STRING "$QUERY_STRING"
row SERVER_NAME "$SERVER_NAME"
row SERVER_PORT "$SERVER_PORT"
row SERVER_SOFTWARE "$SERVER_SOFTWARE"
row REMOTE_ADDR "$REMOTE_ADDR"
row HTTP_USER_AGENT "$HTTP_USER_AGENT"

cat <<HTML
</table>
<p><a href="/cgi/">Back</a></p>
</main>
</html>
HTML

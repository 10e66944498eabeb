#!/bin/sh
# The exam's CGI program: its standard input, in upper case. The secret header goes back, so that the test sees it came.
printf 'Status: 200 OK\r\nContent-Type: text/plain\r\n'
if [ -n "$HTTP_X_SECRET_HEADER_FOR_TEST" ]; then
    printf 'X-Secret-Header-For-Test: %s\r\n' "$HTTP_X_SECRET_HEADER_FOR_TEST"
fi
printf '\r\n'
LC_ALL=C exec tr 'a-z' 'A-Z'

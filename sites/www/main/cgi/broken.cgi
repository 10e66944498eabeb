#!/bin/sh
# Ends before it has answered, so that the error page for 5xx can be seen.
echo 'broken.cgi ends on purpose, without an answer' >&2
exit 1

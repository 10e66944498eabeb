/**
 * Files that `webserv init` creates: the path from the site's directory, and the content. The configuration comes last.
 */
export const siteFiles: readonly (readonly [name: string, content: string])[] = [
  [
    'www/index.html',
    `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>It works</title>
    <link rel="stylesheet" href="/style.css">
  </head>
  <body>
    <h1>It works</h1>
    <p>This page is <code>www/index.html</code>. The server is configured in <code>webserv.conf</code>.</p>
  </body>
</html>
`,
  ],
  [
    'www/404.html',
    `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Not found</title>
    <link rel="stylesheet" href="/style.css">
  </head>
  <body>
    <h1>Not found</h1>
    <p>There is nothing at this address. <a href="/">Back to the start</a></p>
  </body>
</html>
`,
  ],
  [
    'www/style.css',
    `body {
  max-width: 40rem;
  margin: 4rem auto;
  padding: 0 1rem;
  font: 1.1rem/1.5 system-ui, sans-serif;
}
`,
  ],
  [
    'www/files/read-me.txt',
    'A file in a directory without an index page. webserv.conf shows how to list the directory.\n',
  ],
  [
    'webserv.conf',
    `# The configuration of this site. Relative paths start from the directory of this file.
#
#   webserv                   serves it
#   webserv --watch           serves it, and applies your changes to this file
#   webserv --test            checks it
#   webserv --print-config    prints it with all defaults and inherited values
#   webserv explain /files/   shows how a request would be handled
#   webserv plugins           lists every directive

server {
    # Only this machine can connect. To serve other machines too: listen 8080;
    listen 127.0.0.1:8080;

    # /a/b.html is the file www/a/b.html; / is www/index.html.
    root www;

    # The page for addresses that do not exist.
    error_page 404 /404.html;

    # To use one of these, remove its "#".

    # A list of the files in a directory:
    # location /files { autoindex on; }

    # An address that moved:
    # location = /old.html { return 301 /; }

    # A place for uploads (create the directory "uploads" first); try: curl -T photo.jpg http://localhost:8080/uploads/
    # location /uploads { root uploads; upload on; autoindex on; client_max_body_size 100m; }

    # Files that end in .py are scripts:
    # location /cgi { cgi .py python3; }
}
`,
  ],
];

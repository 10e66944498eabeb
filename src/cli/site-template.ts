/** What `webserv init` makes: a file's path from the site's folder, and its content. The configuration comes last. */
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
    <p>This page is <code>www/index.html</code>. What is served, and how, is said in <code>webserv.conf</code>.</p>
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
    'A file in a folder without a page of its own. webserv.conf says how to list the folder.\n',
  ],
  [
    'webserv.conf',
    `# The configuration of this site. Relative paths start from the folder of this file.
#
#   webserv                   serves it
#   webserv --watch           serves it, and takes over what you change here
#   webserv --test            checks it
#   webserv --print-config    shows what it comes to, with all that is left out here
#   webserv explain /files/   tells what becomes of a request
#   webserv plugins           lists every directive

server {
    # Only this machine can reach it. For others too: listen 8080;
    listen 127.0.0.1:8080;

    # /a/b.html is the file www/a/b.html; / is www/index.html.
    root www;

    # The page for what is not there.
    error_page 404 /404.html;

    # Each of these works when its "#" is taken away.

    # A list of the files in a folder:
    # location /files { autoindex on; }

    # An address that moved:
    # location = /old.html { return 301 /; }

    # A place for uploads (make the folder "uploads" first); try: curl -T photo.jpg http://localhost:8080/uploads/
    # location /uploads { root uploads; upload on; autoindex on; client_max_body_size 100m; }

    # Files that end in .py are scripts:
    # location /cgi { cgi .py python3; }
}
`,
  ],
];

<?php
// Shows the variables that PHP gets. Data from the client is escaped before it goes into the page.
header('Content-Type: text/html; charset=utf-8');

$given = [
    'PHP' => PHP_VERSION . ' by ' . PHP_SAPI,
    'REQUEST_METHOD' => $_SERVER['REQUEST_METHOD'],
    'REQUEST_URI' => $_SERVER['REQUEST_URI'] ?? '',
    'SCRIPT_FILENAME' => $_SERVER['SCRIPT_FILENAME'],
    '$_GET' => json_encode($_GET, JSON_UNESCAPED_UNICODE),
    '$_POST' => json_encode($_POST, JSON_UNESCAPED_UNICODE),
];
?>
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>PHP</title>
<link rel="stylesheet" href="/assets/style.css">
<main>
<h1>PHP</h1>
<table>
<?php foreach ($given as $name => $value): ?>
<tr><th scope="row"><?= htmlspecialchars($name) ?></th><td><code><?= htmlspecialchars($value) ?></code></td></tr>
<?php endforeach ?>
</table>
<h2>Send it something</h2>
<form method="post">
<label for="note">A note</label>
<input id="note" name="note" value="a word or two">
<button>Send</button>
</form>
<p><a href="/cgi/">Back</a></p>
</main>
</html>

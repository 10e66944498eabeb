/**
 * Stable codes of the loader's diagnostics, each with its meaning. The table in docs/configuration.md is generated from
 * this.
 */
export const codes = {
  'argument-count': 'a directive has too few or too many arguments',
  'directive-conflict': 'two plugins, or a plugin and the kernel, have a directive of one name',
  'duplicate-default-server': 'two servers are `default_server` of one address',
  'duplicate-directive': 'a directive appears twice in a block that allows it once',
  'duplicate-listen': 'a server listens on one address twice',
  'duplicate-location': 'two locations of a server have the same path, or two of a block the same extension',
  'duplicate-plugin': 'two loaded plugins have the same name',
  'duplicate-server-name': 'two servers of one address claim the same name',
  'error-log': 'the error log cannot be written; only a warning while its directory does not exist',
  'forbidden-character': 'the text contains a NUL byte and is not a configuration',
  'exposed-file':
    'warning: clients can download a file of the configuration, or a file that the configuration names',
  'exposed-key': 'clients can download a private key that the configuration names',
  'include-cycle': 'files include each other in a cycle',
  'include-not-found': 'an included file does not exist',
  'include-passed-over':
    'warning: an `include` pattern skips a directory that cannot be read, or a dangling symbolic link',
  'invalid-location': 'the pattern of a location can never match',
  'location-outside-parent': 'a nested location is outside the path of its parent location',
  'log-directory': "warning: users other than root and the server can write to a log's directory",
  certificate:
    'a certificate cannot be used: it cannot be read, is no certificate, does not fit its key or is not in order; a warning if clients may only distrust it',
  'certificate-key': 'a private key cannot be used: it cannot be read, is no key, or its password is missing',
  'certificate-names': 'warning: a certificate is not for all names of its server',
  'certificate-expiry': 'warning: a certificate has expired, is not valid yet, or expires soon',
  'readable-key': 'warning: users other than the server can read a private key',
  'missing-certificate': 'a server speaks TLS and has no certificate, or a key has none',
  'missing-certificate-key': 'a certificate has no private key',
  'missing-client-authority': 'client certificates are to be verified, and no authority is named',
  'client-authority': 'the authorities or revoked certificates of clients cannot be used',
  'tls-directive': 'warning: a TLS directive, or a part of it, has no effect',
  'tls-settings': 'the ciphers, groups or the key of the session tickets cannot be used',
  'missing-block': 'a directive that needs a block `{ … }` has none',
  'missing-listen': 'a server has no address',
  'missing-root': 'warning: a directory to serve files from does not exist',
  'missing-semicolon': 'a directive does not end with `;`',
  'nginx-directive':
    'an nginx directive that webserv does not have, and what is lost; a warning if only speed, or nothing, is lost',
  'nginx-root': 'warning: a `root` is written for nginx, which appends the path of the location to it',
  'no-server': 'the configuration has no server',
  'not-utf8': 'a file is not UTF-8 text',
  'open-return': 'warning: `return` responds before the password that its block requires is checked',
  'pid-file': 'the pid file cannot be written; only a warning while its directory does not exist',
  'plugin-failed':
    'a plugin threw while it was loaded, parsed its directive, was set up or was applied to a route',
  'plugin-invalid': 'the loaded module is not a plugin',
  'plugin-not-found': 'a plugin is not installed, or its file does not exist',
  'plugin-version': 'a plugin was written for another version of the plugin contract',
  'program-unreadable': "warning: the workers' user may not read the server's program files",
  'runs-as-root':
    'warning: the server was started by root without `user`, so that plugins and scripts run as root',
  'script-source':
    'warning: a file that runs as a script in one location would be sent as source code by another',
  syntax: 'the YAML or JSON text is not well formed',
  'too-deep': 'blocks, or includes, are nested too deep',
  'too-large': 'a file, or the total size of all included files, is too large',
  'too-many-mistakes': 'only the first errors and warnings are shown',
  'unasked-password': 'warning: a password file is configured where no password is required',
  'unclosed-block': 'a block is opened and never closed',
  'unclosed-quote': 'a quoted text is opened and never closed',
  'unclosed-variable': 'the `{` of an environment variable is never closed',
  'unanswered-location': 'warning: no plugin responds in a location, so every request gets 404',
  'unexpected-block': 'a directive that takes no block is followed by one',
  'unexpected-brace': 'a `{` without a name before it, or a `}` with nothing to close',
  'unexpected-semicolon': 'a `;` with no directive before it',
  'unexpected-text': 'a closing quote is followed by text without a space between',
  'unexpected-value': 'a value in YAML, JSON or TypeScript is not one a directive can have',
  'unknown-directive': 'neither the kernel nor a loaded plugin has the directive',
  'unknown-user':
    'the user or group does not exist: an error if root asked the system; a warning if another user searched its tables',
  'unreadable-file': 'a file cannot be read',
  'unset-variable': 'an environment variable is not set and has no default',
  'uploaded-scripts': 'files that clients upload would run as scripts',
  'variable-conflict': 'two plugins, or a plugin and the kernel, define a variable of one name',
  'wrong-argument': 'an argument is not one that the directive accepts',
  'wrong-block': 'a directive is in a block that does not allow it',
} as const satisfies Readonly<Record<string, string>>;

export type DiagnosticCode = keyof typeof codes;

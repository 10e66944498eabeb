/**
 * Every finding of the loader by its stable code, with what it means. The documentation's table is printed from
 * this.
 */
export const codes = {
  'argument-count': 'a directive has too few or too many arguments',
  'directive-conflict': 'two plugins, or a plugin and the kernel, have a directive of one name',
  'duplicate-default-server': 'two servers are `default_server` of one address',
  'duplicate-directive': 'a directive stands twice in a block where it may stand once',
  'duplicate-listen': 'a server listens on one address twice',
  'duplicate-location': 'two locations of a server have the same path, or two of a block the same extension',
  'duplicate-plugin': 'two loaded plugins have the same name',
  'duplicate-server-name': 'two servers of one address claim the same name',
  'error-log': 'the error log cannot be written; a warning while its folder is not there',
  'forbidden-character': 'the text holds a NUL byte: it is no configuration',
  'exposed-file':
    'warning: a file that the configuration names, or is made of, lies where clients can download it',
  'exposed-key': 'a private key that the configuration names lies where clients can download it',
  'include-cycle': 'files include each other in a circle',
  'include-not-found': 'an included file is not there',
  'include-passed-over':
    'warning: an `include` pattern passes something over: a directory that cannot be read, a link to nothing',
  'invalid-location': 'the pattern of a location cannot match anything',
  'location-outside-parent': 'a nested location is not below the location around it',
  'log-directory': 'warning: others than root and the server can write to the directory of a log',
  'missing-block': 'a directive that needs a block `{ … }` has none',
  'missing-listen': 'a server has no address',
  'missing-root': 'warning: a directory that files are to be served from is not there',
  'missing-semicolon': 'a directive does not end with `;`',
  'nginx-directive':
    'a directive of nginx that is not here, and what is lost by that; a warning where that is nothing, or speed',
  'nginx-root': 'warning: a `root` is written as for nginx, which adds the path of the location to it',
  'no-server': 'there is no server at all',
  'not-utf8': 'a file is not UTF-8 text',
  'open-return': 'warning: `return` answers in a block that asks for a password, before it is asked for',
  'pid-file': 'the pid file cannot be written; a warning while its folder is not there',
  'plugin-failed': 'a plugin broke while it was loaded, read its directive, was set up or applied to a route',
  'plugin-invalid': 'what was loaded is no plugin',
  'plugin-not-found': 'a plugin is not installed, or its file is not there',
  'plugin-version': 'a plugin was written for another version of the contract',
  'program-unreadable': "warning: the workers' user may not read the server's own program",
  'runs-as-root':
    'warning: the server was started by root without `user`, so that plugins and scripts are root',
  'script-source': 'warning: what runs as a script in one location would be sent as source by another',
  syntax: 'the YAML or JSON text is not well formed',
  'too-deep': 'blocks, or includes, are nested too deep',
  'too-large': 'a file, or all included files together, are too large',
  'too-many-mistakes': 'only the first mistakes are shown',
  'unclosed-block': 'a block is opened and never closed',
  'unclosed-quote': 'a quoted text is opened and never closed',
  'unclosed-variable': 'the `{` of an environment variable is never closed',
  'unanswered-location': 'warning: nothing answers in a location, so that every request gets 404',
  'unexpected-block': 'a directive that takes no block has one',
  'unexpected-brace': 'a `{` without a name before it, or a `}` with nothing to close',
  'unexpected-semicolon': 'a `;` with no directive before it',
  'unexpected-text': 'something follows a closing quote without a space',
  'unexpected-value': 'a value in YAML, JSON or TypeScript is not one a directive can have',
  'unknown-directive': 'no part of the server knows the directive',
  'unknown-user':
    'there is no such user or group: an error for root, who can ask the system; a warning for others, who read its tables',
  'unreadable-file': 'a file cannot be read',
  'unset-variable': 'an environment variable is not set and has no default',
  'uploaded-scripts': 'files that clients upload would run as scripts',
  'variable-conflict': 'two plugins, or a plugin and the kernel, define a variable of one name',
  'wrong-argument': 'an argument is not what the directive takes',
  'wrong-block': 'a directive stands in a block it does not belong in',
} as const satisfies Readonly<Record<string, string>>;

export type DiagnosticCode = keyof typeof codes;

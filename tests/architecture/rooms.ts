/**
 * The rooms of the house, from the ones that nothing else rests on to the ones that rest on everything. A room imports
 * from the rooms in the lists above its own, never from its own list or one below: `docs/architecture.md` has the picture.
 */
export const FLOORS: readonly (readonly string[])[] = [
  ['kernel/diagnostics', 'kernel/path'],
  ['kernel/rights'],
  ['kernel/files', 'kernel/log', 'kernel/metrics'],
  ['kernel/http', 'certificates'],
  ['kernel/limits'],
  ['kernel/contract'],
  ['kernel/config'],
  ['kernel/hooks'],
  ['kernel/routing'],
  ['kernel/exchange'],
  ['kernel/net'],
  ['kernel/tls'],
  ['kernel/http1'],
  ['kernel/server'],
  ['process', 'inspect'],
  ['testing'],
  ['cli'],
];

/** Files of `src` itself: what each may import, beside other files of `src` itself. */
export const ENTRIES: Readonly<Record<string, readonly string[]>> = {
  'package-directory.ts': [],
  'index.ts': [
    'kernel/contract',
    'kernel/config',
    'kernel/diagnostics',
    'kernel/files',
    'kernel/http',
    'kernel/limits',
    'kernel/log',
    'kernel/metrics',
    'kernel/path',
  ],
  'builtin-directives.ts': ['kernel/contract', 'plugins'],
  'builtin.ts': ['kernel/contract', 'kernel/config', 'plugins'],
  'define-config.ts': ['kernel/contract', 'kernel/config'],
};

/** Files of `src` itself that a room may import. */
export const OPEN_ENTRIES: Readonly<Record<string, readonly string[]>> = {
  'package-directory.ts': ['kernel/config', 'kernel/server', 'process', 'cli'],
  'builtin.ts': ['cli', 'testing'],
};

/** Rooms that only these rooms import. */
export const IMPORTED_BY: Readonly<Record<string, readonly string[]>> = {
  // For people, not for requests.
  inspect: ['cli', 'testing'],
  // Private keys of an authority: no process that serves requests needs them.
  certificates: ['process', 'cli'],
};

export const MAX_LINES = 300;

/** Files longer than that, each with the reason. */
export const LONG_FILES: Readonly<Record<string, string>> = {
  'src/kernel/config/directives/core.ts': "a table: one row for each of the kernel's directives",
  'src/kernel/http1/connection.ts': 'one state machine: each of its transitions depends on the others',
  'src/process/master.ts': 'one state machine: start, reload, replacement and stop interrupt each other',
};

import { fileURLToPath } from 'node:url';
import { defineConfig } from 'rolldown';
import manifest from './package.json' with { type: 'json' };

/** Each stays a file of its own, under the path it has in the sources; what they share goes into `dist/shared/`. */
const entries = [
  'src/cli/main.ts',
  'src/cli/worker.ts',
  'src/index.ts',
  'src/define-config.ts',
  'src/testing/index.ts',
];

/** The plugin's thread: it lies beside the code that starts it, by this name. */
const THREAD = { 'shared/basic-auth-thread': 'plugins/basic-auth/thread.ts' };

/** They stay packages of their own. */
const packages = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });

/**
 * Files that a process loads together, each with everything it imports statically, except what the group before it has:
 * Node takes 0.8 ms for each file. What a process may not need is imported late, and stays out.
 */
const GROUPS = [
  // Handles signals before the rest is read.
  { name: 'start', test: /src\/cli\/start-(?:command|worker)\.ts$/, priority: 3 },
  // The command line and the master.
  { name: 'command', test: /src\/cli\/(?:command-line|loader-process)\.ts$/, priority: 2 },
  // Loads a configuration and serves it: the kernel with all built-in plugins.
  {
    name: 'server',
    test: /src\/(?:index|define-config|cli\/configuration|cli\/run-as-worker)\.ts$/,
    priority: 1,
  },
];

/**
 * Joins some three hundred files to a few: a server starts in two thirds of the time. Names stay as they are, for the
 * stacks in logs; `src/process/built-in-code.ts` reads the names of the sources. Types are tsc's.
 */
export default defineConfig({
  input: { ...Object.fromEntries(entries.map((file) => [file.replace(/\.ts$/, ''), file])), ...THREAD },
  logLevel: 'warn',
  platform: 'node',
  transform: { target: 'node20.19' },
  // By the package's own name a plugin imports these very sources.
  resolve: { alias: { '@webserv/server': fileURLToPath(new URL('src/index.ts', import.meta.url)) } },
  external: packages.flatMap((name) => [name, new RegExp(`^${name}/`)]),
  output: {
    dir: 'dist',
    // The declarations have them; here they are a fifth of what each process reads and keeps in memory.
    comments: { jsdoc: false },
    cleanDir: true,
    entryFileNames: '[name].js',
    chunkFileNames: 'shared/[name]-[hash].js',
    codeSplitting: { groups: GROUPS },
  },
});

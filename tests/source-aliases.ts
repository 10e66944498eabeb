import { fileURLToPath } from 'node:url';

const source = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** The tests run the sources; plugins import the package by its own name, as a plugin from npm would. */
export const sourceAliases = [
  { find: /^@webserv\/server\/testing$/, replacement: source('src/testing/index.ts') },
  { find: /^@webserv\/server\/config$/, replacement: source('src/define-config.ts') },
  { find: /^@webserv\/server$/, replacement: source('src/index.ts') },
];

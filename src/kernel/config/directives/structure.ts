import type { Directive, DirectiveTable } from '../../contract/directive.js';

/** A directive that shapes the configuration itself, and has no value that a route could inherit. */
export interface StructuralDirective
  extends Pick<
    Directive<unknown>,
    'contexts' | 'help' | 'usage' | 'minArguments' | 'maxArguments' | 'repeatable' | 'example'
  > {
  readonly hasBlock: boolean;
  /** Directives allowed inside, where the directive itself defines them. */
  readonly block?: DirectiveTable | undefined;
}

const unbounded = Number.POSITIVE_INFINITY;
const everywhere = ['main', 'server', 'location'] as const;

export const structure = {
  server: {
    contexts: ['main'],
    help: 'a virtual server; the first of an address answers for names nobody claims',
    usage: '{ … }',
    minArguments: 0,
    maxArguments: 0,
    repeatable: true,
    hasBlock: true,
    example: 'server { listen 8080; root www; }',
  },
  location: {
    contexts: ['server', 'location'],
    help: 'a part of the URL space: a prefix by whole segments (the longest wins; with ^~ without the extension locations around it), one exact path, or an extension',
    usage: 'PATH | = PATH | ^~ PATH | *.EXT { … }',
    minArguments: 1,
    maxArguments: 2,
    repeatable: true,
    hasBlock: true,
    example: 'location /img { root www/images; }',
  },
  include: {
    contexts: everywhere,
    help: 'reads files here; a relative pattern starts from the folder of the file it stands in',
    usage: 'GLOB',
    minArguments: 1,
    maxArguments: 1,
    repeatable: true,
    hasBlock: false,
    example: 'include sites/*.conf;',
  },
  load_plugin: {
    contexts: ['main'],
    help: "a plugin from npm (webserv-plugin-NAME, or its full name) or a file, found from the configuration file's folder",
    usage: 'NAME|PATH',
    minArguments: 1,
    maxArguments: 1,
    repeatable: true,
    hasBlock: false,
    example: 'load_plugin ./plugins/hello.ts;',
  },
  listen: {
    contexts: ['server'],
    help: 'an address of the server',
    usage: '[ADDRESS:]PORT|unix:PATH [default_server]',
    minArguments: 1,
    // nginx allows more parameters behind an address; each of them gets its own diagnostic.
    maxArguments: unbounded,
    repeatable: true,
    hasBlock: false,
    example: 'listen 8080;',
  },
  server_name: {
    contexts: ['server'],
    help: 'the names it answers for: exact, or *.example.org for all below',
    usage: 'NAME…',
    minArguments: 1,
    maxArguments: unbounded,
    repeatable: true,
    hasBlock: false,
    example: 'server_name example.org *.example.org;',
  },
  types: {
    contexts: everywhere,
    help: 'media types by file name extension, added to the table around it',
    usage: '{ TYPE EXTENSION…; }',
    minArguments: 0,
    maxArguments: 0,
    repeatable: true,
    hasBlock: true,
    example: 'types { text/markdown md; }',
  },
} as const satisfies Readonly<Record<string, StructuralDirective>>;

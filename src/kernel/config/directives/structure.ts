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
    help: 'defines a virtual server; the first of an address serves all names that no other server has',
    usage: '{ … }',
    minArguments: 0,
    maxArguments: 0,
    repeatable: true,
    hasBlock: true,
    example: 'server { listen 8080; root www; }',
  },
  location: {
    contexts: ['server', 'location'],
    help: 'configures a part of the URL space: a prefix of whole segments (the longest wins; ^~ also excludes the extension locations around it), one exact path, or a file name extension',
    usage: 'PATH | = PATH | ^~ PATH | *.EXT { … }',
    minArguments: 1,
    maxArguments: 2,
    repeatable: true,
    hasBlock: true,
    example: 'location /img { root www/images; }',
  },
  include: {
    contexts: everywhere,
    help: 'includes files in this place; a relative pattern starts in the directory of the including file',
    usage: 'GLOB',
    minArguments: 1,
    maxArguments: 1,
    repeatable: true,
    hasBlock: false,
    example: 'include sites/*.conf;',
  },
  load_plugin: {
    contexts: ['main'],
    help: 'loads a plugin: an npm package (webserv-plugin-NAME, or its full name) or a file, found from the directory of the configuration file',
    usage: 'NAME|PATH',
    minArguments: 1,
    maxArguments: 1,
    repeatable: true,
    hasBlock: false,
    example: 'load_plugin ./plugins/hello.ts;',
  },
  listen: {
    contexts: ['server'],
    help: 'sets an address that the server listens on; ssl for HTTPS',
    usage: '[ADDRESS:]PORT|unix:PATH [ssl] [default_server]',
    minArguments: 1,
    // nginx allows more parameters behind an address; each of them gets its own diagnostic.
    maxArguments: unbounded,
    repeatable: true,
    hasBlock: false,
    example: 'listen 8080;',
  },
  server_name: {
    contexts: ['server'],
    help: 'sets the host names that the server serves: exact, or *.example.org for all subdomains',
    usage: 'NAME…',
    minArguments: 1,
    maxArguments: unbounded,
    repeatable: true,
    hasBlock: false,
    example: 'server_name example.org *.example.org;',
  },
  types: {
    contexts: everywhere,
    help: 'maps file name extensions to media types, in addition to the inherited ones',
    usage: '{ TYPE EXTENSION…; }',
    minArguments: 0,
    maxArguments: 0,
    repeatable: true,
    hasBlock: true,
    example: 'types { text/markdown md; }',
  },
} as const satisfies Readonly<Record<string, StructuralDirective>>;

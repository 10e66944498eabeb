import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { globSync, isDynamicPattern } from 'tinyglobby';
import type { Diagnostic, Place } from './diagnostic.js';
import { displayPath } from './display-path.js';
import type { Environment } from './environment.js';
import { type Findings, reasonOf } from './findings.js';
import { type Form, formOf } from './forms.js';
import { parseConf } from './parser.js';
import type { DirectiveUse } from './schema.js';
import { Source } from './source.js';
import { parseYaml } from './yaml.js';

/** Bytes of one file. */
const MAX_FILE_SIZE = 16 * 1024 * 1024;
/** Files in files. */
const MAX_CHAIN = 32;
/** Directives and files read by includes altogether: a few lines that include each other's copies make billions. */
const MAX_INCLUDED = 1_000_000;

/** How a file was reached. */
interface Link {
  readonly path: string;
  /** Where it is included; undefined for the configuration file itself. */
  readonly place: Place | undefined;
}

/**
 * Reads a configuration's files and puts what they include where it is included. Files are read synchronously: it
 * happens before anything is served.
 */
export class FileReader {
  readonly #environment: Environment;
  readonly #findings: Findings;
  readonly #parsed = new Map<string, readonly DirectiveUse[] | undefined>();
  #budget = MAX_INCLUDED;

  constructor(environment: Environment, findings: Findings) {
    this.#environment = environment;
    this.#findings = findings;
  }

  /** Reads the configuration file; undefined when it cannot be read. */
  file(path: string): readonly DirectiveUse[] | undefined {
    const parsed = this.#read(path, undefined);
    return parsed === undefined ? undefined : this.#finish(parsed, path);
  }

  /** Reads a text as if it stood in the file `path`. @param file the name it has in messages */
  text(path: string, text: string, form: Form, file: string): readonly DirectiveUse[] {
    return this.#finish(this.#parse(file, text, form), path);
  }

  #finish(uses: readonly DirectiveUse[], path: string): readonly DirectiveUse[] {
    return this.#expand(uses, [{ path, place: undefined }]);
  }

  #expand(uses: readonly DirectiveUse[], chain: readonly Link[]): readonly DirectiveUse[] {
    if (!uses.some((use) => use.block !== undefined || isInclude(use))) return uses;
    const expanded: DirectiveUse[] = [];
    for (const use of uses) {
      if (use.block !== undefined) expanded.push({ ...use, block: this.#expand(use.block, chain) });
      else if (!isInclude(use)) expanded.push(use);
      else for (const included of this.#include(use, chain)) expanded.push(included);
    }
    return expanded;
  }

  #include(use: DirectiveUse, chain: readonly Link[]): readonly DirectiveUse[] {
    const [pattern] = use.arguments;
    if (pattern === undefined) return [];
    const includer = chain.at(-1)?.path ?? '';
    const uses: DirectiveUse[] = [];
    for (const path of matching(pattern.text, dirname(includer))) {
      for (const included of this.#includeFile(path, pattern.place, chain)) uses.push(included);
    }
    return uses;
  }

  #includeFile(path: string, place: Place, chain: readonly Link[]): readonly DirectiveUse[] {
    if (chain.some((link) => link.path === path)) {
      const message = `${displayPath(path)} includes itself`;
      this.#findings.error('include-cycle', message, place, { related: chainOf(chain, path) });
      return [];
    }
    if (chain.length > MAX_CHAIN) {
      this.#findings.error('too-deep', `files include each other more than ${MAX_CHAIN} deep`, place);
      return [];
    }
    const parsed = this.#read(path, place);
    if (parsed === undefined || this.#budget < 0) return [];
    this.#budget -= 1 + parsed.length;
    if (this.#budget < 0) {
      const message = `more than ${MAX_INCLUDED} directives are included`;
      this.#findings.error('too-large', message, place);
      return [];
    }
    return this.#expand(parsed, [...chain, { path, place }]);
  }

  #read(path: string, place: Place | undefined): readonly DirectiveUse[] | undefined {
    if (this.#parsed.has(path)) return this.#parsed.get(path);
    const text = this.#textOf(path, place);
    const parsed = text === undefined ? undefined : this.#parse(displayPath(path), text, formOf(path));
    this.#parsed.set(path, parsed);
    return parsed;
  }

  #parse(file: string, text: string, form: Form): readonly DirectiveUse[] {
    this.#findings.opened(file);
    const parse = form === 'conf' ? parseConf : parseYaml;
    // A byte order mark belongs to the file, not to its text.
    const source = new Source(file, text.startsWith('\ufeff') ? text.slice(1) : text);
    return parse(source, this.#environment, this.#findings);
  }

  #textOf(path: string, place: Place | undefined): string | undefined {
    const file = displayPath(path);
    if (formOf(path) === 'module') {
      this.#findings.error('unreadable-file', `${file} is a program: it cannot be included`, place, {
        hint: 'only the configuration file itself may be one; import what it shares',
      });
      return undefined;
    }
    try {
      const stats = statSync(path);
      // A fifo would never end, a device perhaps never begin.
      if (!stats.isFile()) {
        this.#findings.error('unreadable-file', `${file} is not a file`, place);
        return undefined;
      }
      if (stats.size > MAX_FILE_SIZE) {
        this.#findings.error('too-large', `${file} is larger than ${MAX_FILE_SIZE} bytes`, place);
        return undefined;
      }
      return readFileSync(path, 'utf8');
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'ENOENT' || code === 'ENOTDIR') {
        const kind = place === undefined ? 'unreadable-file' : 'include-not-found';
        this.#findings.error(kind, `${file} does not exist`, place);
      } else {
        this.#findings.error('unreadable-file', `cannot read ${file}: ${reasonOf(error)}`, place);
      }
      return undefined;
    }
  }
}

function isInclude(use: DirectiveUse): boolean {
  return use.name === 'include' && use.arguments.length === 1;
}

/** The files of a pattern, sorted. One without wildcards is itself, whether it is there or not. */
function matching(pattern: string, folder: string): readonly string[] {
  if (!isDynamicPattern(pattern)) return [resolve(folder, pattern)];
  return globSync(pattern, { cwd: folder, absolute: true, expandDirectories: false }).toSorted();
}

function chainOf(chain: readonly Link[], path: string): NonNullable<Diagnostic['related']> {
  const start = chain.findIndex((link) => link.path === path);
  return chain
    .slice(start + 1)
    .flatMap((link) =>
      link.place === undefined
        ? []
        : [{ message: `${displayPath(link.path)} is included here`, place: link.place }],
    );
}

import { dirname, isAbsolute, resolve } from 'node:path';
import type { Argument, DirectiveUse } from '../../contract/directive.js';
import type { DiagnosticCode } from '../../diagnostics/codes.js';
import type { Diagnostic, Place } from '../../diagnostics/diagnostic.js';
import { displayPath } from '../../diagnostics/display-path.js';
import type { Findings } from '../../diagnostics/findings.js';
import { type Form, formOf } from '../forms/forms.js';
import type { Environment } from '../language/environment.js';
import { parseConf } from '../language/parser.js';
import { Source } from '../language/source.js';
import type { ConfigFiles } from './config-files.js';
import { reportNotUtf8 } from './not-utf8.js';

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

/** Where a file is included, and how the file that includes it was reached. */
interface Inclusion {
  /** As written. */
  readonly word: string;
  readonly place: Place;
  readonly chain: readonly Link[];
}

/** nginx resolves it differently: from the directory of the main configuration file. */
const INCLUDE_START = 'a relative path starts in the directory of the including file';

/** Characters that can make a path a pattern. */
const WILDCARD = /[*?[\]{}()!+@|]/;

/**
 * Reads a configuration's files and puts what they include where it is included. Files are read synchronously: it
 * happens before anything is served. What reads YAML or finds patterns is loaded where there are such: most servers
 * start without.
 */
export class FileReader {
  readonly #environment: Environment;
  readonly #findings: Findings;
  readonly #files: ConfigFiles;
  readonly #parsed = new Map<string, readonly DirectiveUse[]>();
  #budget = MAX_INCLUDED;

  constructor(environment: Environment, findings: Findings, files: ConfigFiles) {
    this.#environment = environment;
    this.#findings = findings;
    this.#files = files;
  }

  /** The files that have been read, absolute. */
  get files(): readonly string[] {
    return [...this.#parsed.keys()];
  }

  /** Reads the configuration file; undefined when it cannot be read. */
  async file(path: string): Promise<readonly DirectiveUse[] | undefined> {
    const parsed = await this.#read(path, undefined);
    return parsed === undefined ? undefined : this.#finish(parsed, path);
  }

  /** Reads a text as if it stood in the file `path`. @param file the name it has in messages */
  async text(path: string, text: string, form: Form, file: string): Promise<readonly DirectiveUse[]> {
    return this.#finish(await this.#parse(file, text, form), path);
  }

  #finish(uses: readonly DirectiveUse[], path: string): Promise<readonly DirectiveUse[]> {
    return this.#expand(uses, [{ path, place: undefined }]);
  }

  /** The same directives where nothing is included. */
  async #expand(uses: readonly DirectiveUse[], chain: readonly Link[]): Promise<readonly DirectiveUse[]> {
    if (!hasInclude(uses)) return uses;
    const expanded: DirectiveUse[] = [];
    for (const use of uses) {
      if (isInclude(use)) for (const included of await this.#include(use, chain)) expanded.push(included);
      else if (use.block === undefined || !hasInclude(use.block)) expanded.push(use);
      else expanded.push({ ...use, block: await this.#expand(use.block, chain) });
    }
    return expanded;
  }

  async #include(use: DirectiveUse, chain: readonly Link[]): Promise<readonly DirectiveUse[]> {
    const [pattern] = use.arguments;
    if (pattern === undefined) return [];
    const includer = chain.at(-1)?.path ?? '';
    const uses: DirectiveUse[] = [];
    for (const path of await this.#matching(pattern, dirname(includer))) {
      for (const included of await this.#includeFile(path, pattern, chain)) uses.push(included);
    }
    return uses;
  }

  /** The files of a pattern, sorted. A pattern without wildcards is its own result, whether or not the file exists. */
  async #matching({ text: pattern, place }: Argument, folder: string): Promise<readonly string[]> {
    if (WILDCARD.test(pattern)) {
      const { isDynamicPattern } = await import('tinyglobby');
      if (isDynamicPattern(pattern)) {
        const { paths, passedOver } = await this.#files.match(pattern, folder);
        for (const message of passedOver) this.#findings.warning('include-passed-over', message, place);
        return paths;
      }
    }
    return [resolve(folder, pattern)];
  }

  async #includeFile(
    path: string,
    { text: word, place }: Argument,
    chain: readonly Link[],
  ): Promise<readonly DirectiveUse[]> {
    if (chain.some((link) => link.path === path)) {
      const message = `${displayPath(path)} includes itself`;
      this.#findings.error('include-cycle', message, place, { related: circleOf(chain, path) });
      return [];
    }
    if (chain.length > MAX_CHAIN) {
      this.#findings.error('too-deep', `files include each other more than ${MAX_CHAIN} deep`, place);
      return [];
    }
    const parsed = await this.#read(path, { word, place, chain });
    if (parsed === undefined || this.#budget < 0) return [];
    this.#budget -= 1 + parsed.length;
    if (this.#budget < 0) {
      const message = `more than ${MAX_INCLUDED} directives are included`;
      this.#findings.error('too-large', message, place);
      return [];
    }
    return this.#expand(parsed, [...chain, { path, place }]);
  }

  async #read(path: string, inclusion: Inclusion | undefined): Promise<readonly DirectiveUse[] | undefined> {
    const known = this.#parsed.get(path);
    if (known !== undefined) return known;
    const text = this.#textOf(path, inclusion);
    if (text === undefined) return undefined;
    const parsed = await this.#parse(displayPath(path), text, formOf(path));
    this.#parsed.set(path, parsed);
    return parsed;
  }

  async #parse(file: string, text: string, form: Form): Promise<readonly DirectiveUse[]> {
    this.#findings.opened(file);
    const parse = form === 'conf' ? parseConf : (await import('../forms/yaml.js')).parseYaml;
    // A byte order mark belongs to the file, not to its text.
    const source = new Source(file, text.startsWith('\ufeff') ? text.slice(1) : text);
    return parse(source, this.#environment, this.#findings);
  }

  #textOf(path: string, inclusion: Inclusion | undefined): string | undefined {
    const place = inclusion?.place;
    const related: Pick<Diagnostic, 'related'> = inclusion === undefined ? {} : relatedTo(inclusion.chain);
    if (formOf(path) === 'module') {
      const message = `${displayPath(path)} is a program: it cannot be included`;
      const hint = 'only the configuration file itself may be one; import what it shares';
      this.#findings.error('unreadable-file', message, place, { hint, ...related });
      return undefined;
    }
    const read = this.#files.read(path);
    if ('text' in read) return read.text;
    if (read.problem === 'not-utf8') {
      const here = place === undefined ? [] : [{ message: `${displayPath(path)} is included here`, place }];
      reportNotUtf8(read.found, path, this.#findings, { related: [...here, ...(related.related ?? [])] });
      return undefined;
    }
    const code = codeOf(read.problem, place);
    const hint =
      code === 'include-not-found' && !isAbsolute(inclusion?.word ?? path) ? { hint: INCLUDE_START } : {};
    this.#findings.error(code, read.message, place, { ...hint, ...related });
    return undefined;
  }
}

function codeOf(problem: 'absent' | 'unreadable' | 'too-large', place: Place | undefined): DiagnosticCode {
  if (problem === 'too-large') return 'too-large';
  return problem === 'absent' && place !== undefined ? 'include-not-found' : 'unreadable-file';
}

function hasInclude(uses: readonly DirectiveUse[]): boolean {
  return uses.some((use) => isInclude(use) || (use.block !== undefined && hasInclude(use.block)));
}

function isInclude(use: DirectiveUse): boolean {
  return use.name === 'include' && use.arguments.length === 1 && use.block === undefined;
}

/** How a circle goes round from `path` on. */
function circleOf(chain: readonly Link[], path: string): NonNullable<Diagnostic['related']> {
  return inclusionsOf(chain.slice(chain.findIndex((link) => link.path === path) + 1));
}

/** Nothing where it is the configuration file itself that includes. */
function relatedTo(chain: readonly Link[]): Pick<Diagnostic, 'related'> {
  const related = inclusionsOf(chain);
  return related.length === 0 ? {} : { related };
}

function inclusionsOf(chain: readonly Link[]): NonNullable<Diagnostic['related']> {
  return chain.flatMap(({ path, place }) =>
    place === undefined ? [] : [{ message: `${displayPath(path)} is included here`, place }],
  );
}

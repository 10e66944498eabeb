import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import type { TransformOptions } from 'jiti';
import { transformInThread } from './transform-thread.js';

/** JavaScript that programs were compiled to, by the hash of what was compiled. */
export type CompiledCode = readonly (readonly [hash: string, code: string])[];

/** Length of all code that is passed on; each process compiles the rest itself. */
const MAX_SIZE = 8 * 1024 * 1024;

/**
 * Compiles the programs of a configuration, except those that another process has compiled from the same text: the
 * compiler takes half a second of processor time in each process that starts it.
 */
export class Compiler {
  readonly #known: Map<string, string>;
  readonly #compile: (options: TransformOptions) => { code: string };
  readonly #used = new Map<string, string>();
  #size = 0;
  #ended = false;

  /** @param known what other processes compiled */
  constructor(known: CompiledCode = [], compile = transformInThread) {
    this.#known = new Map(known);
    this.#compile = compile;
  }

  /** @throws Error what the compiler throws */
  readonly transform = (options: TransformOptions): { code: string } => {
    if (this.#ended) return this.#compile(options);
    const hash = hashOf(options);
    const code = this.#known.get(hash) ?? this.#compile(options).code;
    if (!this.#used.has(hash) && this.#size + code.length <= MAX_SIZE) {
      this.#used.set(hash, code);
      this.#size += code.length;
    }
    return { code };
  };

  /**
   * Forgets all code, since the importers of a configuration keep the compiler. What plugins import later is compiled
   * in each process.
   * @returns the code of the programs that were loaded
   */
  end(): CompiledCode {
    const compiled = [...this.#used];
    this.#ended = true;
    this.#known.clear();
    this.#used.clear();
    return compiled;
  }
}

let version: string | undefined;

/** Depends on everything that the code does: the text, its path, the options, and the compiler's version. */
function hashOf(options: TransformOptions): string {
  version ??= jitiVersion();
  return createHash('sha256')
    .update(JSON.stringify([version, options]))
    .digest('base64');
}

/** While the server runs, another version may be installed, which its next workers use. */
function jitiVersion(): string {
  const manifest: { readonly version: string } = createRequire(import.meta.url)('jiti/package.json');
  return manifest.version;
}

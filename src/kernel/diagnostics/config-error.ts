import { recogniseAcrossCopies } from './cross-copy-errors.js';
import type { Diagnostic } from './diagnostic.js';

/** Thrown for a configuration that cannot be used. Carries every error and warning found, not only the first. */
export class ConfigError extends Error {
  /** At least one of them is an error; warnings may be among them. */
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map((diagnostic) => diagnostic.message).join('\n'));
    this.name = 'ConfigError';
    this.diagnostics = diagnostics;
  }
}

recogniseAcrossCopies(ConfigError);

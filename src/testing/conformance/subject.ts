import type { Tap } from '../../kernel/contract/hooks.js';
import type { Plugin } from '../../kernel/contract/plugin.js';
import type { TestFiles } from '../files.js';
import type { FullRequest, InjectRequest } from '../request.js';

/** Inputs of `conformance` for a plugin. */
export interface ConformanceOptions {
  /** Directives inside a `server` block that enable the plugin on the routes of the requests. */
  readonly conf: string;
  /** Files in the configuration's directory. */
  readonly files?: TestFiles;
  /** Requests that reach the plugin; default: a GET of `/`. */
  readonly requests?: readonly InjectRequest[];
  /** Other plugins that `conf` needs, besides the built-in ones. */
  readonly plugins?: readonly Plugin[];
  /** Hooks that it taps on every route by design, even without its directives. */
  readonly everywhere?: readonly Tap['hook'][];
  /** Parts of the response that differ between requests by design. */
  readonly varies?: {
    /** Names of header fields. */
    readonly headers?: readonly string[];
    readonly content?: boolean;
  };
}

/** The plugin under test, with all options set. */
export interface Subject {
  readonly plugin: Plugin;
  readonly conf: string;
  readonly files: TestFiles;
  readonly plugins: readonly Plugin[];
  readonly requests: readonly FullRequest[];
  readonly everywhere: readonly Tap['hook'][];
  readonly varyingHeaders: ReadonlySet<string>;
  readonly contentVaries: boolean;
}

/** A rule that every plugin must follow. */
export interface Rule {
  readonly name: string;
  /** @throws Error that says how the plugin breaks it */
  check(subject: Subject): Promise<void>;
}

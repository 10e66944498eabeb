import type { Tap } from '../../kernel/contract/hooks.js';
import type { Plugin } from '../../kernel/contract/plugin.js';
import type { TestFiles } from '../files.js';
import type { FullRequest, InjectRequest } from '../request.js';

/** What `conformance` runs a plugin with. */
export interface ConformanceOptions {
  /** What stands inside one `server` block and switches the plugin on where the requests go. */
  readonly conf: string;
  /** What the configuration's folder holds. */
  readonly files?: TestFiles;
  /** Requests that meet the plugin; a GET of `/` when left out. */
  readonly requests?: readonly InjectRequest[];
  /** Other plugins that `conf` needs, beside the built-in ones. */
  readonly plugins?: readonly Plugin[];
  /** Hooks it taps on every route by design, whatever the route asks for. */
  readonly everywhere?: readonly Tap['hook'][];
  /** What differs from one answer to the next by design. */
  readonly varies?: {
    /** Names of header fields. */
    readonly headers?: readonly string[];
    readonly content?: boolean;
  };
}

/** What is examined, with everything filled in. */
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

/** One thing that holds for every plugin. */
export interface Rule {
  readonly name: string;
  /** @throws Error that says how the plugin breaks it */
  check(subject: Subject): Promise<void>;
}

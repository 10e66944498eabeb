import type { RouteView } from '@webserv/server';
import type { ConflictPolicy } from './publish.js';
import type { Store } from './store.js';
import type { Temporaries } from './temporaries.js';
import type { Turns } from './turns.js';

/** What the methods of one route share: its options, read once, and the server's temporary files. */
export interface Uploads {
  readonly store: Store;
  /** undefined: the method decides. */
  readonly conflict: ConflictPolicy | undefined;
  /** Files in one form. */
  readonly maxFiles: number;
  readonly route: RouteView;
  readonly temporaries: Temporaries;
  readonly turns: Turns;
  /** Counts a stored file. */
  readonly stored: (bytes: number) => void;
}

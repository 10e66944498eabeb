import type { RouteView } from '@webserv/server';
import type { ConflictPolicy } from './conflict-policy.js';
import type { NameLocks } from './name-locks.js';
import type { Siblings } from './siblings.js';
import type { Store } from './store.js';
import type { SyncSlots } from './sync-slots.js';
import type { Temporaries } from './temporaries.js';

/** Options and shared state that the methods of one route use. */
export interface Uploads {
  readonly store: Store;
  /** undefined: the method decides. */
  readonly conflict: ConflictPolicy | undefined;
  /** Maximum number of files in one form. */
  readonly maxFiles: number;
  readonly route: RouteView;
  readonly temporaries: Temporaries;
  readonly names: NameLocks;
  readonly siblings: Siblings;
  /** undefined: stored files are not synced to disk. */
  readonly slots: SyncSlots | undefined;
  /** Tells other plugins that a file was made, replaced or removed. @param path absolute */
  readonly changed: (path: string) => void;
  /** Counts a stored file. */
  readonly stored: (bytes: number) => void;
}

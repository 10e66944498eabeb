import type { RouteView } from '@webserv/server';
import type { ConflictPolicy } from './conflict-policy.js';
import type { NameLocks } from './name-locks.js';
import type { Siblings } from './siblings.js';
import type { Store } from './store.js';
import type { SyncSlots } from './sync-slots.js';
import type { Temporaries } from './temporaries.js';

/** What the methods of one route share: its options, read once, and the server's temporary files. */
export interface Uploads {
  readonly store: Store;
  /** undefined: the method decides. */
  readonly conflict: ConflictPolicy | undefined;
  /** Files in one form. */
  readonly maxFiles: number;
  readonly route: RouteView;
  readonly temporaries: Temporaries;
  readonly names: NameLocks;
  readonly siblings: Siblings;
  /** undefined: what is stored is not forced to the disk. */
  readonly slots: SyncSlots | undefined;
  /** Counts a stored file. */
  readonly stored: (bytes: number) => void;
}

import type { Scenario } from '../scenario.js';
import { connections } from './connections.js';
import { files } from './files.js';
import { growth } from './growth.js';
import { programs } from './programs.js';

export const scenarios: readonly Scenario[] = [...files, ...connections, ...programs, ...growth];

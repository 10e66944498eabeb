import type { Scenario } from '../scenario.js';
import { connections } from './connections.js';
import { files } from './files.js';
import { growth } from './growth.js';
import { programs } from './programs.js';
import { tls } from './tls.js';

export const scenarios: readonly Scenario[] = [...files, ...connections, ...tls, ...programs, ...growth];

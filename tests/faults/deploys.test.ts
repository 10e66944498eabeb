import { describe } from 'vitest';
import { deploys } from './runs.js';
import { comesThrough } from './short-run.js';

// Apart from the others, since it mostly waits.
describe('the server comes through', () => comesThrough(deploys));

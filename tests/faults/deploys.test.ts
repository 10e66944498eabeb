import { describe } from 'vitest';
import { deploys } from './runs.js';
import { comesThrough } from './short-run.js';

// In a separate file, since it mostly waits.
describe('the server withstands', () => comesThrough(deploys));

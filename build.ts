import { rolldown } from 'rolldown';
import config from './rolldown.config.js';

// By rolldown's functions: its command lists every file that it writes.
const { output, ...input } = config;
const bundle = await rolldown(input);
for (const each of [output ?? []].flat()) await bundle.write(each);
await bundle.close();

import { basename, extname } from 'node:path';

/** How a configuration is written: the language, YAML (of which JSON is a part), or a module that exports it. */
export type Form = 'conf' | 'yaml' | 'module';

const FORMS: ReadonlyMap<string, Form> = new Map([
  ['.yaml', 'yaml'],
  ['.yml', 'yaml'],
  ['.json', 'yaml'],
  ['.js', 'module'],
  ['.mjs', 'module'],
  ['.cjs', 'module'],
  ['.ts', 'module'],
  ['.mts', 'module'],
  ['.cts', 'module'],
]);

/** By the file's name. `.webservrc` is YAML, as cosmiconfig has it. */
export function formOf(path: string): Form {
  const name = basename(path);
  if (name === '.webservrc' || name === 'webservrc') return 'yaml';
  return FORMS.get(extname(name)) ?? 'conf';
}

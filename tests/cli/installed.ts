import { chmod, cp, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { folderWith, repository } from './webserv.js';

/**
 * A copy of the built package in a separate directory.
 * @param mode mode of that directory
 * @returns the command
 */
export async function installedIn(mode: number): Promise<string> {
  const home = await folderWith();
  await cp(join(repository, 'dist'), join(home, 'dist'), { recursive: true });
  await cp(join(repository, 'package.json'), join(home, 'package.json'));
  await symlink(join(repository, 'node_modules'), join(home, 'node_modules'));
  await chmod(home, mode);
  return join(home, 'dist/src/cli/main.js');
}

import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDirectory } from '../configuration-file.js';
import { shellWord } from '../shell-word.js';
import { findProgram, type Machine, namesIn, runProgram } from './machine.js';
import { refuseFor, type Trusted, type TrustStore } from './store.js';

/** A directory of certificates to trust, and the program that makes the system's bundles from it. */
interface Layout {
  readonly directory: string;
  readonly extension: string;
  readonly command: readonly [program: string, ...args: string[]];
}

const LAYOUTS: readonly Layout[] = [
  // Fedora, Red Hat Enterprise Linux and their relatives: update-ca-trust(8).
  {
    directory: '/etc/pki/ca-trust/source/anchors',
    extension: 'pem',
    command: ['update-ca-trust', 'extract'],
  },
  // Arch Linux: trust(1). `trust anchor` would name the file by itself, and find it again only by its contents.
  {
    directory: '/etc/ca-certificates/trust-source/anchors',
    extension: 'crt',
    command: ['trust', 'extract-compat'],
  },
  // SUSE.
  { directory: '/usr/share/pki/trust/anchors', extension: 'pem', command: ['update-ca-certificates'] },
  // Debian, Ubuntu, Alpine: update-ca-certificates(8), which takes files that end with .crt only.
  { directory: '/usr/local/share/ca-certificates', extension: 'crt', command: ['update-ca-certificates'] },
];

/** All users read it. */
const MODE = 0o644;

/** The store that the programs of the system use, such as curl. */
export interface SystemStore extends TrustStore {
  /** Copy of the certificate that all users can read, once it is installed; undefined if the system is unknown. */
  readonly copy: string | undefined;
}

export function systemStore(trusted: Trusted, machine: Machine): SystemStore {
  for (const layout of LAYOUTS) {
    const program = findProgram(layout.command[0], machine);
    const directory = machine.root + layout.directory;
    if (program !== undefined && isDirectory(directory))
      return storeIn(directory, program, layout, trusted, machine.isRoot);
  }
  const obstacle = `found no store that webserv knows; install ${trusted.file} as the system demands it`;
  return {
    title: 'system',
    obstacle,
    copy: undefined,
    installLines: [],
    uninstallLines: [],
    install: async () => refuseFor(obstacle),
    uninstall: async () => false,
  };
}

function storeIn(
  directory: string,
  program: string,
  { extension, command }: Layout,
  { file, name, generation }: Trusted,
  isRoot: boolean,
): SystemStore {
  const copy = join(directory, `${name}-${generation}.${extension}`);
  const obstacle = isRoot ? undefined : 'only root can change it';
  const [, ...args] = command;
  const asRoot = (...lines: readonly string[]): readonly string[] =>
    lines.map((line) => (isRoot ? line : `sudo ${line}`));
  const filesInStore = (): readonly string[] =>
    namesIn(directory).filter((each) => each.startsWith(`${name}-`));
  const removeAll = async (): Promise<void> => {
    for (const each of filesInStore()) await rm(join(directory, each));
  };
  return {
    title: 'system',
    obstacle,
    copy,
    installLines: asRoot(`install -m 0644 ${shellWord(file)} ${shellWord(copy)}`, command.join(' ')),
    uninstallLines: asRoot(`rm ${shellWord(join(directory, name))}-*`, command.join(' ')),
    async install(certificate) {
      refuseFor(obstacle);
      await removeAll();
      await writeFile(copy, certificate, { mode: MODE, flag: 'wx' });
      await runProgram(program, args);
    },
    async uninstall() {
      if (filesInStore().length === 0) return false;
      refuseFor(obstacle);
      await removeAll();
      await runProgram(program, args);
      return true;
    },
  };
}

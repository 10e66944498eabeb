import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Files in a test server's directory: text, bytes, a file with a mode, or null for an empty directory. */
export type TestFiles = Readonly<
  Record<
    string,
    string | Uint8Array | { readonly content: string | Uint8Array; readonly mode: number } | null
  >
>;

export interface TestDirectory {
  /** Absolute path. */
  readonly directory: string;
  remove(): Promise<void>;
}

/** Creates a temporary directory with files. */
export async function makeDirectory(files: TestFiles): Promise<TestDirectory> {
  const directory = await mkdtemp(join(tmpdir(), 'webserv-test-'));
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true });
  try {
    await writeFiles(directory, files);
  } catch (error) {
    await remove();
    throw error;
  }
  return { directory, remove };
}

async function writeFiles(directory: string, files: TestFiles): Promise<void> {
  for (const [name, file] of Object.entries(files)) {
    const path = join(directory, name);
    if (file === null) {
      await mkdir(path, { recursive: true });
      continue;
    }
    await mkdir(dirname(path), { recursive: true });
    const plain = typeof file === 'string' || file instanceof Uint8Array;
    await writeFile(path, plain ? file : file.content);
    if (!plain) await chmod(path, file.mode);
  }
}

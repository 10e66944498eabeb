import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, open, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HOST, type Programs } from './site.js';

const run = promisify(execFile);

const DEBIAN_PYTHON = '/usr/bin/python3';

export const KIB = 1024;
export const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

export const LISTED_FILES = 1000;

/** Names of the certificate's files. */
export const CERTIFICATE = 'certificate.pem';
export const CERTIFICATE_KEY = 'certificate.key';

/** Text of exactly `size` bytes. */
function text(size: number): string {
  const sentence = 'The same bytes of content from every server, or the comparison says nothing. ';
  return sentence.repeat(Math.ceil(size / sentence.length)).slice(0, size);
}

const HELLO = 'hello from a script\n';
const pythonScript = (python: string): string => `#!${python}
print("Content-Type: text/plain\\r\\n\\r\\n${HELLO.trimEnd()}")\n`;
const C_PROGRAM = `#include <unistd.h>
static const char answer[] = "Content-Type: text/plain\\r\\n\\r\\n${HELLO.trimEnd()}\\n";
int main(void) { return write(1, answer, sizeof answer - 1) == sizeof answer - 1 ? 0 : 1; }
`;

/** Creates the files that all servers share. Scripts that cannot be run or compiled here are left out. */
export async function makeContent(directory: string, { python }: Programs): Promise<void> {
  const www = join(directory, 'www');
  for (const name of ['errors', 'listing', 'cgi']) await mkdir(join(www, name), { recursive: true });
  await writeFile(join(www, '1k.html'), text(KIB));
  await writeFile(join(www, '100k.html'), text(100 * KIB));
  await writeFile(join(www, '10m.bin'), text(10 * MIB));
  await writeFile(join(www, 'errors/404.html'), text(KIB));
  const sparse = await open(join(www, '1g.bin'), 'w');
  await sparse.truncate(GIB);
  await sparse.close();
  const lastYear = new Date(Date.now() - 365 * 86_400_000);
  for (let n = 0; n < LISTED_FILES; n += 1) {
    const path = join(www, 'listing', `file-${String(n).padStart(4, '0')}.txt`);
    await writeFile(path, text(n));
    await utimes(path, lastYear, lastYear);
  }
  if (python !== undefined) {
    // Apache starts scripts by their first line.
    await writeFile(join(www, 'cgi/hello.py'), pythonScript(python), { mode: 0o755 });
  }
  await makeBinary(join(www, 'cgi/hello.cgi'), directory);
  await makeCertificate(directory);
}

/** A certificate of the kind that most sites have: ECDSA with P-256. Without the `openssl` command there is none. */
async function makeCertificate(directory: string): Promise<void> {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout'];
  const name = ['-subj', `/CN=${HOST}`, '-addext', `subjectAltName=DNS:${HOST}`, '-days', '2'];
  const to = ['-out', join(directory, CERTIFICATE)];
  await run('openssl', ['req', '-x509', ...key, join(directory, CERTIFICATE_KEY), ...name, ...to]).catch(
    () => {},
  );
}

async function makeBinary(path: string, directory: string): Promise<void> {
  const source = join(directory, 'hello.c');
  await writeFile(source, C_PROGRAM);
  await run('cc', ['-O2', '-static', '-o', path, source]).catch(() => {});
}

export async function findPrograms(): Promise<Programs> {
  // Debian's Python first: one in a home directory cannot be started by a server that gave up root's rights.
  const python = await run(existsSync(DEBIAN_PYTHON) ? DEBIAN_PYTHON : 'python3', [
    '-c',
    'import sys; print(sys.executable)',
  ]).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
  return { python };
}

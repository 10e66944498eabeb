/**
 * `testssl.sh` against a server with a certificate of an authority of its own: lists all findings, and fails for one above
 * LOW. Usage: npm run testssl
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { startCommand } from '../hostile/command.js';
import { Certificates } from './certificates.js';

const NAME = 'www.webserv.example';

/** Findings about other things than TLS. */
const OTHERS: Readonly<Record<string, string>> = {
  engine_problem: 'about the openssl command of this machine',
  security_headers: 'a matter of the site',
};

interface Finding {
  readonly id: string;
  readonly severity: string;
  readonly finding: string;
}

const ACCEPTED: ReadonlySet<string> = new Set(['OK', 'INFO', 'LOW']);

function isFinding(value: unknown): value is Finding {
  return (
    typeof value === 'object' && value !== null && 'id' in value && 'severity' in value && 'finding' in value
  );
}

async function findingsOf(port: number, made: Certificates): Promise<readonly Finding[]> {
  const report = made.path('report.json');
  const options = ['--quiet', '--color', '0', '--warnings', 'batch', '--nodns', 'none', '--ip', '127.0.0.1'];
  const command = [...options, '--add-ca', made.path('ca.pem'), '--jsonfile', report, `${NAME}:${port}`];
  const child = spawn('testssl', command, { stdio: ['ignore', 'inherit', 'inherit'] });
  await once(child, 'close');
  const parsed: unknown = JSON.parse(await readFile(report, 'utf8'));
  return Array.isArray(parsed) ? parsed.filter(isFinding) : [];
}

const made = await Certificates.make();
try {
  await made.authority('ca');
  await made.server('server', [NAME], { issuer: 'ca', like: 'public', days: 90 });
  await made.server('rsa', [NAME], { issuer: 'ca', like: 'public', days: 90, rsa: true });
  const pair = (name: string): string =>
    `ssl_certificate ${made.path(`${name}.pem`)}; ssl_certificate_key ${made.path(`${name}.key`)};`;
  await using server = await startCommand(
    `server { listen LISTEN ssl; server_name ${NAME}; ${pair('server')} ${pair('rsa')} 
       # Mozilla's "intermediate" leaves the choice among strong ciphers to the client, which testssl.sh 3.0 calls HIGH.
       hsts on; return 200 ok; }`,
  );
  const findings = await findingsOf(server.port, made);
  const bad = findings.filter(({ id, severity }) => !ACCEPTED.has(severity) && OTHERS[id] === undefined);
  for (const { id, severity, finding } of findings) console.log(`${severity.padEnd(8)} ${id}: ${finding}`);
  console.log(`${findings.length} findings, ${bad.length} above LOW`);
  for (const { id, severity, finding } of bad) console.error(`above LOW: ${severity} ${id}: ${finding}`);
  process.exitCode = findings.length > 100 && bad.length === 0 ? 0 : 1;
} finally {
  await made.remove();
}

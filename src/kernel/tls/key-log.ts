import { resolve } from 'node:path';
import type { Config } from '../contract/config.js';
import type { DiagnosticCode } from '../diagnostics/codes.js';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { displayPath } from '../diagnostics/display-path.js';
import { reasonOf } from '../diagnostics/findings.js';
import { BufferedLog } from '../log/buffered-log.js';
import type { Log } from '../log/log.js';
import { openPrivateSink } from '../log/log-sink.js';
import type { Account } from '../rights/account.js';

/** The secrets of TLS connections, for programs that decrypt recorded traffic, such as Wireshark. */
export interface KeyLog {
  /** Appends a line, given with its line break. Never waits, and drops lines that the disk does not take. */
  readonly write: (line: Buffer) => void;
  close(): Promise<void>;
}

/** A key log, if there is one, and what to tell about it. */
export interface OpenedKeyLog {
  /** undefined if no secrets are logged. */
  readonly file: KeyLog | undefined;
  readonly warnings: readonly Diagnostic[];
}

/**
 * Opens the file that the environment names for the secrets of TLS connections. Call it before root's rights are given up.
 * @param path value of SSLKEYLOGFILE; undefined or empty: secrets are not logged
 */
export async function openKeyLog(
  path: string | undefined,
  { servers }: Pick<Config, 'servers'>,
  account: Account | undefined,
  log: Log,
): Promise<OpenedKeyLog> {
  if (path === undefined || path === '' || servers.every(({ tls }) => tls === undefined))
    return { file: undefined, warnings: [] };
  const name = displayPath(resolve(path));
  const options = { report: (message: string) => log.error(`SSLKEYLOGFILE: ${message}`) };
  const lines = new BufferedLog(name, () => openPrivateSink(resolve(path), account), options);
  try {
    await lines.open();
  } catch (error) {
    const message = `SSLKEYLOGFILE: ${name} cannot be used, so no keys are logged: ${reasonOf(error)}`;
    return { file: undefined, warnings: [warning(message, 'name a file that only its owner can read')] };
  }
  const message = `SSLKEYLOGFILE: with the keys in ${name}, all TLS traffic of this server can be decrypted`;
  return {
    file: { write: (line) => lines.write(line.toString('latin1')), close: () => lines.close() },
    warnings: [warning(message, 'for debugging only: unset SSLKEYLOGFILE')],
  };
}

function warning(message: string, hint: string): Diagnostic {
  return {
    severity: 'warning',
    code: 'key-log' satisfies DiagnosticCode,
    message,
    place: undefined,
    hint,
  };
}

import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import { findAuthority } from '../../certificates/authority.js';
import { AuthorityError } from '../../certificates/authority-files.js';
import type { Config } from '../../kernel/contract/config.js';
import type { DiagnosticCode } from '../../kernel/diagnostics/codes.js';
import type { Diagnostic } from '../../kernel/diagnostics/diagnostic.js';
import { displayPath } from '../../kernel/diagnostics/display-path.js';
import { errorCode } from '../../kernel/diagnostics/error-code.js';
import { errorMessage } from '../../kernel/diagnostics/error-text.js';
import { type Account, workerAccount } from '../../kernel/rights/account.js';

/**
 * Looks for what would prevent a start from using the local authority, if the configuration needs it. Nothing is created.
 * It is a warning: the state directory may be made before the start, or the server may run as another user.
 */
export async function authorityDoubts({ main, servers }: Config): Promise<readonly Diagnostic[]> {
  const certificates = servers.flatMap(({ tls }) => tls?.certificates ?? []);
  const internal = certificates.find(({ origin }) => origin.kind === 'internal');
  if (internal === undefined) return [];
  const problem = await problemOf(main.stateDir, workerAccount(main.user));
  if (problem === undefined) return [];
  const code: DiagnosticCode = 'certificate';
  const hint = 'name a directory that the server can write to: state_dir PATH;';
  return [{ severity: 'warning', code, message: problem, place: internal.place, hint }];
}

async function problemOf(stateDirectory: string, account: Account | undefined): Promise<string | undefined> {
  try {
    if (findAuthority(stateDirectory, account) !== undefined) return undefined;
    await checkCreation(stateDirectory);
    return undefined;
  } catch (error) {
    if (error instanceof AuthorityError) return error.message;
    return `the local authority cannot be created in ${displayPath(stateDirectory)}: ${errorMessage(error)}`;
  }
}

/** @throws the system's error if this process may not create files in the directory, or the directory itself */
async function checkCreation(directory: string): Promise<void> {
  try {
    await access(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT' || directory === dirname(directory)) throw error;
    await checkCreation(dirname(directory));
  }
}

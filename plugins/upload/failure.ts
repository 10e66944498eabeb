import { HttpError } from '@webserv/server';

/** The system's error code; empty for what is no error of the system. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/**
 * What a failed file operation means to the client. A code that is not here is a fault of the server or of its disk
 * and stays what it is.
 */
export function asAnswer(error: unknown): unknown {
  const cause = error;
  switch (errorCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new HttpError(507, { reason: 'the store is full', cause });
    case 'EFBIG':
      return new HttpError(413, { reason: 'the store takes no file of that size', cause });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new HttpError(403, { reason: 'the store cannot be written to', cause });
    case 'EMFILE':
    case 'ENFILE':
      return new HttpError(503, {
        reason: 'no file descriptors left',
        headers: { 'retry-after': '1' },
        cause,
      });
    case 'EISDIR':
    case 'ENOTEMPTY':
      return new HttpError(409, { reason: 'a folder has that name', cause });
    case 'ENOENT': // somebody else removed it between two steps
      return new HttpError(409, { reason: 'the folder or the file is gone', cause });
    case 'ENAMETOOLONG':
      return new HttpError(400, { reason: 'a name that is too long', cause });
    default:
      return error;
  }
}

import { HttpError } from '@webserv/server';

/** Returns the system's error code; empty for any other error. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/**
 * Maps a failed file operation to the status for the client. Other error codes mean a bug or a broken disk and are
 * returned unchanged.
 */
export function asHttpError(error: unknown): unknown {
  const cause = error;
  switch (errorCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new HttpError(507, { reason: 'no space left in the upload directory', cause });
    case 'EFBIG':
      return new HttpError(413, { reason: 'the file system does not allow files of that size', cause });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new HttpError(403, { reason: 'the upload directory is not writable', cause });
    case 'EMFILE':
    case 'ENFILE':
      return new HttpError(503, {
        reason: 'no file descriptors left',
        headers: { 'retry-after': '1' },
        cause,
      });
    case 'EISDIR':
    case 'ENOTEMPTY':
      return new HttpError(409, { reason: 'a directory has that name', cause });

    case 'ENOENT': // removed by another process between two steps
      return new HttpError(409, { reason: 'the directory or the file was removed meanwhile', cause });
    case 'ENAMETOOLONG':
      return new HttpError(400, { reason: 'file name too long', cause });
    default:
      return error;
  }
}

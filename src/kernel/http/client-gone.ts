/** The client does not take the rest of its response. */
export class ClientGone extends Error {
  constructor(cause?: unknown) {
    super('the client left', { cause });
    this.name = 'ClientGone';
  }
}

import type { RequestBody } from '@webserv/server';

const NOTHING: Uint8Array = new Uint8Array(0);

/** A body with what has been read of it and not been used yet. */
export class FormInput {
  readonly #body: RequestBody;
  #bytes: Buffer;

  /** @param before bytes to be taken for the start of the body */
  constructor(body: RequestBody, before: Uint8Array = NOTHING) {
    this.#body = body;
    this.#bytes = Buffer.from(before);
  }

  /** What is there now. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Takes bytes off the start. */
  drop(count: number): void {
    this.#bytes = this.#bytes.subarray(count);
  }

  /**
   * Adds the next piece. What was left is copied: keep it short.
   * @returns false at the end of the body
   */
  async more(): Promise<boolean> {
    const left = Buffer.from(this.#bytes); // the body may use the memory again for the next piece
    const piece = await this.#body.read();
    if (piece === undefined) return false;
    const isView = left.length === 0;
    this.#bytes = isView
      ? Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
      : Buffer.concat([left, piece]);
    return true;
  }
}

import {
  BACKSLASH,
  COLON,
  CR,
  EQUALS,
  hexValue,
  isFieldValue,
  isQuotedText,
  isToken,
  LF,
  QUOTE,
  SEMICOLON,
  SPACE,
  TAB,
} from '../http/characters.js';
import { HttpError } from '../http/errors.js';

/** Maximum bytes of the extensions of one chunk; no legitimate client comes near (CVE-2024-22019). */
const MAX_EXTENSION = 1024;
/** Maximum bytes of all extensions of a body: many small ones are the same attack. */
const MAX_EXTENSIONS = 16 * 1024;
const MAX_TRAILER = 8 * 1024;
/** A size of 14 digits could exceed the largest exact integer, 2^53 - 1. */
const MAX_SIZE_DIGITS = 13;

enum State {
  SizeStart,
  Size,
  SizeLf,
  /** White space that only a `;` may follow (RFC 9112 §7.1.1, BWS). */
  BeforeExtension,
  ExtensionNameStart,
  ExtensionName,
  AfterExtensionName,
  ExtensionValueStart,
  ExtensionValue,
  QuotedValue,
  QuotedPair,
  AfterQuotedValue,
  Data,
  DataCr,
  DataLf,
  TrailerStart,
  TrailerName,
  TrailerValue,
  TrailerLf,
  EndLf,
  Done,
}

function bad(reason: string): HttpError {
  return new HttpError(400, { reason });
}

/**
 * Decodes the chunked coding (RFC 9112 §7.1), strictly: sizes are hexadecimal digits, extensions follow their grammar,
 * every line ends in CRLF. Trailer fields are validated, counted and discarded: they are never merged into the header
 * section.
 */
export class ChunkedDecoder {
  #state = State.SizeStart;
  #remaining = 0;
  #digits = 0;
  #extension = 0;
  #extensions = 0;
  #trailer = 0;

  get done(): boolean {
    return this.#state === State.Done;
  }

  /**
   * Decodes in place: data is moved to the front of the given part, so a packet gives one piece, however many chunks it
   * contains.
   * @returns the length of the data (it starts at `start`) and the position after the last byte processed
   * @throws HttpError 400
   */
  decode(bytes: Buffer, start: number): { readonly length: number; readonly end: number } {
    let write = start;
    let at = start;
    while (at < bytes.length && this.#state !== State.Done) {
      if (this.#state !== State.Data) {
        this.#step(bytes[at] ?? 0);
        at += 1;
        continue;
      }
      const end = Math.min(bytes.length, at + this.#remaining);
      if (write !== at) bytes.copyWithin(write, at, end);
      write += end - at;
      this.#remaining -= end - at;
      at = end;
      if (this.#remaining === 0) this.#state = State.DataCr;
    }
    return { length: write - start, end: at };
  }

  #step(byte: number): void {
    switch (this.#state) {
      case State.SizeStart:
        this.#remaining = 0;
        this.#digits = 0;
        this.#extension = 0;
        if (hexValue[byte] === 255) throw bad('malformed chunk size');
        this.#addDigit(byte);
        this.#state = State.Size;
        return;
      case State.Size:
        if (hexValue[byte] !== 255) this.#addDigit(byte);
        else this.#afterSize(byte, 'malformed chunk size');
        return;
      case State.BeforeExtension:
        if (byte === SPACE || byte === TAB) this.#countExtension();
        else if (byte === SEMICOLON) this.#state = State.ExtensionNameStart;
        else throw bad('malformed chunk extension');
        return;
      case State.ExtensionNameStart:
        this.#countExtension();
        if (byte === SPACE || byte === TAB) return;
        if (isToken[byte] !== 1) throw bad('malformed chunk extension');
        this.#state = State.ExtensionName;
        return;
      case State.ExtensionName:
        this.#countExtension();
        if (isToken[byte] === 1) return;
        if (byte === EQUALS) this.#state = State.ExtensionValueStart;
        else if (byte === SPACE || byte === TAB) this.#state = State.AfterExtensionName;
        else this.#afterSize(byte, 'malformed chunk extension');
        return;
      case State.AfterExtensionName:
        this.#countExtension();
        if (byte === SPACE || byte === TAB) return;
        if (byte === EQUALS) this.#state = State.ExtensionValueStart;
        else if (byte === SEMICOLON) this.#state = State.ExtensionNameStart;
        else throw bad('malformed chunk extension');
        return;
      case State.ExtensionValueStart:
        this.#countExtension();
        if (byte === SPACE || byte === TAB) return;
        if (byte === QUOTE) this.#state = State.QuotedValue;
        else if (isToken[byte] === 1) this.#state = State.ExtensionValue;
        else throw bad('malformed chunk extension');
        return;
      case State.ExtensionValue:
        this.#countExtension();
        if (isToken[byte] !== 1) this.#afterSize(byte, 'malformed chunk extension');
        return;
      case State.QuotedValue:
        this.#countExtension();
        if (byte === QUOTE) this.#state = State.AfterQuotedValue;
        else if (byte === BACKSLASH) this.#state = State.QuotedPair;
        else if (isQuotedText[byte] !== 1) throw bad('malformed chunk extension');
        return;
      case State.QuotedPair:
        this.#countExtension();
        if (isFieldValue[byte] !== 1) throw bad('malformed chunk extension');
        this.#state = State.QuotedValue;
        return;
      case State.AfterQuotedValue:
        this.#countExtension();
        this.#afterSize(byte, 'malformed chunk extension');
        return;
      case State.SizeLf:
        if (byte !== LF) throw bad('bare CR in chunk size line');
        this.#state = this.#remaining === 0 ? State.TrailerStart : State.Data;
        return;
      case State.DataCr:
        if (byte !== CR) throw bad('chunk data longer than its size');
        this.#state = State.DataLf;
        return;
      case State.DataLf:
        if (byte !== LF) throw bad('chunk data longer than its size');
        this.#state = State.SizeStart;
        return;
      case State.TrailerStart:
      case State.TrailerName:
      case State.TrailerValue:
      case State.TrailerLf:
      case State.EndLf:
        this.#trailerStep(byte);
        return;
      default:
        throw bad('data behind the last chunk');
    }
  }

  #trailerStep(byte: number): void {
    this.#trailer += 1;
    if (this.#trailer > MAX_TRAILER) throw new HttpError(431, { reason: 'trailer section too large' });
    switch (this.#state) {
      case State.TrailerStart:
        if (byte === CR) this.#state = State.EndLf;
        else if (isToken[byte] === 1) this.#state = State.TrailerName;
        else throw bad('malformed trailer field');
        return;
      case State.TrailerName:
        if (byte === COLON) this.#state = State.TrailerValue;
        else if (isToken[byte] !== 1) throw bad('malformed trailer field');
        return;
      case State.TrailerValue:
        if (byte === CR) this.#state = State.TrailerLf;
        else if (isFieldValue[byte] !== 1) throw bad('malformed trailer field');
        return;
      default:
        if (byte !== LF) throw bad('bare CR in trailer section');
        this.#state = this.#state === State.EndLf ? State.Done : State.TrailerStart;
    }
  }

  #addDigit(byte: number): void {
    this.#digits += 1;
    if (this.#digits > MAX_SIZE_DIGITS) throw bad('chunk size too large');
    this.#remaining = this.#remaining * 16 + (hexValue[byte] ?? 0);
  }

  #afterSize(byte: number, otherwise: string): void {
    if (byte === CR) this.#state = State.SizeLf;
    else if (byte === SEMICOLON) this.#state = State.ExtensionNameStart;
    else if (byte === SPACE || byte === TAB) this.#state = State.BeforeExtension;
    else throw bad(otherwise);
  }

  #countExtension(): void {
    this.#extension += 1;
    this.#extensions += 1;
    if (this.#extension > MAX_EXTENSION || this.#extensions > MAX_EXTENSIONS)
      throw bad('chunk extensions too large');
  }
}

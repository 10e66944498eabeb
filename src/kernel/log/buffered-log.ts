import { errorCode } from '../diagnostics/error-code.js';
import { errorMessage } from '../diagnostics/error-text.js';
import { LineBuffer } from './line-buffer.js';
import type { LogFile, LogFileOptions } from './log-file.js';
import type { LogSink } from './log-sink.js';
import { ReportOnce } from './report-once.js';

const FLUSH_MS = 100;
const MAX_WAITING = 1024 * 1024;
/** Delay after a failure that may last, such as a full disk. */
const RETRY_MS = 1000;
/** Delay after a failure that passes, such as a full pipe. */
const BUSY_MS = 20;
const CLOSE_MS = 3000;
/** Dropped lines are reported once in this time. */
const REPORT_MS = 1000;
/** Maximum number of functions queued before their lines are formatted. */
const MAX_DEFERRED = 128;
const LINE_BREAK = 0x0a;
const END_OF_LINE = Uint8Array.of(LINE_BREAK);

/**
 * A log file with a buffer in front of its sink: it batches lines, formats deferred ones, and retries failed writes.
 */
export class BufferedLog implements LogFile {
  readonly #name: string;
  readonly #open: () => Promise<LogSink>;
  readonly #flushMs: number;
  readonly #report: (message: string) => void;
  readonly #gapLine: ((dropped: number) => string) | undefined;
  readonly #lines: LineBuffer;
  #deferred: (() => string)[] = [];
  #sink: LogSink | undefined;
  /**
   * False until opening is allowed. Before that the log must not create a file, even if it is closed with lines in it.
   */
  #mayOpen = false;
  /** The file must be opened even if no line is waiting. */
  #mustOpen = false;
  /** The batch being written, and how many of its bytes are written. */
  #batch: Uint8Array | undefined;
  #written = 0;
  /** The file ends in the middle of a line. */
  #endsMidLine = false;
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Ends the delay after a failure early. */
  #wake: (() => void) | undefined;
  #failing = false;
  #switching = false;
  /** Number of pieces that still go into the file that was moved. */
  #oldPieces = 0;
  #dropped = 0;
  readonly #gaps = new ReportOnce({ periodMs: REPORT_MS });
  #closing = false;
  #abandoned = false;
  #closed: Promise<void> | undefined;

  /** The file is not opened, and lines are buffered, until `open` or `openSoon` is called. */
  constructor(name: string, open: () => Promise<LogSink>, options: LogFileOptions) {
    this.#name = name;
    this.#open = open;
    this.#flushMs = options.flushMs ?? FLUSH_MS;
    this.#lines = new LineBuffer(Math.max(options.maxWaiting ?? MAX_WAITING, MAX_WAITING / 8));
    this.#report = options.report ?? ((message) => process.stderr.write(`webserv: ${message}\n`));
    this.#gapLine = options.gapLine;
  }

  /** @throws the system's error if the file cannot be opened */
  async open(): Promise<void> {
    this.#sink ??= await this.#open();
    this.#mayOpen = true;
    if (!this.#empty) this.#startWriting();
  }

  /** Opens the file in the background. A failure is reported and retried. */
  openSoon(): void {
    this.#mayOpen = true;
    this.#mustOpen = true;
    this.#startWriting();
  }

  write(line: string | (() => string)): void {
    if (this.#closing) return;
    if (typeof line === 'string') {
      this.#formatDeferred();
      this.#add(line);
    } else {
      this.#deferred.push(line);
      if (this.#deferred.length >= MAX_DEFERRED) this.#formatDeferred();
    }
    if (this.#running !== undefined || !this.#mayOpen) return;
    if (this.#flushMs === 0 || this.#lines.pieces > 0) this.#startWriting();
    else this.#timer ??= setTimeout(() => this.#startWriting(), this.#flushMs);
  }

  #formatDeferred(): void {
    const deferred = this.#deferred;
    if (deferred.length === 0) return;
    this.#deferred = [];
    for (const make of deferred) {
      try {
        this.#add(make());
      } catch (error) {
        this.#report(`cannot format a line of ${this.#name}: ${errorMessage(error)}`);
      }
    }
  }

  #add(line: string): void {
    const gap = this.#dropped > 0 && this.#gapLine !== undefined ? this.#gapLine(this.#dropped) : '';
    if (!this.#lines.add(gap + line)) this.#dropped += 1;
    else if (this.#dropped > 0) this.#reportDropped();
  }

  reopen(): void {
    if (this.#closing) return;
    this.#formatDeferred();
    this.#lines.seal();
    this.#oldPieces = this.#lines.pieces;
    this.#switching = true;
    this.#wake?.();
    this.#startWriting();
  }

  close(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  async #finish(): Promise<void> {
    this.#closing = true;
    this.#wake?.();
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_MS);
    });
    await Promise.race([this.#drain(), deadline]);
    clearTimeout(timer);
    this.#abandoned = true;
  }

  async #drain(): Promise<void> {
    await this.#running;
    await this.#startWriting();
    if (this.#dropped > 0) this.#report(`${this.#name}: ${this.#dropped} lines were dropped`);
    await this.#sink?.close();
  }

  #startWriting(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#mayOpen) return Promise.resolve();
    this.#running ??= this.#run();
    return this.#running;
  }

  /** Writes until no line is due. Never rejects. */
  async #run(): Promise<void> {
    do {
      await this.#writeBatch();
    } while (!this.#abandoned && this.#due);
    this.#running = undefined;
    if (!this.#empty && !this.#closing) {
      this.#timer ??= setTimeout(() => this.#startWriting(), this.#flushMs);
    }
  }

  get #due(): boolean {
    if (this.#batch !== undefined || this.#switching || this.#lines.pieces > 0) return true;
    return !this.#empty && (this.#closing || this.#flushMs === 0);
  }

  get #empty(): boolean {
    return this.#deferred.length === 0 && this.#lines.empty;
  }

  async #writeBatch(): Promise<void> {
    try {
      // If the old file cannot be written, its remaining lines go into the new one.
      if (this.#switching && ((this.#batch === undefined && this.#oldPieces === 0) || this.#failing))
        await this.#switchFile();
      if (this.#batch === undefined) this.#takeBatch();
      if (this.#batch === undefined && !this.#mustOpen) return;
      this.#sink ??= await this.#open();
      this.#mustOpen = false;
      if (this.#batch === undefined) return;
      await this.#deliver(this.#sink, this.#batch);
      this.#lines.release(this.#batch);
      this.#batch = undefined;
      if (this.#failing) this.#report(`${this.#name} is written again`);
      this.#failing = false;
    } catch (error) {
      await this.#handleFailure(error);
    }
  }

  #takeBatch(): void {
    this.#formatDeferred();
    this.#batch = this.#lines.take();
    this.#written = 0;
    if (this.#oldPieces > 0) this.#oldPieces -= 1;
  }

  async #deliver(sink: LogSink, batch: Uint8Array): Promise<void> {
    if (this.#endsMidLine) await sink.write(END_OF_LINE);
    this.#endsMidLine = false;
    while (this.#written < batch.length) this.#written += await sink.write(batch.subarray(this.#written));
  }

  /** @param error why nothing, or only a part, was written */
  async #handleFailure(error: unknown): Promise<void> {
    if (isBusy(error)) return this.#pause(BUSY_MS);
    this.#rewindToLineStart();
    if (!this.#failing) this.#report(`cannot write ${this.#name}: ${errorMessage(error)}`);
    this.#failing = true;
    if (this.#closing) this.#abandoned = true;
    else if (!this.#switching) await this.#pause(RETRY_MS);
  }

  /** Writes a partly written line again in full: other processes may have appended their lines after the part. */
  #rewindToLineStart(): void {
    if (this.#batch === undefined || this.#written === 0) return;
    const start = this.#batch.lastIndexOf(LINE_BREAK, this.#written - 1) + 1;
    this.#endsMidLine = start < this.#written;
    this.#written = start;
  }

  /** If the new file cannot be opened, the old one stays in use: lines in the wrong file are better than none. */
  async #switchFile(): Promise<void> {
    this.#switching = false;
    this.#oldPieces = 0;
    const old = this.#sink;
    try {
      this.#sink = await this.#open();
    } catch (error) {
      this.#report(`cannot reopen ${this.#name}: ${errorMessage(error)}`);
      return;
    }
    this.#endsMidLine = false;
    await old?.close().catch(() => {});
  }

  /** Does not keep the process alive: a disk may stay full forever. */
  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds).unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #reportDropped(): void {
    if (this.#gapLine === undefined) {
      if (!this.#gaps.take()) return;
      this.#report(`${this.#name}: ${this.#dropped} lines were dropped`);
    }
    this.#dropped = 0;
  }
}

function isBusy(error: unknown): boolean {
  return ['EAGAIN', 'EINTR'].includes(errorCode(error));
}

import { LineBuffer } from './line-buffer.js';
import type { LogFile, LogFileOptions } from './log-file.js';
import type { LogSink } from './log-sink.js';
import { ReportOnce } from './report-once.js';

const FLUSH_MS = 100;
const MAX_WAITING = 1024 * 1024;
/** After a failure that may last: a full disk. */
const RETRY_MS = 1000;
/** After one that passes: a pipe that is full. */
const BUSY_MS = 20;
const CLOSE_MS = 3000;
/** Dropped lines are reported once in this time. */
const REPORT_MS = 1000;
/** What lines are made of is kept for so many. */
const MAX_UNMADE = 128;
const LINE_BREAK = 0x0a;
const END_OF_LINE = Uint8Array.of(LINE_BREAK);

/** Lines on their way to a sink: gathered, made, written together, tried again. */
export class BufferedLog implements LogFile {
  readonly #name: string;
  readonly #open: () => Promise<LogSink>;
  readonly #flushMs: number;
  readonly #report: (message: string) => void;
  readonly #gapLine: ((dropped: number) => string) | undefined;
  readonly #lines: LineBuffer;
  #unmade: (() => string)[] = [];
  #sink: LogSink | undefined;
  /** Before that it must leave no trace, also where it is closed with lines. */
  #mayOpen = false;
  /** It is to be opened, whether there are lines or not. */
  #wanted = false;
  /** What is being written, and how far. */
  #batch: Uint8Array | undefined;
  #at = 0;
  /** The file ends in the middle of a line. */
  #torn = false;
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Ends the wait after a failure. */
  #wake: (() => void) | undefined;
  #failing = false;
  #switching = false;
  /** Pieces that still go into the file that was moved. */
  #before = 0;
  #dropped = 0;
  readonly #gaps = new ReportOnce({ periodMs: REPORT_MS });
  #closing = false;
  #abandoned = false;
  #closed: Promise<void> | undefined;

  /** Nothing is opened, and lines wait, until `open` or `openSoon` is called. */
  constructor(name: string, open: () => Promise<LogSink>, options: LogFileOptions) {
    this.#name = name;
    this.#open = open;
    this.#flushMs = options.flushMs ?? FLUSH_MS;
    this.#lines = new LineBuffer(Math.max(options.maxWaiting ?? MAX_WAITING, MAX_WAITING / 8));
    this.#report = options.report ?? ((message) => process.stderr.write(`webserv: ${message}\n`));
    this.#gapLine = options.gapLine;
  }

  /** @throws the system's error when it cannot be opened */
  async open(): Promise<void> {
    this.#sink ??= await this.#open();
    this.#mayOpen = true;
    if (!this.#empty) this.#begin();
  }

  /** Opens it in the background. What goes wrong is reported and tried again. */
  openSoon(): void {
    this.#mayOpen = true;
    this.#wanted = true;
    this.#begin();
  }

  write(line: string | (() => string)): void {
    if (this.#closing) return;
    if (typeof line === 'string') {
      this.#makeLines();
      this.#add(line);
    } else {
      this.#unmade.push(line);
      if (this.#unmade.length >= MAX_UNMADE) this.#makeLines();
    }
    if (this.#running !== undefined || !this.#mayOpen) return;
    if (this.#flushMs === 0 || this.#lines.pieces > 0) this.#begin();
    else this.#timer ??= setTimeout(() => this.#begin(), this.#flushMs);
  }

  #makeLines(): void {
    const unmade = this.#unmade;
    if (unmade.length === 0) return;
    this.#unmade = [];
    for (const make of unmade) {
      try {
        this.#add(make());
      } catch (error) {
        this.#report(`a line of ${this.#name} cannot be made: ${messageOf(error)}`);
      }
    }
  }

  #add(line: string): void {
    const gap = this.#dropped > 0 && this.#gapLine !== undefined ? this.#gapLine(this.#dropped) : '';
    if (!this.#lines.add(gap + line)) this.#dropped += 1;
    else if (this.#dropped > 0) this.#tellDropped();
  }

  reopen(): void {
    if (this.#closing) return;
    this.#makeLines();
    this.#lines.seal();
    this.#before = this.#lines.pieces;
    this.#switching = true;
    this.#wake?.();
    this.#begin();
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
    await this.#begin();
    if (this.#dropped > 0) this.#report(`${this.#name}: ${this.#dropped} lines were dropped`);
    await this.#sink?.close();
  }

  #begin(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#mayOpen) return Promise.resolve();
    this.#running ??= this.#run();
    return this.#running;
  }

  /** Writes until there is nothing left that should not wait for more. Never rejects. */
  async #run(): Promise<void> {
    do {
      await this.#attempt();
    } while (!this.#abandoned && this.#due);
    this.#running = undefined;
    if (!this.#empty && !this.#closing) {
      this.#timer ??= setTimeout(() => this.#begin(), this.#flushMs);
    }
  }

  get #due(): boolean {
    if (this.#batch !== undefined || this.#switching || this.#lines.pieces > 0) return true;
    return !this.#empty && (this.#closing || this.#flushMs === 0);
  }

  get #empty(): boolean {
    return this.#unmade.length === 0 && this.#lines.empty;
  }

  async #attempt(): Promise<void> {
    try {
      // Where the old file cannot be written, what was taken goes into the new one.
      if (this.#switching && ((this.#batch === undefined && this.#before === 0) || this.#failing))
        await this.#switch();
      if (this.#batch === undefined) this.#takeBatch();
      if (this.#batch === undefined && !this.#wanted) return;
      this.#sink ??= await this.#open();
      this.#wanted = false;
      if (this.#batch === undefined) return;
      await this.#deliver(this.#sink, this.#batch);
      this.#lines.release(this.#batch);
      this.#batch = undefined;
      if (this.#failing) this.#report(`${this.#name} is written again`);
      this.#failing = false;
    } catch (error) {
      await this.#setBack(error);
    }
  }

  #takeBatch(): void {
    this.#makeLines();
    this.#batch = this.#lines.take();
    this.#at = 0;
    if (this.#before > 0) this.#before -= 1;
  }

  async #deliver(sink: LogSink, batch: Uint8Array): Promise<void> {
    if (this.#torn) await sink.write(END_OF_LINE);
    this.#torn = false;
    while (this.#at < batch.length) this.#at += await sink.write(batch.subarray(this.#at));
  }

  /** @param error why nothing could be written, or not all */
  async #setBack(error: unknown): Promise<void> {
    if (isBusy(error)) return this.#pause(BUSY_MS);
    this.#stepBack();
    if (!this.#failing) this.#report(`cannot write ${this.#name}: ${messageOf(error)}`);
    this.#failing = true;
    if (this.#closing) this.#abandoned = true;
    else if (!this.#switching) await this.#pause(RETRY_MS);
  }

  /** A line that was written in part is written anew: other processes may have put theirs behind the part. */
  #stepBack(): void {
    if (this.#batch === undefined || this.#at === 0) return;
    const start = this.#batch.lastIndexOf(LINE_BREAK, this.#at - 1) + 1;
    this.#torn = start < this.#at;
    this.#at = start;
  }

  /** Where no new file can be had, the old one is kept: lines in the wrong place are better than none. */
  async #switch(): Promise<void> {
    this.#switching = false;
    this.#before = 0;
    const old = this.#sink;
    try {
      this.#sink = await this.#open();
    } catch (error) {
      this.#report(`cannot open ${this.#name} anew: ${messageOf(error)}`);
      return;
    }
    this.#torn = false;
    await old?.close().catch(() => {});
  }

  /** It does not keep the process alive: a disk may be full for ever. */
  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds).unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #tellDropped(): void {
    if (this.#gapLine === undefined) {
      if (!this.#gaps.take()) return;
      this.#report(`${this.#name}: ${this.#dropped} lines were dropped`);
    }
    this.#dropped = 0;
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EAGAIN' || error.code === 'EINTR');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

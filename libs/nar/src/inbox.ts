import { type Cursor, cursorOf } from "./cursor.ts";
import { NarError } from "./nar-error.ts";
import { paddingOf, wordBytes } from "./token.ts";
import type { Chunks } from "./tree.ts";

/** Bytes of an archive on their way in: what has come and is not read yet, which is never much. */
export class Inbox {
  readonly #source: Cursor<Uint8Array>;
  /** What messages call the archive. */
  readonly #shown: string;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Before `#bytes`. */
  #passedBytes = 0;
  #contentLeft = 0;

  constructor(archive: Chunks, shown: string) {
    this.#shown = shown;
    this.#source = cursorOf(archive);
  }

  get #unread(): number {
    return this.#bytes.length - this.#at;
  }

  /** Brings so many bytes, or all that are left. */
  async ensure(bytes: number): Promise<void> {
    while (this.#unread < bytes) {
      // The piece belongs to its source, which may put the next one into the same memory.
      const rest = Buffer.from(this.#bytes.subarray(this.#at));
      if (!(await this.#pull())) return;
      this.#passedBytes -= rest.length;
      this.#bytes = Buffer.concat([rest, this.#bytes]);
    }
  }

  /** Whether the next bytes are these; then they are read. */
  takes(token: Uint8Array): boolean {
    const isNext =
      this.#unread >= token.length &&
      this.#bytes.compare(token, 0, token.length, this.#at, this.#at + token.length) === 0;
    if (isNext) this.#at += token.length;
    return isNext;
  }

  expect(token: Uint8Array, what: string): void {
    if (this.takes(token)) return;
    throw this.#unread < token.length ? this.#early() : this.fault(`${what} is missing`);
  }

  /** A string with its padding, which must be here already. */
  string(what: string, longestBytes: number): Uint8Array {
    const length = this.length();
    if (length > longestBytes) throw this.fault(`${what} has more than ${longestBytes} bytes`);
    if (this.#unread < length) throw this.#early();
    // A copy, since the name of a folder is needed for as long as what is in it is read.
    const bytes = new Uint8Array(this.#bytes.subarray(this.#at, this.#at + length));
    this.#at += length;
    this.#padding(length);
    return bytes;
  }

  /** The length of a string. */
  length(): number {
    if (this.#unread < wordBytes) throw this.#early();
    const length = this.#bytes.readUInt32LE(this.#at + 4) * 2 ** 32 + this.#bytes.readUInt32LE(this.#at);
    if (!Number.isSafeInteger(length)) throw this.fault("a size is larger than any file");
    this.#at += wordBytes;
    return length;
  }

  /** The next bytes, as a file's content. */
  content(lengthBytes: number): Chunks {
    this.#contentLeft = lengthBytes;
    if (lengthBytes > this.#unread) return this.#pieces();
    const piece = this.#piece();
    return piece === null ? [] : [piece];
  }

  /** Passes over what nobody has read of the content of `lengthBytes`, and over its padding. */
  async endContent(lengthBytes: number): Promise<void> {
    while (this.#contentLeft > 0) await this.#nextPiece();
    await this.ensure(wordBytes);
    this.#padding(lengthBytes);
  }

  /** Throws when something follows. */
  async expectEnd(): Promise<void> {
    await this.ensure(1);
    if (this.#unread > 0) throw this.fault("something follows the end of the tree");
  }

  fault(message: string): NarError {
    return new NarError("K9083", `${this.#shown}: ${message}, at byte ${this.#passedBytes + this.#at}`);
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }

  async *#pieces(): AsyncGenerator<Uint8Array, void> {
    while (this.#contentLeft > 0) yield await this.#nextPiece();
  }

  async #nextPiece(): Promise<Uint8Array> {
    for (;;) {
      const piece = this.#piece();
      if (piece !== null) return piece;
      if (!(await this.#pull())) throw this.#early();
    }
  }

  /** What is here of the content; null when nothing is. */
  #piece(): Uint8Array | null {
    const piece = this.#bytes.subarray(this.#at, this.#at + this.#contentLeft);
    this.#at += piece.length;
    this.#contentLeft -= piece.length;
    return piece.length === 0 ? null : piece;
  }

  #padding(lengthBytes: number): void {
    const padding = paddingOf(lengthBytes);
    if (this.#unread < padding) throw this.#early();
    if (this.#bytes.subarray(this.#at, this.#at + padding).some((byte) => byte !== 0))
      throw this.fault("the padding is not zero");
    this.#at += padding;
  }

  /** Puts the next piece in the place of the last one; false at the end. */
  async #pull(): Promise<boolean> {
    const next = await this.#source.next();
    if (next.done === true) return false;
    this.#passedBytes += this.#bytes.length;
    this.#bytes = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    this.#at = 0;
    return true;
  }

  #early(): NarError {
    const bytes = this.#passedBytes + this.#bytes.length;
    return new NarError("K9083", `${this.#shown} ends early, after ${bytes} bytes`);
  }
}
